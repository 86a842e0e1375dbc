#include "support/tls_server.hpp"

#include "support/ports.hpp"

#include <csignal>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hws::test {

TlsPeer::~TlsPeer() {
    SSL_free(ssl_);
    ::close(socket_);
}

void TlsPeer::send_plain(std::string_view text) {
    [[maybe_unused]] auto sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
}

std::string TlsPeer::receive_plain_line() {
    std::string line;
    char one;
    while (!line.ends_with('\n') && ::recv(socket_, &one, 1, 0) == 1)
        line += one;
    return line;
}

bool TlsPeer::send(std::string_view text) {
    return text.empty() || SSL_write(ssl_, text.data(), static_cast<int>(text.size())) > 0;
}

std::string TlsPeer::receive() {
    std::string text(std::size_t{16} << 10, '\0');
    const int count = SSL_read(ssl_, text.data(), static_cast<int>(text.size()));
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text;
}

std::string TlsPeer::receive(std::size_t bytes) {
    std::string all;
    while (all.size() < bytes) {
        const std::string more = receive();
        if (more.empty()) break;
        all += more;
    }
    return all;
}

bool TlsPeer::has_farewell() const {
    return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0;
}

void TlsPeer::say_farewell() {
    SSL_shutdown(ssl_);
}

std::string TlsPeer::client_name() const {
    X509* const certificate = SSL_get0_peer_certificate(ssl_);
    if (!certificate) return {};
    char name[256] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                              sizeof name);
    return name;
}

TlsServer::TlsServer(TlsServerOptions options, Talk talk)
    : options_(std::move(options)), talk_(std::move(talk)) {
    const Listener listener = listen_on_loopback();
    listener_ = listener.socket;
    port_ = listener.port;
    thread_ = std::thread([this] { serve(); });
}

TlsServer::~TlsServer() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
        if (current_ >= 0) ::shutdown(current_, SHUT_RDWR); // ends what `talk` waits for
    }
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
}

void TlsServer::serve() {
    // OpenSSL writes without MSG_NOSIGNAL; a client that is gone must not end the test.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);

    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(
        SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
    // So that a test may ask for versions that the machine's defaults forbid.
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
    if (options_.newest_version != 0)
        SSL_CTX_set_max_proto_version(context.get(), options_.newest_version);
    SSL_CTX_use_certificate_chain_file(context.get(), options_.certificate.file.c_str());
    SSL_CTX_use_PrivateKey_file(context.get(), options_.certificate.key_file.c_str(),
                                SSL_FILETYPE_PEM);
    if (!options_.client_ca_file.empty()) {
        SSL_CTX_load_verify_file(context.get(), options_.client_ca_file.c_str());
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                           nullptr);
    }
    SSL_CTX_set_alpn_select_cb(
        context.get(),
        [](SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
           unsigned offered_bytes, void* self) {
            const std::string& known = static_cast<TlsServer*>(self)->options_.protocol;
            for (unsigned at = 0; at < offered_bytes; at += offered[at] + 1u) {
                if (std::string_view(reinterpret_cast<const char*>(offered) + at + 1,
                                     offered[at]) != known)
                    continue;
                *chosen = offered + at + 1;
                *size = offered[at];
                return SSL_TLSEXT_ERR_OK;
            }
            return SSL_TLSEXT_ERR_NOACK;
        },
        this);

    for (;;) {
        const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0) return;
        timeval patience{20, 0};
        ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        const auto set_current = [this](int fd) {
            const std::lock_guard lock(mutex_);
            current_ = fd;
            if (is_stopping_ && fd >= 0) ::shutdown(fd, SHUT_RDWR);
        };
        TlsPeer peer(socket);
        set_current(socket);
        if (options_.prelude) options_.prelude(peer);
        peer.ssl_ = SSL_new(context.get());
        SSL_set_fd(peer.ssl_, socket);
        if (SSL_accept(peer.ssl_) == 1) talk_(peer);
        set_current(-1);
    }
}

} // namespace hws::test
