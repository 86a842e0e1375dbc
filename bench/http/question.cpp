#include "common/host.hpp"
#include "common/machine.hpp"
#include "common/question.hpp"
#include "http/http.hpp"
#include "support/nginx_server.hpp"
#include "support/ports.hpp"

#include <memory>
#include <stdexcept>

namespace hws::bench {
namespace {

using namespace http;

constexpr std::size_t body_bytes = 1024;
constexpr std::size_t clients = 1000;

/// An nginx that keeps connections as long as they like, and gives each TLS connection one request and no way to resume.
class Web {
public:
    Web() {
        const std::string key = folder_.path() / "key.pem";
        test::Process make_key({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                                "-nodes", "-keyout", key, "-out", ca_file(), "-days", "2", "-subj", "/CN=127.0.0.1",
                                "-addext", "subjectAltName=IP:127.0.0.1"});
        if (make_key.wait(std::chrono::minutes(1)) != 0) throw std::runtime_error("openssl: " + make_key.errors());
        const std::string port = std::to_string(tls_port_);
        nginx_ = std::make_unique<test::NginxServer>(test::NginxOptions{
            .server = "access_log off; keepalive_requests 100000000; keepalive_timeout 1h;",
            .http = "server { listen 127.0.0.1:" + port + " ssl; ssl_certificate " + ca_file() +
                    "; ssl_certificate_key " + key +
                    "; ssl_session_tickets off; ssl_session_cache off; keepalive_timeout 0; access_log off; root @PREFIX@/www; }"});
        nginx_->write("body", std::string(body_bytes, 'b'));
    }
    std::string url() const { return nginx_->url("/body"); }
    std::string tls_url() const { return "https://127.0.0.1:" + std::to_string(tls_port_) + "/body"; }
    std::string ca_file() const { return folder_.path() / "certificate.pem"; }
    void move_to(int cpu) { pin(cpu, nginx_->process().pid()); }

private:
    test::TemporaryFolder folder_;
    std::uint16_t tls_port_ = test::free_port();
    std::unique_ptr<test::NginxServer> nginx_;
};

using Run = std::function<Result<std::string>(std::uint64_t count)>;

/// nginx takes no times, so a round is timed as a whole.
Result<Round> time_round(const Run& run, std::uint64_t count, std::uint64_t clients_at_once = 1) {
    const double begin_ns = now_ns();
    HWS_CHECK(run(count));
    const double ns = now_ns() - begin_ns;
    const std::uint64_t all = count * clients_at_once;
    return Round{.operation_ns = {ns / static_cast<double>(all)}, .operations = all, .seconds = ns / 1e9};
}

host::PluginOptions web_options(const Web& web) {
    host::PluginOptions options = plugin_options();
    options.policy = host::Policy::parse({"allow http:127.0.0.1:*", "allow https:127.0.0.1:*"}).value();
    options.tls.ca_file = web.ca_file();
    options.limits.v1_http_wait = std::chrono::minutes(5);
    return options;
}

struct Dialect {
    std::string name;
    std::string file;
    double target;
};
const Dialect dialects[] = {
    {"v1, C++ SDK", "bench_http_sdk_v1", 0.8},
    {"v2, on the imports", "bench_http_v2", 0.95},
};

/// One plugin beside one handle, one request after the other.
Result<void> ask_one(const Options& options, host::Runtime& runtime, const Web& web, Comparison comparison,
                     const std::string& url, std::uint64_t count) {
    std::vector<host::Plugin> plugins;
    plugins.reserve(std::size(dialects));
    const auto contender = [&](std::string name, Run run) {
        return Contender{.name = std::move(name),
                         .run = [run, count] { return time_round(run, count); },
                         .answer = [run] { return run(3); }};
    };
    comparison.contenders.push_back(contender(
        "native, libcurl, one handle", [&](std::uint64_t times) { return run_native(url, web.ca_file(), times); }));
    for (const Dialect& dialect : dialects) {
        HWS_TRY(const host::Module module, runtime.load_file(guest_file(dialect.file)));
        plugins.push_back(runtime.make_plugin(module, web_options(web)));
        if (!comparison.targets.empty()) comparison.targets.push_back({Bound::ratio_at_least, dialect.target, plugins.size()});
        comparison.contenders.push_back(contender(dialect.name, [&plugin = plugins.back(), &url](std::uint64_t times) {
            return call(plugin, "fetch", url + " " + std::to_string(times));
        }));
    }
    return measure(comparison, options);
}

Result<std::string> fetch_at_once(host::Runtime& runtime, const host::Module& module, const Web& web, std::uint64_t count) {
    std::vector<host::Plugin> plugins;
    std::vector<std::future<Result<host::Output>>> outcomes;
    const std::string input = web.url() + " " + std::to_string(count);
    for (std::size_t i = 0; i < clients; ++i) {
        plugins.push_back(runtime.make_plugin(module, web_options(web)));
        outcomes.push_back(plugins.back().call_async("fetch_bytes", std::as_bytes(std::span(input))));
    }
    std::uint64_t bytes = 0;
    for (auto& outcome : outcomes) {
        HWS_TRY(const host::Output output, outcome.get());
        bytes += std::stoull(std::string(output.text()));
    }
    return std::to_string(bytes);
}

/// Each round begins with new connections, on both sides.
Result<void> ask_at_once(const Options& options, host::Runtime& runtime, const Web& web) {
    const std::uint64_t count = options.scaled(20);
    const auto contender = [&](std::string name, Run run) {
        return Contender{.name = std::move(name),
                         .run = [run, count] { return time_round(run, count, clients); },
                         .answer = [run] { return run(2); }};
    };
    Comparison comparison{
        .title = "HTTP, 1,000 at once, two CPUs",
        .operation = "GET 1 KiB on a connection each (mean of a round)",
        .measure = Measure::rate,
        .targets = {},
        .contenders = {contender("native, libcurl's multi interface on epoll", [&](std::uint64_t times) -> Result<std::string> {
            HWS_TRY(const std::uint64_t bytes, run_native_at_once(web.url(), clients, times));
            return std::to_string(bytes);
        })}};
    for (const Dialect& dialect : dialects) {
        HWS_TRY(const host::Module module, runtime.load_file(guest_file(dialect.file)));
        comparison.contenders.push_back(contender("1,000 plugins, " + dialect.name, [&, module](std::uint64_t times) {
            return fetch_at_once(runtime, module, web, times);
        }));
    }
    return measure(comparison, options);
}

} // namespace

Result<void> ask_http(const Options& options) {
    std::unique_ptr<Web> web;
    try {
        web = std::make_unique<Web>();
    } catch (const std::exception& error) {
        return fail(Errc::not_found, error.what());
    }
    HWS_TRY(host::Runtime runtime, make_runtime(cpu(0), clients + 100));
    web->move_to(cpu(0));
    HWS_CHECK(ask_one(options, runtime, *web,
                      {.title = "HTTP, one CPU",
                       .operation = "GET 1 KiB on a kept connection (mean of a round)",
                       .measure = Measure::rate,
                       .targets = {{}},
                       .contenders = {}},
                      web->url(), options.scaled(2000)));
    HWS_CHECK(ask_one(options, runtime, *web,
                      {.title = "HTTPS, one CPU",
                       .operation = "GET 1 KiB on a new TLS connection (mean of a round)",
                       .measure = Measure::latency,
                       .targets = {},
                       .contenders = {}},
                      web->tls_url(), options.scaled(100)));
    web->move_to(cpu(1));
    return ask_at_once(options, runtime, *web);
}

} // namespace hws::bench
