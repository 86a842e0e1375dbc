#include <hws/host/runtime.hpp>

#include "adapter/plugin_state.hpp"
#include "core/resolver.hpp"
#include "core/stdio.hpp"
#include "engine/engine.hpp"
#include "engine/instance.hpp"
#include "os/loop.hpp"

#include <algorithm>
#include <cassert>
#include <fstream>

namespace hws::host {
namespace {

constexpr adapter::LogLevel internal(LogLevel level) { return static_cast<adapter::LogLevel>(level); }
static_assert(internal(LogLevel::off) == adapter::LogLevel::off);

void add(PluginStatistics& figures, const adapter::Statistics& counted) {
    figures.host_calls += counted.host_calls;
    figures.bytes_sent += counted.bytes_sent;
    figures.bytes_received += counted.bytes_received;
    figures.denials += counted.denials;
}

std::vector<std::byte> copy_of(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }

} // namespace

struct Module::State {
    std::shared_ptr<const engine::CompiledModule> main;
    std::vector<engine::LinkedModule> linked;
    std::vector<ExportInfo> exports;
    std::vector<ImportInfo> imports;
    // A compiled module refers to the engine that made it.
    std::shared_ptr<engine::Engine> engine;
};

struct Runtime::State {
    std::shared_ptr<engine::Engine> engine;
    std::unique_ptr<os::Loop> loop;
    std::unique_ptr<core::Resolver> resolver;
    std::shared_ptr<core::TlsClient> tls_client; // used on the loop's thread only
    // Plugins alive; touched on the loop's thread only.
    std::vector<Plugin::State*> plugins;
    std::thread thread;
    std::atomic<bool> closed = false;
    std::mutex gate;
    bool ended = false; // guarded by gate: nobody will run what is posted

    /// Runs `work` on the loop's thread; false, and `work` is as it was, once that has ended.
    template <class Work>
    bool post(Work&& work) {
        const std::lock_guard lock(gate);
        if (ended) return false;
        loop->post(std::forward<Work>(work));
        return true;
    }
    void close();
    os::Task<> wait_for_last_words();
    os::Task<> last_words;
    ~State() { close(); }
};

/// Lives on the loop's thread: made, used and destroyed there.
struct Plugin::State {
    State(std::shared_ptr<Runtime::State> runtime_, std::shared_ptr<const Module::State> module_,
          PluginOptions options_)
        : runtime(std::move(runtime_)), module(std::move(module_)), options(std::move(options_)) {}

    std::shared_ptr<Runtime::State> runtime;
    std::shared_ptr<const Module::State> module;
    PluginOptions options;
    // What follows is made at the first call and belongs to the loop's thread.
    std::unique_ptr<adapter::PluginState> plugin;
    std::unique_ptr<engine::Instance> instance;
    PluginStatistics statistics;

    /// The call in progress: what it works on, and whom to tell.
    std::string export_name;
    std::vector<std::byte> input;
    using Done = std::move_only_function<void(Result<engine::CallOutcome>)>;
    Done done;
    os::Task<> task;
    os::Clock::time_point started;

