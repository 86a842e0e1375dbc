#include "engine/engine.hpp"

#include "engine/host_call.hpp"
#include "engine/module_rewriter.hpp"
#include "kernel/kernel.hpp"

#include <algorithm>
#include <system_error>

namespace hws::host::engine {
namespace {

/// Part of the cache key: whatever changes the code that the same bytes compile to.
constexpr std::string_view engine_version = "wasmtime " WASMTIME_VERSION ", hws 1";

constexpr std::size_t wasm_stack_bytes = std::size_t{1} << 20;
// Host functions run on the plugin's stack, after whatever of it the plugin has used.
constexpr std::size_t host_stack_bytes = std::size_t{512} << 10;
constexpr auto idle_before_parking = std::chrono::seconds(1);

std::string name_of(const wasm_valtype_t* type) {
    switch (wasm_valtype_kind(type)) {
    case WASM_I32:
        return "i32";
    case WASM_I64:
        return "i64";
    case WASM_F32:
        return "f32";
    case WASM_F64:
        return "f64";
    default:
        return "reference";
    }
}

std::string signature_of(const wasm_functype_t* type) {
    std::string text = "(";
    const wasm_valtype_vec_t* const params = wasm_functype_params(type);
    for (std::size_t i = 0; i < params->size; ++i) text += (i ? ", " : "") + name_of(params->data[i]);
    text += ")";
    const wasm_valtype_vec_t* const results = wasm_functype_results(type);
    for (std::size_t i = 0; i < results->size; ++i)
        text += (i ? ", " : " -> ") + name_of(results->data[i]);
    return text;
}

std::string signature_of(const adapter::HostFunction& function) {
    const auto name = [](abi::WasmType type) { return type == abi::WasmType::i32 ? "i32" : "i64"; };
    std::string text = "(";
    for (std::size_t i = 0; i < function.params.size(); ++i)
        text += std::string(i ? ", " : "") + name(function.params[i]);
    text += ")";
    for (const abi::WasmType type : function.results) text += std::string(" -> ") + name(type);
    return text;
}

std::string text_of(const wasm_name_t* name) { return std::string(name->data, name->size); }

constexpr std::string_view kernel_module = "extism:host/env";

const adapter::HostFunction* find_host_function(std::string_view module, std::string_view name) {
    for (const adapter::HostFunction& function : adapter::host_functions())
        if (function.module == module && function.name == name) return &function;
    return nullptr;
}

void configure(wasm_config_t* config) {
    wasmtime_config_strategy_set(config, WASMTIME_STRATEGY_CRANELIFT);
    wasmtime_config_epoch_interruption_set(config, true);
    wasmtime_config_max_wasm_stack_set(config, wasm_stack_bytes);
    wasmtime_config_async_stack_size_set(config, wasm_stack_bytes + host_stack_bytes);
    wasmtime_config_wasm_multi_memory_set(config, true); // the kernel's memory beside the plugin's own
    // Shared memories would let a plugin change bytes while the host looks at them.
    wasmtime_config_wasm_threads_set(config, false);
    wasmtime_config_gc_support_set(config, false);
}

} // namespace

// --- the ticker ---

EpochTicker::EpochTicker(std::chrono::milliseconds tick) : tick_(tick), thread_([this] { run(); }) {}

EpochTicker::~EpochTicker() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void EpochTicker::add(wasm_engine_t* engine) {
    std::lock_guard lock(mutex_);
    engines_.push_back(engine);
}

void EpochTicker::wake() {
    std::lock_guard lock(mutex_);
    parked_.store(false);
    changed_.notify_all();
}

void EpochTicker::run() {
    std::unique_lock lock(mutex_);
    auto last_active = std::chrono::steady_clock::now();
    while (!stopping_) {
        changed_.wait_for(lock, tick_, [this] { return stopping_; });
        for (wasm_engine_t* engine : engines_) wasmtime_engine_increment_epoch(engine);
        const auto now = std::chrono::steady_clock::now();
        if (active_.exchange(false)) {
            last_active = now;
        } else if (now - last_active > idle_before_parking) {
            // Said before it is checked again: a plugin that starts in between sees it and wakes us.
            parked_.store(true);
            if (active_.load()) parked_.store(false);
            changed_.wait(lock, [this] { return stopping_ || !parked_.load(); });
            last_active = std::chrono::steady_clock::now();
        }
    }
}

// --- the engine ---

const ExportedFunction* CompiledModule::find_export(std::string_view name) const {
    const auto found = std::ranges::find(exports_, name, &ExportedFunction::name);
    return found == exports_.end() ? nullptr : &*found;
}

Result<std::unique_ptr<Engine>> Engine::create(const EngineOptions& options) {
    std::unique_ptr<Engine> engine;
    try {
        engine.reset(new Engine(options));
    } catch (const std::system_error& error) { // the ticker's thread
        return fail(Errc::out_of_memory, error.what());
    }
    if (options.cache) {
        HWS_TRY(engine->cache_, ModuleCache::open(*options.cache));
    }
    if (options.pooled_plugins > 0) {
        HWS_TRY(engine->pooled_, engine->make_backend(true));
    }
    return engine;
}

Engine::~Engine() = default;

Result<std::unique_ptr<Backend>> Engine::make_backend(bool pooled) {
    wasm_config_t* const config = wasm_config_new();
    configure(config);
    if (pooled) {
        const std::uint32_t plugins = options_.pooled_plugins;
        auto* const pool = wasmtime_pooling_allocation_config_new();
        wasmtime_pooling_allocation_config_total_core_instances_set(pool, 2 * plugins);
        wasmtime_pooling_allocation_config_total_memories_set(pool, 2 * plugins);
        wasmtime_pooling_allocation_config_total_tables_set(pool, plugins);
        wasmtime_pooling_allocation_config_total_stacks_set(pool, plugins);
        wasmtime_pooling_allocation_config_max_memory_size_set(pool, options_.max_memory_bytes);
        wasmtime_pooling_allocation_config_table_elements_set(pool, options_.max_table_elements);
        wasmtime_pooling_allocation_config_max_unused_warm_slots_set(pool, std::min<std::uint32_t>(plugins, 64));
        // Clearing a few pages costs less than giving them back to the system and faulting them in again.
        wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(pool, 64 << 10);
        wasmtime_pooling_allocation_config_table_keep_resident_set(pool, 4 << 10);
        wasmtime_pooling_allocation_config_async_stack_keep_resident_set(pool, 16 << 10);
        wasmtime_pooling_allocation_config_decommit_batch_size_set(pool, 32);
        wasmtime_pooling_allocation_strategy_set(config, pool);
        wasmtime_pooling_allocation_config_delete(pool);
    }
    auto backend = std::make_unique<Backend>();
    backend->is_pooled = pooled;
    backend->engine.reset(wasm_engine_new_with_config(config));
    if (!backend->engine)
        return fail(Errc::out_of_memory, "Wasmtime cannot reserve the pool; ask for fewer plugins");
    const std::span<const std::byte> kernel = kernel::wasm();
    bool was_cached = false;
    HWS_TRY(backend->kernel, compile_for(*backend, kernel, "", [&] { return kernel; }, was_cached));
    backend->kernel_linker.reset(wasmtime_linker_new(backend->engine.get()));
    wasmtime_instance_pre_t* pre = nullptr;
    if (auto* error = wasmtime_linker_instantiate_pre(backend->kernel_linker.get(),
                                                      backend->kernel.get(), &pre))
        return fail(Errc::bad_module, "kernel: " + take_message(error));
    backend->kernel_pre.reset(pre);
    ticker_.add(backend->engine.get());
    return backend;
}

Result<Backend*> Engine::on_demand() {
    std::lock_guard lock(on_demand_mutex_);
    if (!on_demand_) {
        HWS_TRY(on_demand_, make_backend(false));
    }
    return on_demand_.get();
}

Result<ModuleHandle> Engine::compile_for(Backend& backend, std::span<const std::byte> original,
                                         std::string_view variant,
                                         const std::function<std::span<const std::byte>()>& rewritten, bool& was_cached) {
    const std::string entry = cache_.entry_name(std::string(engine_version) + ", rewriter " +
                                                    std::to_string(module_rewriter_version) +
                                                    (backend.is_pooled ? ", pooled" : "") + std::string(variant),
                                                original);
    wasmtime_module_t* module = nullptr;
    if (const auto code = cache_.find(entry)) {
        auto* const error =
            wasmtime_module_deserialize(backend.engine.get(), reinterpret_cast<const std::uint8_t*>(code->data()),
                                        code->size(), &module);
        was_cached = error == nullptr;
        if (was_cached) return ModuleHandle(module);
        wasmtime_error_delete(error); // of another build or another processor: compiled anew
    }
    const std::span<const std::byte> wasm = rewritten();
    if (auto* error = wasmtime_module_new(backend.engine.get(),
                                          reinterpret_cast<const std::uint8_t*>(wasm.data()), wasm.size(), &module))
        return fail(Errc::bad_module, take_message(error));
    ModuleHandle handle(module);
    wasm_byte_vec_t code;
    if (auto* error = wasmtime_module_serialize(module, &code)) {
        wasmtime_error_delete(error);
        return handle;
    }
    // A cache that cannot be written (a full disk) costs time, nothing else.
    (void)cache_.store(entry, std::as_bytes(std::span(code.data, code.size)));
    wasm_byte_vec_delete(&code);
    return handle;
}

Result<std::shared_ptr<const CompiledModule>> Engine::compile(std::span<const std::byte> wasm,
                                                              std::span<const std::string> linked) {
    if (wasm.size() > options_.max_module_bytes)
        return fail(Errc::too_large, "the module has more than " + std::to_string(options_.max_module_bytes) + " bytes");
    static constexpr std::byte magic[] = {std::byte{0}, std::byte{'a'}, std::byte{'s'}, std::byte{'m'}};
    if (wasm.size() < 8 || !std::equal(std::begin(magic), std::end(magic), wasm.begin()))
        return fail(Errc::bad_module, "these bytes are not a WebAssembly module");
    if (wasm[4] != std::byte{1} || wasm[6] != std::byte{0})
        return fail(Errc::bad_module, wasm[6] == std::byte{1}
                                          ? "this is a WebAssembly component; this host runs core modules"
                                          : "this version of WebAssembly is unknown");

    const auto module = std::make_shared<CompiledModule>();
    // Where several modules are linked, the memory that a host function works on is its caller's, and a wrapper that one
    // module hands to another would be called from the wrong one: their calls stay as they are.
    const bool stands_alone = linked.empty();
    module->may_be_rewritten_ = may_be_rewritten(wasm);
    std::optional<std::vector<std::byte>> rewritten;
    const auto code = [&] {
        if (module->may_be_rewritten_ && !rewritten)
            rewritten = rewrite(wasm, stands_alone ? adapter::host_functions() : std::span<const adapter::HostFunction>());
        return rewritten ? std::span<const std::byte>(*rewritten) : wasm;
    };
    const std::string_view variant = stands_alone ? "" : ", linked";

    Result<ModuleHandle> compiled = fail(Errc::bad_module);
    if (pooled_) {
        compiled = compile_for(*pooled_, wasm, variant, code, module->was_cached_);
        module->backend_ = pooled_.get();
        module->pooled_ = compiled.has_value();
    }
    if (!compiled) {
        // The pool refuses what its slots cannot hold, and there is no asking beforehand; a module that is simply invalid
        // fails the second time too, and that error is the one to show.
        HWS_TRY(module->backend_, on_demand());
        compiled = compile_for(*module->backend_, wasm, variant, code, module->was_cached_);
    }
    HWS_TRY(module->module_, std::move(compiled));
    HWS_CHECK(describe(*module, linked));
    return module;
}

Result<void> Engine::describe(CompiledModule& module, std::span<const std::string> linked) {
    module.linker_.reset(wasmtime_linker_new(module.backend_->engine.get()));

    wasm_importtype_vec_t imports;
    wasmtime_module_imports(module.module_.get(), &imports);
    const std::unique_ptr<wasm_importtype_vec_t, Deleter<&wasm_importtype_vec_delete>> imports_owner(&imports);
    std::vector<const adapter::HostFunction*> defined;
    for (std::size_t i = 0; i < imports.size; ++i) {
        std::string from = text_of(wasm_importtype_module(imports.data[i]));
        const std::string name = text_of(wasm_importtype_name(imports.data[i]));
        const wasm_externtype_t* const type = wasm_importtype_type(imports.data[i]);
        const bool is_function = wasm_externtype_kind(type) == WASM_EXTERN_FUNC;
        // What the rewriter added, not the plugin.
        if (from == kernel_memory_module && name == kernel_memory_name && module.may_be_rewritten_) {
            module.kernel_imports_.push_back(name);
            continue;
        }
        if (from == finish_module && module.may_be_rewritten_) {
            HWS_CHECK(define_finish(module.linker_.get(), name));
            continue;
        }
        const bool is_wrapped = module.may_be_rewritten_ && from.starts_with(begin_prefix);
        if (is_wrapped) from.erase(0, begin_prefix.size());
        const adapter::HostFunction* const function = find_host_function(from, name);
        // Code of the cache may be of a host that had other functions.
        if (is_wrapped && (!function || !function->may_wait()))
            return fail(Errc::unknown_import, from + "." + name + " is none of this host's that may wait");
        const std::string wanted = is_wrapped    ? signature_of(*function) // the rewriter has compared the types
                                   : is_function ? signature_of(wasm_externtype_as_functype_const(type))
                                                 : "not a function";
        module.imports_.push_back({from, name, wanted});

        if (function) {
            if (wanted != signature_of(*function))
                return fail(Errc::unknown_import, from + "." + name + " is imported as " + wanted + ", here it is " +
                                                      signature_of(*function));
            // Go imports a function once for each of its packages that uses it.
            if (std::ranges::find(defined, function) == defined.end()) {
                HWS_CHECK((is_wrapped ? define_begin : define)(module.linker_.get(), *function));
                defined.push_back(function);
            }
        } else if (from == kernel_module && is_kernel_export(name)) {
            if (std::ranges::find(module.kernel_imports_, name) == module.kernel_imports_.end())
                module.kernel_imports_.push_back(name);
        } else if (std::ranges::find(linked, from) != linked.end()) {
            if (std::ranges::find(module.other_modules_, from) == module.other_modules_.end())
                module.other_modules_.push_back(from);
        } else {
            return fail(Errc::unknown_import, from + "." + name + " " + wanted);
        }
    }

    wasm_exporttype_vec_t exports;
    wasmtime_module_exports(module.module_.get(), &exports);
    const std::unique_ptr<wasm_exporttype_vec_t, Deleter<&wasm_exporttype_vec_delete>> exports_owner(&exports);
    for (std::size_t i = 0; i < exports.size; ++i) {
        const wasm_externtype_t* const type = wasm_exporttype_type(exports.data[i]);
        const std::string name = text_of(wasm_exporttype_name(exports.data[i]));
        if (wasm_externtype_kind(type) == WASM_EXTERN_MEMORY && name == "memory") module.has_memory_ = true;
        if (wasm_externtype_kind(type) != WASM_EXTERN_FUNC) continue;
        const wasm_functype_t* const function_type = wasm_externtype_as_functype_const(type);
        const wasm_valtype_vec_t* const results = wasm_functype_results(function_type);
        module.exports_.push_back({.name = name,
                                   .param_count = wasm_functype_params(function_type)->size,
                                   .result_count = results->size,
                                   .returns_i32 = results->size == 1 &&
                                                  wasm_valtype_kind(results->data[0]) == WASM_I32,
                                   .signature = signature_of(function_type)});
    }
    return {};
}

} // namespace hws::host::engine
