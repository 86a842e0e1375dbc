#pragma once
/// A name server that answers as a test tells it to, also as no honest one would.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace hws::test {

/// One question as it came.
struct DnsQuestion {
    std::string name; ///< `a.test`
    std::uint16_t type = 0;
    bool over_tcp = false;
    std::string message; ///< as it was on the wire
};

namespace dns {
inline constexpr std::uint16_t a = 1, cname = 5, ptr = 12, aaaa = 28;

/// A name on the wire: its labels, each with its length.
std::string name(std::string_view dotted);
/// A record of the question's own name. Lives for a minute.
std::string record(std::uint16_t type, std::string_view data);
std::string record(std::string_view wire_name, std::uint16_t type, std::string_view data);
/// An answer with the question repeated. `flags` beside "is an answer": 0x0200 is TC.
std::string answer(const DnsQuestion& question, const std::vector<std::string>& records,
                   std::uint16_t flags = 0);
} // namespace dns

/// On one free port of 127.0.0.1, over UDP and TCP, until destroyed.
class DnsServer {
public:
    /// The messages to send back: none, or several. Called on the server's thread.
    using Answerer = std::function<std::vector<std::string>(const DnsQuestion&)>;
    /// Keeps all answers back until `hold_for` different names have been asked for.
    explicit DnsServer(Answerer answerer, std::size_t hold_for = 0);
    ~DnsServer();
    DnsServer(const DnsServer&) = delete;
    DnsServer& operator=(const DnsServer&) = delete;

    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    /// Every question so far: `A a.test`, and `tcp A a.test`.
    std::vector<std::string> questions() const;
    /// Blocks until so many questions have come.
    void wait_for(std::size_t questions) const;

private:
    struct Held {
        std::vector<std::string> messages;
        std::string peer; // the bytes of its address
    };
    void serve();
    void serve_datagram();
    void serve_connection();
    DnsQuestion read(std::string message, bool over_tcp);
    void send(const Held& held) const;

    Answerer answerer_;
    const std::size_t hold_for_;
    int datagrams_ = -1, listener_ = -1, stop_ = -1;
    std::uint16_t port_ = 0;
    mutable std::mutex mutex_;
    std::vector<std::string> questions_; // guarded by mutex_
    std::set<std::string> names_;
    std::vector<Held> held_;
    std::thread thread_;
};

} // namespace hws::test
