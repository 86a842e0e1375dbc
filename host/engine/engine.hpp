#pragma once
/// Wasmtime, configured once for every plugin of a runtime; compiles modules and keeps them on disk.
///
/// Two engines stand side by side: the *pooled* one, whose instances live in slots reserved beforehand (instantiation costs
/// microseconds), and the *on-demand* one for the modules that do not fit a slot (several memories, huge tables). Which one a
/// module got is decided when it is compiled. The on-demand engine is made when it is first needed.
/// Any thread may compile; instances belong to their loop's thread.

#include "adapter/host_function.hpp"
#include "engine/handles.hpp"
#include "engine/module_cache.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace hws::host::engine {

struct EngineOptions {
    /// Plugins that can live at once in the pool. Costs address space (8 GiB each), not memory.
    std::uint32_t pooled_plugins = 1000;
    /// Largest linear memory a pooled plugin may be granted; Limits::memory_bytes bounds each plugin below that.
    std::size_t max_memory_bytes = std::size_t{4} << 30;
    std::size_t max_table_elements = 20'000;
    /// How often a running plugin is asked to let others run.
    std::chrono::milliseconds tick = std::chrono::milliseconds(10);
    std::optional<ModuleCache::Place> cache;
    /// A module's bytes. Compiling takes memory and time in proportion, and happens before any other limit counts.
    std::size_t max_module_bytes = std::size_t{256} << 20;
};

/// Increments the epoch of the engines while plugins run; sleeps while none does.
class EpochTicker {
public:
    explicit EpochTicker(std::chrono::milliseconds tick);
    ~EpochTicker();
    void add(wasm_engine_t* engine);
    /// A plugin is about to run. Any thread; costs one atomic exchange.
    void note_activity() {
        active_.store(true);
        if (parked_.load()) wake();
    }

private:
    void wake();
    void run();
    std::chrono::milliseconds tick_;
    std::atomic<bool> active_ = false;
    std::atomic<bool> parked_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::vector<wasm_engine_t*> engines_;
    std::thread thread_;
};

/// One of the two engines, with the kernel compiled for it.
struct Backend {
    bool is_pooled = false;
    EngineHandle engine;
    ModuleHandle kernel;
    LinkerHandle kernel_linker; // empty: the kernel imports nothing
    InstancePreHandle kernel_pre;
};

/// What an export needs and gives.
struct ExportedFunction {
    std::string name;
    std::size_t param_count = 0;
    std::size_t result_count = 0;
    bool returns_i32 = false;
    std::string signature; ///< "(i32, i64) -> i32"
};

struct ImportedItem {
    std::string module;
    std::string name;
    std::string signature; ///< "(i64) -> i32", or "memory"
};

/// A compiled module and what linking it needs. Immutable; shared by its instances.
class CompiledModule {
public:
    const std::vector<ExportedFunction>& exports() const { return exports_; }
    const std::vector<ImportedItem>& imports() const { return imports_; }
    const ExportedFunction* find_export(std::string_view name) const;
    /// Whether it needs a kernel beside it.
    bool uses_kernel() const { return !kernel_imports_.empty() || !other_modules_.empty(); }
    /// Names of modules it imports from that are neither the host's nor the kernel's.
    const std::vector<std::string>& other_modules() const { return other_modules_; }
    bool has_memory() const { return has_memory_; }
    bool is_pooled() const { return pooled_; }
    bool was_cached() const { return was_cached_; }

private:
    friend class Engine;
    friend class Instance;
    Backend* backend_ = nullptr;
    ModuleHandle module_;
    LinkerHandle linker_; // the host functions it imports; an instance's linker is a copy of it plus its kernel
    std::vector<ExportedFunction> exports_;
    std::vector<ImportedItem> imports_;
    std::vector<std::string> kernel_imports_; // names
    std::vector<std::string> other_modules_;
    bool has_memory_ = false;
    bool pooled_ = false;
    bool was_cached_ = false;
    bool may_be_rewritten_ = false; // module_rewriter.hpp
};

class Engine {
public:
    /// Errors: io, out_of_memory (the pool's address space is not to be had).
    static Result<std::unique_ptr<Engine>> create(const EngineOptions& options);
    ~Engine();

    /// Compiles, or takes it from the cache. Any thread.
    /// `linked`: names of the modules that will be linked beside it (a manifest's); imports from them are accepted.
    /// Errors: too_large, bad_module (not wasm, truncated, invalid, shared memory), unknown_import, wrong_signature (of an import).
    Result<std::shared_ptr<const CompiledModule>> compile(std::span<const std::byte> wasm,
                                                          std::span<const std::string> linked = {});

    EpochTicker& ticker() { return ticker_; }

private:
    explicit Engine(const EngineOptions& options) : options_(options), ticker_(options.tick) {}
    Result<std::unique_ptr<Backend>> make_backend(bool pooled);
    Result<Backend*> on_demand();
    /// `original`, and what must be known besides to tell what `rewritten()` is, which is asked where the code is not cached.
    Result<ModuleHandle> compile_for(Backend& backend, std::span<const std::byte> original, std::string_view variant,
                                     const std::function<std::span<const std::byte>()>& rewritten, bool& was_cached);
    Result<void> describe(CompiledModule& module, std::span<const std::string> linked);

    EngineOptions options_;
    ModuleCache cache_;
    std::unique_ptr<Backend> pooled_;
    std::mutex on_demand_mutex_;
    std::unique_ptr<Backend> on_demand_;
    EpochTicker ticker_; // last: it must stop before the engines that it counts for go
};

} // namespace hws::host::engine
