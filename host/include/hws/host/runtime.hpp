#pragma once
/// The host: load modules once, run many plugins of them on one loop thread.
///
///     auto runtime = Runtime::create().value();
///     auto module = runtime.load_file("plugin.wasm").value();
///     auto plugin = runtime.make_plugin(module, {.policy = Policy::parse({"allow tcp:127.0.0.1:6379"}).value()});
///     Result<Output> output = plugin.call("execute", "input");
///
/// Threads: all functions may be called from any thread, except where they say otherwise. Plugins run on the runtime's loop
/// thread, and so do the callbacks. For several cores make several runtimes; a plugin stays on its runtime for life.
/// Lifetime: modules and plugins keep what they need of the runtime alive; calls on a plugin whose runtime was closed give
/// `canceled`.

#include <hws/host/options.hpp>
#include <hws/result.hpp>

#include <functional>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hws::host {

/// What a plugin gave back.
struct Output {
    std::vector<std::byte> bytes;
    std::string_view text() const {
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
};

/// Figures of one plugin; they only grow, but for the memory.
struct PluginStatistics {
    std::uint64_t calls = 0;
    std::uint64_t host_calls = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t denials = 0;
    std::size_t memory_bytes = 0; ///< linear memories, now
    std::chrono::nanoseconds call_time{0}; ///< wall clock, all calls together
};

struct ExportInfo {
    std::string name;
    std::string signature; ///< "(i32) -> i32"
    bool is_callable = false; ///< () or () -> i32
};
struct ImportInfo {
    std::string module;
    std::string name;
    std::string signature;
};

/// A compiled module, and those linked to it. Immutable; copies share it.
class Module {
public:
    const std::vector<ExportInfo>& exports() const;
    const std::vector<ImportInfo>& imports() const;
    /// "v1", "extism", "preview1": the families of host functions it imports.
    std::vector<std::string> dialects() const;
    bool has_export(std::string_view name) const;
    /// Whether its code came from the cache on disk.
    bool was_cached() const;

private:
    friend class Runtime;
    friend class Plugin;
    struct State;
    explicit Module(std::shared_ptr<const State> state) : state_(std::move(state)) {}
    std::shared_ptr<const State> state_;
};

/// An Extism manifest, as far as it concerns a plugin.
struct Manifest {
    struct Wasm {
        std::string name;
        std::vector<std::byte> bytes;
    };
    std::vector<Wasm> modules; ///< in the order of linking; the plugin is `main`
    std::size_t main = 0;
    std::map<std::string, std::string, std::less<>> config;
    std::optional<std::vector<std::string>> allowed_hosts;
    std::optional<std::size_t> max_memory_bytes;
    std::optional<std::size_t> max_http_response_bytes;
    std::optional<std::size_t> max_var_bytes;
    std::optional<std::chrono::milliseconds> timeout;

    /// Reads the JSON text; `folder` is where relative paths in it start. Modules are read, decoded and their hashes checked.
    /// Errors: bad_manifest, not_found.
    static Result<Manifest> parse(std::string_view json, const std::filesystem::path& folder);
    /// Adds to `options` what the manifest says; `allowed_hosts` widens the policy. What `options` already limits more
    /// tightly stays. Errors: bad_manifest.
    Result<void> apply_to(PluginOptions& options) const;
};

/// One plugin: an instance with its own memory, descriptors, policy and limits. Moves; the destructor ends it, and a call in
/// progress with it (`canceled`).
class Plugin {
public:
    Plugin(Plugin&&) noexcept;
    Plugin& operator=(Plugin&&) noexcept;
    ~Plugin();

    using Callback = std::move_only_function<void(Result<Output>)>;

    /// Calls an export of signature () -> i32 or () in Extism's convention and waits for it. Not on the loop's thread.
    /// Errors: plugin_failed (it returned non-zero; the context is its own text), trapped, out_of_stack, timed_out, missing_export,
    /// wrong_signature, out_of_memory, busy (a call is in progress), canceled. After a trap or a timeout the next call starts
    /// with a fresh instance.
    Result<Output> call(std::string_view export_name, std::span<const std::byte> input = {});
    Result<Output> call(std::string_view export_name, std::string_view input);
    /// The same without waiting.
    std::future<Result<Output>> call_async(std::string_view export_name, std::span<const std::byte> input = {});
    /// The same; `done` is called on the loop's thread, where it may call on. From the loop's thread the call starts at once.
    void call(std::string_view export_name, std::span<const std::byte> input, Callback done);

    /// Runs a WASI command (`_start`) and gives its exit code. Errors: as call, without plugin_failed.
    Result<std::uint32_t> run();
    /// The same without waiting.
    std::future<Result<std::uint32_t>> run_async();

    /// Ends the call in progress (it gives `canceled`) and drops the instance with its variables. The next call starts afresh.
    void cancel();

    /// Makes the instance now instead of at the first call. Errors: as call.
    Result<void> instantiate();

    /// Not on the loop's thread while a call is in progress there.
    PluginStatistics statistics();

private:
    friend class Runtime;
    struct State;
    explicit Plugin(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

class Runtime {
public:
    /// Starts the loop's thread. Errors: io, out_of_memory, not_permitted (the cache's place cannot be used).
    static Result<Runtime> create(RuntimeOptions options = {});
    Runtime(Runtime&&) noexcept;
    Runtime& operator=(Runtime&&) noexcept;
    /// Ends all its plugins and the thread.
    ~Runtime();

    /// Compiles, or takes it from the cache. Errors: bad_module, unknown_import.
    Result<Module> load(std::span<const std::byte> wasm);
    /// Errors: those of load, not_found, io.
    Result<Module> load_file(const std::filesystem::path& file);
    /// The modules of a manifest, linked. Errors: those of load, bad_manifest.
    Result<Module> load(const Manifest& manifest);

    /// Cheap; the instance is made at the first call.
    Plugin make_plugin(const Module& module, PluginOptions options = {});

    /// Runs `work` on the loop's thread.
    void post(std::move_only_function<void()> work);

private:
    friend class Plugin;
    struct State;
    explicit Runtime(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

/// One row of a table of host functions.
struct HostFunctionInfo {
    std::string_view module;
    std::string_view name;
    std::string signature;
    std::string_view sentence;
    bool may_wait;
};
/// Every host function there is, the kernel's included, in the order of the tables.
std::vector<HostFunctionInfo> list_host_functions();

/// Reads a policy file (docs/policy.md). Errors: bad_policy, `policy.toml:3:12: ...`; those of read_file.
Result<Policy> read_policy_file(const std::filesystem::path& file);

/// The whole file. Errors: not_found, not_permitted, io.
Result<std::vector<std::byte>> read_file(const std::filesystem::path& file);

} // namespace hws::host
