#include "common/host.hpp"
#include "common/machine.hpp"
#include "common/question.hpp"
#include "http/http.hpp"
#include "support/nginx_server.hpp"
#include "support/ports.hpp"

#include <memory>
#include <span>
#include <stdexcept>

namespace hws::bench {
namespace {

using namespace http;

constexpr std::size_t body_bytes = 1024;
constexpr std::size_t large_body_bytes = std::size_t{64} << 20;
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
        std::string large(large_body_bytes, '\0');
        for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7 % 253);
        nginx_->write("large", large);
    }
    std::string url() const { return nginx_->url("/body"); }
    std::string large_url() const { return nginx_->url("/large"); }
    std::string tls_url() const { return "https://127.0.0.1:" + std::to_string(tls_port_) + "/body"; }
    std::string ca_file() const { return folder_.path() / "certificate.pem"; }
    void move_to(int cpu) { pin(cpu, nginx_->process().pid()); }

private:
    test::TemporaryFolder folder_;
    std::uint16_t tls_port_ = test::free_port();
    std::unique_ptr<test::NginxServer> nginx_;
};

using Run = std::function<Result<std::string>(std::uint64_t count, Body body)>;

/// nginx takes no times, so a round is timed as a whole. `cpu_ns`: of the thread that does the work.
Result<Round> time_round(const Run& run, std::uint64_t count, std::uint64_t bytes_each, const std::function<double()>& cpu_ns,
                         std::uint64_t clients_at_once = 1) {
    const double cpu_before_ns = cpu_ns ? cpu_ns() : 0;
    const double begin_ns = now_ns();
    HWS_CHECK(run(count, Body::copied));
    const double ns = now_ns() - begin_ns;
    const std::uint64_t all = count * clients_at_once;
    Round round{.operation_ns = {ns / static_cast<double>(all)}, .operations = all, .seconds = ns / 1e9};
    if (cpu_ns) {
        round.bytes = count * bytes_each;
        round.cpu_ns = cpu_ns() - cpu_before_ns;
    }
    return round;
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
    {"v2, C++ SDK", "bench_http_sdk_v2", 0.95},
};

std::string_view export_for(Body body) { return body == Body::digested ? "fetch" : "fetch_bytes"; }

/// What one plugin is asked beside one handle, one request after the other.
struct Asked {
    Comparison comparison;
    std::string url;
    std::uint64_t count;
    std::uint64_t answer_count = 3;
    std::span<const Dialect> by = dialects;
    bool is_about_bytes = false; ///< throughput, and CPU time for it
};

Result<void> ask_one(const Options& options, host::Runtime& runtime, const Web& web, Asked asked) {
    Comparison& comparison = asked.comparison;
    const bool has_targets = !comparison.targets.empty() || asked.is_about_bytes;
    std::vector<host::Plugin> plugins;
    plugins.reserve(asked.by.size());
    const auto contender = [&](std::string name, Run run, std::function<double()> cpu_ns) {
        if (!asked.is_about_bytes) cpu_ns = {};
        return Contender{.name = std::move(name),
                         .run = [run, cpu_ns, count = asked.count] { return time_round(run, count, large_body_bytes, cpu_ns); },
                         .answer = [run, count = asked.answer_count] { return run(count, Body::digested); }};
    };
    comparison.contenders.push_back(contender(
        "native, libcurl, one handle",
        [&](std::uint64_t times, Body body) { return run_native(asked.url, web.ca_file(), times, body); }, &thread_cpu_ns));
    for (const Dialect& dialect : asked.by) {
        HWS_TRY(const host::Module module, runtime.load_file(guest_file(dialect.file)));
        plugins.push_back(runtime.make_plugin(module, web_options(web)));
        if (has_targets) comparison.targets.push_back({Bound::ratio_at_least, dialect.target, plugins.size()});
        if (asked.is_about_bytes) comparison.targets.push_back({Bound::cpu_ratio_at_most, 1.15, plugins.size()});
        comparison.contenders.push_back(contender(
            dialect.name,
            [&plugin = plugins.back(), &asked](std::uint64_t times, Body body) {
                return call(plugin, export_for(body), asked.url + " " + std::to_string(times));
            },
            [&runtime] { return loop_cpu_ns(runtime); }));
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
                         .run = [run, count] { return time_round(run, count, body_bytes, {}, clients); },
                         .answer = [run] { return run(2, Body::copied); }};
    };
    Comparison comparison{
        .title = "HTTP, 1,000 at once, two CPUs",
        .operation = "GET 1 KiB on a connection each (mean of a round)",
        .measure = Measure::rate,
        .targets = {},
        .contenders = {contender("native, libcurl's multi interface on epoll", [&](std::uint64_t times, Body) -> Result<std::string> {
            HWS_TRY(const std::uint64_t bytes, run_native_at_once(web.url(), clients, times));
            return std::to_string(bytes);
        })}};
    for (const Dialect& dialect : dialects) {
        HWS_TRY(const host::Module module, runtime.load_file(guest_file(dialect.file)));
        comparison.contenders.push_back(contender("1,000 plugins, " + dialect.name, [&, module](std::uint64_t times, Body) {
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
                      {.comparison = {.title = "HTTP, one CPU",
                                      .operation = "GET 1 KiB on a kept connection (mean of a round)",
                                      .measure = Measure::rate,
                                      .targets = {{}},
                                      .contenders = {}},
                       .url = web->url(),
                       .count = options.scaled(2000)}));
    HWS_CHECK(ask_one(options, runtime, *web,
                      {.comparison = {.title = "HTTPS, one CPU",
                                      .operation = "GET 1 KiB on a new TLS connection (mean of a round)",
                                      .measure = Measure::latency,
                                      .targets = {},
                                      .contenders = {}},
                       .url = web->tls_url(),
                       .count = options.scaled(100)}));
    web->move_to(cpu(1));
    HWS_CHECK(ask_one(options, runtime, *web,
                      {.comparison = {.title = "HTTP, a large body, two CPUs",
                                      .operation = "GET 64 MiB on a kept connection (mean of a round)",
                                      .measure = Measure::bandwidth,
                                      .targets = {},
                                      .contenders = {}},
                       .url = web->large_url(),
                       .count = options.scaled(4),
                       .answer_count = 1,
                       .by = std::span(dialects).subspan(1), // v1's whole bodies in JSON end at 50 MiB
                       .is_about_bytes = true}));
    return ask_at_once(options, runtime, *web);
}

} // namespace hws::bench
