#pragma once
/// One plugin's store: its module, the modules linked to it, its kernel, and the call in progress. Loop thread only.
///
/// A store is made at the first call and dropped after a trap, a timeout or an exit: what was interrupted in the middle is never
/// used again. The next call starts from a fresh one, with no descriptors; variables and configuration stay.

#include "adapter/plugin_state.hpp"
#include "engine/engine.hpp"
#include "engine/host_call.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hws::host::engine {

/// How a call ended that ran to its end or left by proc_exit.
struct CallOutcome {
    std::int32_t return_code = 0;             ///< of the export; 0 if it returns nothing
    std::optional<std::uint32_t> exit_code;   ///< of proc_exit
    std::vector<std::byte> output;            ///< what output_set named
    std::optional<std::string> error_text;    ///< what error_set named
};

struct LinkedModule {
    std::string name;
    std::shared_ptr<const CompiledModule> module;
};

class Instance final : private os::Runnable, private os::Timer {
public:
    /// `linked` stand in the order in which they are instantiated. `state` must outlive it.
    Instance(Engine& engine, adapter::PluginState& state, std::shared_ptr<const CompiledModule> main,
             std::vector<LinkedModule> linked);
    ~Instance() override;

    /// Calls an export without parameters. One call at a time. Waiting: runs the plugin on the loop, side by side with others.
    /// `export_name` and `input` must live until the task is done.
    /// Errors: missing_export, wrong_signature, trapped, out_of_stack, timed_out, out_of_memory (no room for the instance or the
    /// input), bad_module (it cannot be instantiated), busy (a call is in progress).
    os::Task<CallOutcome> call(std::string_view export_name, std::span<const std::byte> input);

    /// Makes the store now instead of at the first call. Errors: as call.
    os::Task<> instantiate();
    bool is_instantiated() const { return store_ != nullptr; }
    /// Bytes of linear memory in use: the module's and its kernel's.
    std::size_t memory_bytes();

private:
    class LinearMemory final : public adapter::GuestMemory {
    public:
        wasmtime_context_t* context = nullptr;
        std::optional<wasmtime_memory_t> memory;

    private:
        std::span<std::byte> look() override;
    };
    class KernelMemory final : public adapter::Kernel {
    public:
        kernel::KernelView view() override;
        wasmtime_context_t* context = nullptr;
        wasmtime_memory_t memory{};
    };
    class Drive;

    // Never inlined: the compiler would put its frame, with all that making an instance takes, into that of the call.
    [[gnu::noinline]] os::Task<> create_store();
    os::Task<> instantiate_module(const CompiledModule& module, wasmtime_instance_t& instance);
    os::Task<> initialize(const CompiledModule& module, wasmtime_instance_t& instance);
    os::Task<> run_export(const wasmtime_func_t& function, const ExportedFunction& type);
    Result<const ExportedFunction*> find_callable(std::string_view export_name) const;
    Result<wasmtime_func_t> begin_call(std::string_view export_name, std::span<const std::byte> input);
    Result<CallOutcome> end_call(std::string_view export_name, const ExportedFunction& type);
    /// Runs the future to its end; what it leaves in trap_ and error_ becomes an error.
    os::Task<> drive(wasmtime_call_future_t* future);
    Result<void> take_failure(std::string_view what);
    Result<void> refuse_exit(std::string_view what) const;
    /// Polls once; true when the future is finished.
    bool poll();
    void drop_store();

    void run() override;
    void on_expiry() override;
    static wasmtime_error_t* on_epoch(const wasmtime_context_t* context, void* self, std::uint64_t* delta,
                                      wasmtime_update_deadline_kind_t* kind);

    Engine& engine_;
    adapter::PluginState& state_;
    const std::shared_ptr<const CompiledModule> main_;
    const std::vector<LinkedModule> linked_;
    HostCall host_call_;
    LinearMemory linear_memory_;
    KernelMemory kernel_memory_;

    StoreHandle store_;
    wasmtime_context_t* context_ = nullptr;
    std::optional<wasmtime_instance_t> kernel_;
    wasmtime_instance_t instance_{};
    std::vector<std::pair<std::string, wasmtime_instance_t>> linked_instances_;
    LinkerHandle linker_; // alive while it instantiates

    // The call in progress. Wasmtime asks for these to stay in place until the future is deleted.
    FutureHandle future_;
    wasm_trap_t* trap_ = nullptr;
    wasmtime_error_t* error_ = nullptr;
    wasmtime_val_t result_{};
    os::Resumption* driver_ = nullptr;
    os::Deadline deadline_ = os::no_deadline;
    bool in_call_ = false;
    bool timed_out_ = false;
};

} // namespace hws::host::engine
