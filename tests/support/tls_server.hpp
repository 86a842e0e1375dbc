#pragma once
/// A TLS server whose conversation a test writes down by itself.

#include "support/certificates.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

struct ssl_st;

namespace hws::test {

/// One connection as the server sees it. Blocking; gives up after some seconds.
class TlsPeer {
public:
    explicit TlsPeer(int socket) : socket_(socket) {}
    ~TlsPeer();
    TlsPeer(const TlsPeer&) = delete;
    TlsPeer& operator=(const TlsPeer&) = delete;

    int socket() const { return socket_; }
    ssl_st* ssl() const { return ssl_; }

    void send_plain(std::string_view text);
    /// Up to and with the end of the line.
    std::string receive_plain_line();

    /// False: the client is gone.
    bool send(std::string_view text);
    /// What one read gives; empty: the client has finished or the connection failed.
    std::string receive();
    std::string receive(std::size_t bytes); ///< so many, or what there was before the end
    /// Whether the client has said farewell.
    bool has_farewell() const;
    void say_farewell();
    /// The common name of the client's certificate; empty: none.
    std::string client_name() const;

private:
    friend class TlsServer;
    int socket_;
    ssl_st* ssl_ = nullptr;
};

struct TlsServerOptions {
    Certificate certificate{};
    /// Asks for a certificate of this authority, and insists on it.
    std::string client_ca_file{};
    /// The one protocol it knows, for ALPN.
    std::string protocol{};
    /// 0x0303: nothing newer than TLS 1.2. 0: what OpenSSL has.
    int newest_version = 0;
    /// What is spoken before TLS; nothing: TLS from the beginning.
    std::function<void(TlsPeer&)> prelude{};
};

/// On a free port of 127.0.0.1, on a thread of its own, one connection after another. The destructor
/// cuts the one that is there.
class TlsServer {
public:
    using Talk = std::function<void(TlsPeer&)>;
    /// `talk` is called after each handshake that went well; afterwards the connection is cut.
    TlsServer(TlsServerOptions options, Talk talk);
    ~TlsServer();
    TlsServer(const TlsServer&) = delete;
    TlsServer& operator=(const TlsServer&) = delete;

    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    std::uint16_t port() const { return port_; }

private:
    void serve();
    const TlsServerOptions options_;
    const Talk talk_;
    std::uint16_t port_ = 0;
    int listener_ = -1;
    std::mutex mutex_;
    bool is_stopping_ = false; // under mutex_
    int current_ = -1;         // under mutex_: the connection that is there
    std::thread thread_;
};

} // namespace hws::test
