#ifndef HWS_POSIX_HWS_TLS_H
#define HWS_POSIX_HWS_TLS_H
/* TLS without a TLS library: the host turns a connected stream into TLS, and read, write, poll and
   the rest go on as before. It verifies the server with what it trusts itself.

       connect(fd, ...);
       setsockopt(fd, SOL_HWS_TLS, HWS_TLS_CLIENT, "example.com", strlen("example.com"));

   Only here, so a program that is compiled elsewhere too asks with #ifdef __wasi__. */

#define SOL_HWS_TLS 0x48545300

/* Set: the name or address that the server's certificate must name, without a NUL at its end. What
   stands behind a NUL are application protocols to offer (ALPN), the wanted one first, with a NUL
   between them: "example.com\0h2\0http/1.1".
   Waits for the end of the handshake; a descriptor with O_NONBLOCK fails with EINPROGRESS: poll for
   POLLOUT, then get HWS_TLS_INFO, which fails as the handshake did.
   Errors: EPROTO (the handshake or the certificate), ETIMEDOUT, ECONNRESET, ENOTCONN, EISCONN (it
   is TLS already), EALREADY, EINVAL (a malformed name or protocol), EOPNOTSUPP (no TCP stream). */
#define HWS_TLS_CLIENT 1

/* Get: struct hws_tls_info. Errors: ENOTCONN (not TLS), EAGAIN (the handshake is under way), those
   of the handshake. */
#define HWS_TLS_INFO 2

struct hws_tls_info {
    unsigned short version; /* 0x0303: TLS 1.2, 0x0304: TLS 1.3 */
    unsigned short cipher;  /* IANA's number */
    char cipher_name[60];
    unsigned char fingerprint[32]; /* SHA-256 of the server's certificate */
    char protocol[256];            /* chosen by the server; empty: none */
};

#endif
