#pragma once
/// The other ends that sentences talk to: within this program, or servers that the test has started
/// and whose addresses it has handed over.

#include <hws/net.hpp>
#include <string>
#include <string_view>

namespace conformance {

/// Addresses `127.0.0.1:port` outside of this program.
struct Servers {
    /// Sends back what it gets, and ends when its client does.
    std::string tcp_echo;
    /// Sends each datagram back.
    std::string udp_echo;
    /// Nobody is there.
    std::string nobody;
    /// An empty folder for Unix sockets.
    std::string folder;
};
Servers& servers();

struct Pair {
    hws::TcpStream client;
    hws::TcpStream server;
};

/// A connection of this program with itself, over 127.0.0.1.
inline hws::Result<Pair> connected_pair() {
    HWS_TRY(auto listener, hws::TcpListener::bind("127.0.0.1:0"));
    HWS_TRY(const auto address, listener.local_addr());
    HWS_TRY(auto client, hws::TcpStream::connect(address));
    HWS_TRY(auto accepted, listener.accept());
    return Pair{std::move(client), std::move(accepted.stream)};
}

/// What one read gives, as text.
template <class Stream> hws::Result<std::string> read_text(Stream& stream, std::size_t max = 4096) {
    std::string text(max, '\0');
    HWS_TRY(const std::size_t count, stream.read(std::as_writable_bytes(std::span(text))));
    text.resize(count);
    return text;
}

} // namespace conformance
