#pragma once
/// What can be chosen for one HTTP request or for all of a client.

#include <chrono>
#include <cstdint>
#include <hws/socket.hpp>
#include <optional>

namespace hws::http {

/// Which redirects the host follows. It asks the policy at each, drops `Authorization` and `Cookie`
/// where the origin changes, and changes the method as browsers do (303, and POST at 301 and 302,
/// become GET). One redirect beyond is `too_many_redirects`.
class Redirects {
public:
    enum class Kind : std::uint8_t { none, limited, same_origin };

    /// A redirect is a response like any other.
    static constexpr Redirects none() { return {Kind::none, 0}; }
    static constexpr Redirects limited(std::uint32_t most) { return {Kind::limited, most}; }
    /// Only those that keep scheme, host and port; the first other one is the response.
    static constexpr Redirects same_origin(std::uint32_t most = default_most) {
        return {Kind::same_origin, most};
    }

    constexpr Kind kind() const { return kind_; }
    constexpr std::uint32_t most() const { return most_; }
    friend constexpr bool operator==(const Redirects&, const Redirects&) = default;

    static constexpr std::uint32_t default_most = 10;

private:
    constexpr Redirects(Kind kind, std::uint32_t most) : kind_(kind), most_(most) {}
    Kind kind_;
    std::uint32_t most_;
};

/// Which versions of HTTP a request may use.
enum class Protocol : std::uint8_t {
    automatic, ///< HTTP/2 where TLS negotiates it, else HTTP/1.1
    http_1,    ///< HTTP/1.1 alone
    http_2     ///< HTTP/2 without asking the server first, also for http://
};

/// The version that a response came with.
enum class Version : std::uint8_t { unknown, http_1_0, http_1_1, http_2 };

struct Options {
    /// None: the host's limits alone.
    std::optional<std::chrono::nanoseconds> timeout;
    std::optional<std::chrono::nanoseconds> connect_timeout;
    std::optional<std::chrono::nanoseconds> idle_timeout;
    Redirects redirects = Redirects::limited(Redirects::default_most);
    Protocol protocol = Protocol::automatic;
    Switch decompression = Switch::on;
    Switch cookies = Switch::off;
    Switch expect_continue = Switch::off;

    friend bool operator==(const Options&, const Options&) = default;
};

/// The setters that Client and RequestBuilder share. All are (v2), except what is the default.
template <class Self> class OptionSetters {
public:
    /// How long all of it may take, from the start until the last byte of the response.
    /// Then: timed_out.
    Self& timeout(std::chrono::nanoseconds most) {
        options_.timeout = most;
        return self();
    }
    /// How long it may take until there is a connection, TLS included. Then: timed_out.
    Self& connect_timeout(std::chrono::nanoseconds most) {
        options_.connect_timeout = most;
        return self();
    }
    /// How long nothing may move in either direction while the server has the word. Then: timed_out.
    Self& idle_timeout(std::chrono::nanoseconds most) {
        options_.idle_timeout = most;
        return self();
    }
    Self& redirects(Redirects redirects) {
        options_.redirects = redirects;
        return self();
    }
    Self& protocol(Protocol protocol) {
        options_.protocol = protocol;
        return self();
    }
    /// Whether the host asks for compressed bodies and unpacks them, which is the default. Off: the
    /// body comes as the server sends it.
    Self& decompression(Switch decompression) {
        options_.decompression = decompression;
        return self();
    }
    /// Whether cookies that a server sets are kept by the host and sent with later requests that
    /// have this on, as RFC 6265 says. Off is the default; no other plugin ever sees them.
    Self& cookies(Switch cookies) {
        options_.cookies = cookies;
        return self();
    }
    /// Whether the server is asked before the body is sent (`Expect: 100-continue`).
    Self& expect_continue(Switch expect_continue) {
        options_.expect_continue = expect_continue;
        return self();
    }

    const Options& options() const { return options_; }

protected:
    OptionSetters() = default;
    void set_options(const Options& options) { options_ = options; }

private:
    Self& self() { return static_cast<Self&>(*this); }
    Options options_;
};

} // namespace hws::http
