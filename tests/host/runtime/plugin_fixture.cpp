#include "plugin_fixture.hpp"

#include <arpa/inet.h>
#include <array>
#include <doctest/doctest.h>
#include <filesystem>
#include <netinet/in.h>
#include <sstream>
#include <sys/socket.h>
#include <unistd.h>

namespace hws::test {

using namespace hws::host;
using namespace std::chrono_literals;

RuntimeOptions runtime_options() {
    RuntimeOptions options;
    options.max_plugins = 64;
    options.cache_folder = std::filesystem::path(HWS_BUILD_DIR) / "test-modules";
    options.cache_key_file = std::filesystem::path(HWS_BUILD_DIR) / "test-modules-key" / "key";
    return options;
}

Runtime& runtime() {
    static Runtime shared = Runtime::create(runtime_options()).value();
    return shared;
}

namespace {

std::filesystem::path file_of(const std::string& name) {
    return std::filesystem::path(HWS_GUEST_DIR) / (name + ".wasm");
}

PluginOptions options_of(const Setup& setup, std::shared_ptr<Lines> log,
                         std::shared_ptr<Lines> remarks) {
    PluginOptions options;
    options.policy = Policy::parse(setup.rules).value();
    options.limits = setup.limits;
    options.config = setup.config;
    options.log_level = setup.log_level;
    options.log = [log = std::move(log)](LogLevel level, std::string_view text) {
        constexpr std::array names = {"trace", "debug", "info", "warn", "error", "off"};
        log->add(names[static_cast<std::size_t>(level)] + std::string(" ") + std::string(text));
    };
    options.remark = [remarks = std::move(remarks)](LogLevel, std::string_view text) {
        remarks->add(std::string(text));
    };
    return options;
}

Runtime& runtime_of(const Setup& setup) {
    return setup.runtime ? *setup.runtime : runtime();
}

} // namespace

const Module& module_of(const std::string& name) {
    static std::map<std::string, Module> loaded;
    const auto found = loaded.find(name);
    if (found != loaded.end()) return found->second;
    return loaded.emplace(name, runtime().load_file(file_of(name)).value()).first->second;
}

bool has_module(const std::string& name) {
    if (std::filesystem::exists(file_of(name))) return true;
    MESSAGE("not tested: " << name << ".wasm was not built, its compiler is not installed");
    return false;
}

std::vector<std::byte> bytes_of_module(const std::string& name) {
    return host::read_file(file_of(name)).value();
}

std::vector<std::string> network_plugins() {
    std::vector<std::string> names = {"net_sdk", "net_raw"};
    if (has_module("rust_v1")) names.push_back("rust_v1");
    return names;
}

std::vector<std::byte> bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

void Lines::add(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
}

std::vector<std::string> Lines::all() const {
    const std::lock_guard lock(mutex_);
    return lines_;
}

std::string Lines::text() const {
    std::string text;
    for (const std::string& line : all())
        text += line + "\n";
    return text;
}

Limits impatient() {
    Limits limits;
    limits.v1_socket_wait = 250ms;
    return limits;
}

TestPlugin::TestPlugin(const std::string& module, Setup setup)
    : plugin_(runtime_of(setup).make_plugin(
          setup.runtime ? setup.runtime->load(bytes_of_module(module)).value() : module_of(module),
          options_of(setup, log_, remarks_))) {}

TestPlugin::TestPlugin(const Module& module, Setup setup)
    : plugin_(runtime_of(setup).make_plugin(module, options_of(setup, log_, remarks_))) {}

std::string TestPlugin::call(std::string_view export_name, std::string_view input) {
    return text_of(plugin_.call(export_name, input));
}

std::future<Result<Output>> TestPlugin::begin(std::string_view export_name,
                                              std::string_view input) {
    return plugin_.call_async(export_name, std::as_bytes(std::span(input)));
}

std::vector<std::string> TestPlugin::script(std::initializer_list<std::string> lines) {
    return script(std::vector<std::string>(lines));
}

std::vector<std::string> TestPlugin::script(const std::vector<std::string>& lines) {
    std::string input;
    for (const std::string& line : lines)
        input += line + "\n";
    const Result<Output> output = plugin_.call("script", input);
    REQUIRE_MESSAGE(output.has_value(), text_of(output));
    std::vector<std::string> results;
    std::istringstream stream{std::string(output->text())};
    for (std::string line; std::getline(stream, line);)
        results.push_back(line);
    REQUIRE(results.size() == lines.size());
    return results;
}

std::string TestPlugin::last_remark() const {
    const auto lines = remarks_->all();
    return lines.empty() ? "" : lines.back();
}

std::string text_of(const Result<Output>& result) {
    if (result) return std::string(result->text());
    return std::string(name_of(result.error().code())) + ": " + result.error().context();
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != text.npos;
}

std::string digest(std::string_view bytes) {
    std::uint64_t value = 0xcbf29ce484222325;
    for (const char byte : bytes)
        value = (value ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
    std::string text(16, '0');
    for (std::size_t i = 0; i < 16; ++i)
        text[i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
    return text;
}

std::string pattern(std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<char>((i * 31 + 7) % 251);
    return bytes;
}

OneConnection::OneConnection(std::function<void(int)> work)
    : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listener_, 1) == 0);
    REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, work = std::move(work)] {
        const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0) return;
        {
            const std::lock_guard lock(mutex_);
            connection_ = socket;
        }
        work(socket);
        const std::lock_guard lock(mutex_);
        ::close(std::exchange(connection_, -1));
    });
}

OneConnection::~OneConnection() {
    ::shutdown(listener_, SHUT_RDWR); // ends accept
    {
        const std::lock_guard lock(mutex_);
        if (connection_ >= 0) ::shutdown(connection_, SHUT_RDWR);
    }
    thread_.join();
    ::close(listener_);
}

bool write_all(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

void wait_for_end(int socket) {
    char buffer[4096];
    while (::recv(socket, buffer, sizeof buffer, 0) > 0) {
    }
}

} // namespace hws::test