    void prepare();
    Result<void> open_stdio();
    void begin(std::string_view name, std::span<const std::byte> bytes, Done whom);
    void begin_instantiation(Done whom);
    /// Whether something else can begin; tells `whom` why not.
    bool is_free_for(Done& whom);
    void finish(Result<engine::CallOutcome> outcome);
    os::Task<> perform();
    os::Task<> perform_instantiation();
    void close();
};

void Plugin::State::prepare() {
    if (plugin) return;
    plugin = std::make_unique<adapter::PluginState>(*runtime->loop, *runtime->resolver, options.policy,
                                                    options.limits);
    plugin->arguments = options.arguments;
    plugin->environment = options.environment;
    plugin->config = options.config;
    plugin->http_options.tls = options.tls;
    plugin->http_options.proxy = options.proxy;
    plugin->shared_tls_client = runtime->tls_client;
    plugin->log_level = internal(options.log_level);
    if (options.log)
        plugin->log_sink = [this](adapter::LogLevel level, std::string_view text) {
            options.log(static_cast<LogLevel>(level), text);
        };
    if (options.remark)
        plugin->remark_sink = [this](adapter::LogLevel level, std::string_view text) {
            options.remark(static_cast<LogLevel>(level), text);
        };
    if (options.on_denial)
        plugin->denial_sink = [this](std::string_view operation, std::string_view reason) {
            options.on_denial({operation, reason});
        };
    // The module's own engine: it may have been loaded by another runtime, and only its ticker interrupts its code.
    instance = std::make_unique<engine::Instance>(*module->engine, *plugin, module->main, module->linked);
    runtime->plugins.push_back(this);
}

Result<void> Plugin::State::open_stdio() {
    if (plugin->descriptors.open_count() > 0) return {};
    return core::install_stdio(plugin->descriptors, *runtime->loop, options.stdio);
}

bool Plugin::State::is_free_for(Done& whom) {
    if (runtime->closed) {
        whom(fail(Errc::canceled, "the runtime is closed"));
    } else if (done) {
        whom(fail(Errc::busy, "a call is in progress"));
    } else {
        prepare();
        // A fresh instance starts with its standard streams; they were closed with the last one.
        auto opened = open_stdio();
        if (opened) return true;
        whom(std::unexpected(std::move(opened).error()));
    }
    return false;
}

void Plugin::State::begin(std::string_view name, std::span<const std::byte> bytes, Done whom) {
    if (!is_free_for(whom)) return;
    export_name = name;
    input = copy_of(bytes);
    done = std::move(whom);
    started = os::Clock::now();
    task = perform();
    task.start(*runtime->loop);
}

void Plugin::State::begin_instantiation(Done whom) {
    if (!is_free_for(whom)) return;
    done = std::move(whom);
    started = os::Clock::now();
    task = perform_instantiation();
    task.start(*runtime->loop);
}

void Plugin::State::finish(Result<engine::CallOutcome> outcome) {
    // The callback may start the next call, which replaces this very task, or drop the plugin: nothing of this one is
    // touched afterwards, and the frame must not be destroyed under our feet. So it runs from the loop.
    runtime->loop->defer([whom = std::exchange(done, nullptr), outcome = std::move(outcome)]() mutable {
        whom(std::move(outcome));
    });
}

os::Task<> Plugin::State::perform() {
    auto outcome = co_await instance->call(export_name, input);
    ++statistics.calls;
    statistics.call_time += os::Clock::now() - started;
    finish(std::move(outcome));
    co_return Result<void>();
}

os::Task<> Plugin::State::perform_instantiation() {
    auto made = co_await instance->instantiate();
    if (made)
        finish(engine::CallOutcome());
    else
        finish(std::unexpected(std::move(made).error()));
    co_return Result<void>();
}

void Plugin::State::close() {
    auto whom = std::exchange(done, nullptr);
    if (whom) statistics.call_time += os::Clock::now() - started;
    if (plugin) add(statistics, plugin->statistics);
    task.cancel();
    instance.reset();
    plugin.reset();
    std::erase(runtime->plugins, this);
    if (whom) whom(fail(Errc::canceled, "the plugin was ended"));
}

/// What plugins have sent through TLS before they ended is sent by the loop, not by the system.
os::Task<> Runtime::State::wait_for_last_words() {
    constexpr std::chrono::seconds patience(2);
    co_await tls_client->farewells_over().until(os::deadline_after(patience));
    loop->stop();
    co_return {};
}

void Runtime::State::close() {
    if (closed.exchange(true)) return;
    if (!thread.joinable()) return;
    loop->post([this] {
        while (!plugins.empty()) plugins.back()->close();
        last_words = wait_for_last_words();
        last_words.start(*loop);
    });
    thread.join();
    {
        const std::lock_guard lock(gate);
        ended = true;
    }
    // Calls that arrived too late learn that the runtime is closed.
    loop->run_until([] { return true; });
}

// --- Module ---

const std::vector<ExportInfo>& Module::exports() const { return state_->exports; }
const std::vector<ImportInfo>& Module::imports() const { return state_->imports; }
bool Module::was_cached() const { return state_->main->was_cached(); }
bool Module::has_export(std::string_view name) const { return state_->main->find_export(name) != nullptr; }

std::vector<std::string> Module::dialects() const {
    static constexpr std::pair<std::string_view, std::string_view> names[] = {
        {"env", "v1"}, {"extism:host/env", "extism"}, {"wasi_snapshot_preview1", "preview1"},
        {"hws", "v2"}};
    std::vector<std::string> found;
    for (const auto& [module, dialect] : names)
        if (std::ranges::find(state_->imports, module, &ImportInfo::module) != state_->imports.end())
            found.emplace_back(dialect);
    return found;
}

// --- Plugin ---

Plugin::Plugin(std::shared_ptr<State> state) : state_(std::move(state)) {}
Plugin::Plugin(Plugin&&) noexcept = default;
Plugin& Plugin::operator=(Plugin&& other) noexcept {
    Plugin old(std::move(*this));
    state_ = std::move(other.state_);
    return *this;
}

Plugin::~Plugin() {
    if (!state_) return;
    const auto runtime = state_->runtime;
    auto end = [state = std::move(state_)]() mutable {
        if (state->plugin) state->close();
    };
    if (runtime->loop->is_loop_thread()) {
        // Perhaps from inside its own callback: the loop ends it when that has returned.
        runtime->loop->defer(std::move(end));
    } else {
        // Where the loop has ended it took all instances with it, and what is left can go on this thread.
        (void)runtime->post(std::move(end));
    }
}

void Plugin::call(std::string_view export_name, std::span<const std::byte> input, Callback done) {
    auto finish = [done = std::move(done), name = std::string(export_name)](Result<engine::CallOutcome> outcome) mutable {
        if (!outcome) return done(std::unexpected(std::move(outcome).error()));
        const bool failed = outcome->return_code != 0 || outcome->exit_code.value_or(0) != 0;
        if (!failed) return done(Output{std::move(outcome->output)});
        std::string text = outcome->error_text.value_or("");
        if (text.empty())
            text = outcome->exit_code ? "exit code " + std::to_string(*outcome->exit_code)
                                      : name + " returned " + std::to_string(outcome->return_code);
        done(fail(Errc::plugin_failed, std::move(text)));
    };
    const auto& runtime = state_->runtime;
    if (runtime->loop->is_loop_thread()) return state_->begin(export_name, input, std::move(finish));
    auto begin = [state = state_, name = std::string(export_name), bytes = copy_of(input),
                  finish = std::move(finish)]() mutable { state->begin(name, bytes, std::move(finish)); };
    if (!runtime->post(std::move(begin))) begin(); // tells that the runtime is closed
}

std::future<Result<Output>> Plugin::call_async(std::string_view export_name, std::span<const std::byte> input) {
    std::promise<Result<Output>> promise;
    auto future = promise.get_future();
    call(export_name, input,
         [promise = std::move(promise)](Result<Output> output) mutable { promise.set_value(std::move(output)); });
    return future;
}

Result<Output> Plugin::call(std::string_view export_name, std::span<const std::byte> input) {
    assert(!state_->runtime->loop->is_loop_thread() && "the loop cannot wait for itself");
    return call_async(export_name, input).get();
}

Result<Output> Plugin::call(std::string_view export_name, std::string_view input) {
    return call(export_name, std::as_bytes(std::span(input)));
}

std::future<Result<std::uint32_t>> Plugin::run_async() {
    std::promise<Result<std::uint32_t>> promise;
    auto future = promise.get_future();
    auto begin = [state = state_, promise = std::move(promise)]() mutable {
        state->begin("_start", {}, [promise = std::move(promise)](Result<engine::CallOutcome> outcome) mutable {
            if (outcome)
                promise.set_value(outcome->exit_code.value_or(0));
            else
                promise.set_value(std::unexpected(std::move(outcome).error()));
        });
    };
    if (!state_->runtime->post(std::move(begin))) begin();
    return future;
}

Result<std::uint32_t> Plugin::run() { return run_async().get(); }

void Plugin::cancel() {
    (void)state_->runtime->post([state = state_] {
        if (state->plugin) state->close();
    });
}

Result<void> Plugin::instantiate() {
    std::promise<Result<void>> promise;
    auto future = promise.get_future();
    auto begin = [state = state_, &promise] {
        state->begin_instantiation([&promise](Result<engine::CallOutcome> outcome) {
            if (outcome)
                promise.set_value({});
            else
                promise.set_value(std::unexpected(std::move(outcome).error()));
        });
    };
    if (!state_->runtime->post(begin)) begin();
    return future.get();
}

PluginStatistics Plugin::statistics() {
    const auto collect = [this] {
        PluginStatistics figures = state_->statistics;
        if (!state_->plugin) return figures;
        add(figures, state_->plugin->statistics);
        figures.memory_bytes = state_->instance->memory_bytes();
        return figures;
    };
    if (state_->runtime->loop->is_loop_thread()) return collect();
    std::promise<PluginStatistics> promise;
    if (!state_->runtime->post([&] { promise.set_value(collect()); })) return collect();
    return promise.get_future().get();
}

// --- Runtime ---

Runtime::Runtime(std::shared_ptr<State> state) : state_(std::move(state)) {}
Runtime::Runtime(Runtime&&) noexcept = default;
Runtime& Runtime::operator=(Runtime&& other) noexcept {
    Runtime old(std::move(*this));
    state_ = std::move(other.state_);
    return *this;
}
Runtime::~Runtime() {
    if (state_) state_->close();
}

Result<Runtime> Runtime::create(RuntimeOptions options) {
    auto state = std::make_shared<State>();
    engine::EngineOptions engine_options;
    engine_options.pooled_plugins = options.max_plugins;
    engine_options.tick = options.tick;
    if (options.use_cache) {
        engine_options.cache = engine::ModuleCache::default_place();
        // A home that cannot be written, or that others can, is no reason not to run.
        if (engine_options.cache && !options.cache_folder && !engine::ModuleCache::open(*engine_options.cache))
            engine_options.cache.reset();
        if (options.cache_folder) {
            const auto key = options.cache_key_file ? *options.cache_key_file
                             : engine_options.cache ? engine_options.cache->key_file
                                                    : std::filesystem::path();
            if (key.empty())
                return fail(Errc::invalid_argument, "a cache folder needs a key file where there is no home");
            engine_options.cache = engine::ModuleCache::Place{*options.cache_folder, key};
        }
    }
    HWS_TRY(std::unique_ptr<engine::Engine> engine, engine::Engine::create(engine_options));
    state->engine = std::move(engine);
    HWS_TRY(state->loop, os::Loop::create());
    core::ResolverOptions resolver_options;
    for (const std::string& server : options.dns_servers) {
        const auto plain = IpAddr::parse(server); // without a port
        resolver_options.servers.push_back(plain ? SocketAddr(*plain, 53).to_string() : server);
    }
    resolver_options.search_domains = options.dns_search_domains;
    HWS_TRY(state->resolver, core::Resolver::create(*state->loop, resolver_options));
    state->tls_client = std::make_shared<core::TlsClient>(*state->loop);
    state->thread = std::thread([loop = state->loop.get()] { loop->run(); });
    return Runtime(std::move(state));
}

Result<Module> Runtime::load(const Manifest& manifest) {
    if (manifest.modules.empty()) return fail(Errc::bad_manifest, "it names no module");
    auto state = std::make_shared<Module::State>();
    std::vector<std::string> names;
    for (std::size_t i = 0; i < manifest.modules.size(); ++i)
        if (i != manifest.main) names.push_back(manifest.modules[i].name);
    const auto compile = [&](const Manifest::Wasm& wasm) { return state_->engine->compile(wasm.bytes, names); };
    for (std::size_t i = 0; i < manifest.modules.size(); ++i) {
        if (i == manifest.main) continue;
        HWS_TRY(auto linked, compile(manifest.modules[i]));
        state->linked.push_back({manifest.modules[i].name, std::move(linked)});
    }
    HWS_TRY(state->main, compile(manifest.modules[manifest.main]));
    // All modules of a plugin live in one store, so they must come from one of the two engines.
    for (const engine::LinkedModule& linked : state->linked)
        if (linked.module->is_pooled() != state->main->is_pooled())
            return fail(Errc::bad_manifest, "modules " + linked.name + " and main cannot be linked: only one fits the pool");
    for (const engine::ExportedFunction& function : state->main->exports())
        state->exports.push_back({function.name, function.signature,
                                  function.param_count == 0 && (function.result_count == 0 || function.returns_i32)});
    const auto add_imports = [&](const engine::CompiledModule& module) {
        for (const engine::ImportedItem& item : module.imports())
            if (std::ranges::find(names, item.module) == names.end())
                state->imports.push_back({item.module, item.name, item.signature});
    };
    add_imports(*state->main);
    for (const engine::LinkedModule& linked : state->linked) add_imports(*linked.module);
    state->engine = state_->engine;
    return Module(std::move(state));
}

Result<Module> Runtime::load(std::span<const std::byte> wasm) {
    Manifest manifest;
    manifest.modules.push_back({"main", copy_of(wasm)});
    return load(manifest);
}

Result<Module> Runtime::load_file(const std::filesystem::path& file) {
    HWS_TRY(const std::vector<std::byte> wasm, read_file(file));
    auto module = load(wasm);
    if (!module) return std::unexpected(Error(module.error().code(), file.string() + ": " + module.error().context()));
    return module;
}

Plugin Runtime::make_plugin(const Module& module, PluginOptions options) {
    return Plugin(std::make_shared<Plugin::State>(state_, module.state_, std::move(options)));
}

void Runtime::post(std::move_only_function<void()> work) { (void)state_->post(std::move(work)); }

Result<std::vector<std::byte>> read_file(const std::filesystem::path& file) {
    std::error_code problem;
    if (!std::filesystem::exists(file, problem)) return fail(Errc::not_found, file.string());
    if (std::filesystem::is_directory(file, problem)) return fail(Errc::io, file.string() + " is a folder");
    std::ifstream stream(file, std::ios::binary);
    std::vector<char> content{std::istreambuf_iterator<char>(stream), {}};
    if (!stream) return fail(Errc::not_permitted, file.string() + " cannot be read");
    const auto bytes = std::as_bytes(std::span(content));
    return copy_of(bytes);
}

} // namespace hws::host
