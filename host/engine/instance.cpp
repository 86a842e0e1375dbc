#include "engine/instance.hpp"

#include <algorithm>

namespace hws::host::engine {
namespace {

constexpr std::int64_t max_instances_per_store = 32;
/// The limit of memory_bytes is each memory's own, so their number must be small too.
constexpr std::size_t max_memories_per_module = 2;

/// The names closest to `wanted`, for "did you mean".
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0]++;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t substituted = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
        }
    }
    return row.back();
}

std::string offer_exports(const CompiledModule& module, std::string_view wanted) {
    // A module may have a million exports with names of 100,000 characters, and all plugins wait meanwhile.
    constexpr std::size_t max_name_bytes = 64;
    constexpr std::size_t max_exports = 10'000;
    if (wanted.size() > max_name_bytes || module.exports().size() > max_exports) return {};
    std::vector<std::pair<std::size_t, std::string_view>> names;
    for (const ExportedFunction& function : module.exports())
        if (function.param_count == 0 && function.result_count <= 1 && !function.name.starts_with("_") &&
            function.name.size() <= max_name_bytes)
            names.emplace_back(edit_distance(wanted, function.name), function.name);
    std::ranges::sort(names);
    constexpr std::size_t offered = 3;
    std::string text;
    for (std::size_t i = 0; i < std::min(offered, names.size()); ++i)
        text.append(i ? ", " : "; it has ").append(names[i].second);
    return text;
}

} // namespace

/// Awaits the end of the future.
class Instance::Drive {
public:
    explicit Drive(Instance& instance) : instance_(instance) {}
    bool await_ready() { return instance_.poll(); }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) {
        resumption_.bind(handle);
        instance_.driver_ = &resumption_;
    }
    void await_resume() { instance_.driver_ = nullptr; }

private:
    Instance& instance_;
    os::Resumption resumption_;
};

std::span<std::byte> Instance::LinearMemory::look() {
    if (!memory) return {};
    return {reinterpret_cast<std::byte*>(wasmtime_memory_data(context, &*memory)),
            wasmtime_memory_data_size(context, &*memory)};
}

kernel::KernelView Instance::KernelMemory::view() {
    kernel::Memory view;
    view.base = reinterpret_cast<std::byte*>(wasmtime_memory_data(context, &memory));
    view.size = wasmtime_memory_data_size(context, &memory);
    view.context = this;
    view.grow = [](kernel::Memory& grown, std::uint32_t pages) {
        auto& self = *static_cast<KernelMemory*>(grown.context);
        std::uint64_t before = 0;
        if (auto* error = wasmtime_memory_grow(self.context, &self.memory, pages, &before)) {
            wasmtime_error_delete(error); // the store's limit, or the system's
            return false;
        }
        grown.base = reinterpret_cast<std::byte*>(wasmtime_memory_data(self.context, &self.memory));
        grown.size = wasmtime_memory_data_size(self.context, &self.memory);
        return true;
    };
    return kernel::KernelView(view);
}

Instance::Instance(Engine& engine, adapter::PluginState& state, std::shared_ptr<const CompiledModule> main,
                   std::vector<LinkedModule> linked)
    : os::Timer(state.loop), engine_(engine), state_(state), main_(std::move(main)),
      linked_(std::move(linked)), host_call_(state, *this) {}

Instance::~Instance() { drop_store(); }

void Instance::drop_store() {
    // The future first: deleting it unwinds the plugin's stack, which still refers to the store.
    future_.reset();
    host_call_.abandon();
    state_.loop.unqueue(*this);
    Timer::disarm();
    state_.memory = nullptr;
    state_.kernel = nullptr;
    linear_memory_.memory.reset();
    linked_instances_.clear();
    kernel_.reset();
    linker_.reset();
    context_ = nullptr;
    store_.reset();
    state_.descriptors.clear();
    state_.bound_files.clear();
}

std::size_t Instance::memory_bytes() {
    if (!store_) return 0;
    linear_memory_.forget();
    std::size_t bytes = linear_memory_.all().size();
    if (kernel_) bytes += wasmtime_memory_data_size(context_, &kernel_memory_.memory);
    return bytes;
}

// --- running a future ---

bool Instance::poll() {
    engine_.ticker().note_activity();
    if (wasmtime_call_future_poll(future_.get())) return true;
    // Either a host function waits and will wake us, or the tick has come: then the others go first.
    if (!host_call_.is_waiting()) {
        state_.loop.queue(*this);
        return false;
    }
    // The time was over while it ran, and it waits before its next tick came: nothing else would end the wait.
    if (!timed_out_) return false;
    future_.reset();
    return true;
}

void Instance::run() {
    if (poll() && driver_) driver_->soon();
}

void Instance::on_expiry() {
    if (!future_) return;
    timed_out_ = true;
    // A running plugin is stopped at its next tick, which can tell where it was.
    if (!host_call_.is_waiting()) return;
    future_.reset();
    state_.loop.unqueue(*this);
    if (driver_) driver_->soon();
}

wasmtime_error_t* Instance::on_epoch(const wasmtime_context_t*, void* self, std::uint64_t* delta,
                                     wasmtime_update_deadline_kind_t* kind) {
    auto& instance = *static_cast<Instance*>(self);
    *delta = 1;
    *kind = WASMTIME_UPDATE_DEADLINE_YIELD;
    if (instance.timed_out_ || os::Clock::now() >= instance.deadline_) {
        instance.timed_out_ = true;
        return wasmtime_error_new("the call's time is over");
    }
    return nullptr;
}

os::Task<> Instance::drive(wasmtime_call_future_t* future) {
    future_.reset(future);
    co_await Drive(*this);
    future_.reset();
    co_return Result<void>();
}

Result<void> Instance::take_failure(std::string_view what) {
    const TrapHandle trap(std::exchange(trap_, nullptr));
    ErrorHandle error(std::exchange(error_, nullptr));
    std::string trace;
    if (trap) trace = trace_of(trap.get());
    if (error) trace = trace_of(error.get());

    if (timed_out_) {
        const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(state_.limits.call_time);
        return fail(Errc::timed_out, std::string(what) + ": the call's limit of " +
                                         std::to_string(limit.count()) + " ms is over" + trace);
    }
    if (state_.exit_code) return {}; // the trap was only the way out
    if (state_.trap_text) return fail(Errc::trapped, std::string(what) + ": " + *state_.trap_text + trace);
    if (trap) {
        wasm_message_t message;
        wasm_trap_message(trap.get(), &message);
        std::string text(message.data, message.size);
        wasm_byte_vec_delete(&message);
        // Wasmtime repeats the whole trace in its message; ours is shorter. Its last line says what happened.
        while (!text.empty() && (text.back() == '\0' || text.back() == '\n')) text.pop_back();
        if (const auto line = text.rfind('\n'); line != std::string::npos) text.erase(0, line + 1);
        if (const auto tag = text.find("wasm trap: "); tag != std::string::npos) text.erase(0, tag + 11);
        wasmtime_trap_code_t code = 0;
        const bool overflowed =
            wasmtime_trap_code(trap.get(), &code) && code == WASMTIME_TRAP_CODE_STACK_OVERFLOW;
        return fail(overflowed ? Errc::out_of_stack : Errc::trapped, std::string(what) + ": " + text + trace);
    }
    if (error) {
        std::string text = take_message(error.release());
        if (text.contains("maximum concurrent"))
            return fail(Errc::out_of_memory, "the runtime's pool of plugins is full: " + text);
        // Of a module that asks for more at its start than its limits grant.
        const bool is_too_large = text.contains("exceeds memory limits") || text.contains("exceeds table limits");
        return fail(is_too_large ? Errc::out_of_memory : Errc::bad_module, std::string(what) + ": " + text);
    }
    return {};
}

/// A module that leaves before it is ready is no instance to call.
Result<void> Instance::refuse_exit(std::string_view what) const {
    if (!state_.exit_code) return {};
    return fail(Errc::bad_module, std::string(what) + ": the plugin called proc_exit(" +
                                      std::to_string(*state_.exit_code) + ") before the call began");
}

// --- making the store ---

os::Task<> Instance::create_store() {
    Backend& backend = *main_->backend_;
    store_.reset(wasmtime_store_new(backend.engine.get(), &host_call_, nullptr));
    context_ = wasmtime_store_context(store_.get());
    const core::Limits& limits = state_.limits;
    wasmtime_store_limiter(store_.get(), static_cast<std::int64_t>(limits.memory_bytes),
                           static_cast<std::int64_t>(limits.table_elements), max_instances_per_store,
                           max_instances_per_store,
                           static_cast<std::int64_t>(1 + max_memories_per_module * (1 + linked_.size())));
    wasmtime_store_epoch_deadline_callback(store_.get(), &Instance::on_epoch, this, nullptr);
    wasmtime_context_set_epoch_deadline(context_, 1);

    const bool needs_kernel =
        main_->uses_kernel() ||
        std::ranges::any_of(linked_, [](const LinkedModule& linked) { return linked.module->uses_kernel(); });
    if (needs_kernel) {
        kernel_.emplace();
        HWS_CO_CHECK(co_await drive(wasmtime_instance_pre_instantiate_async(
            backend.kernel_pre.get(), context_, &*kernel_, &trap_, &error_)));
        HWS_CO_CHECK(take_failure("kernel"));
        wasmtime_extern_t memory;
        if (!wasmtime_instance_export_get(context_, &*kernel_, "memory", 6, &memory))
            co_return fail(Errc::bad_module, "the kernel has no memory");
        kernel_memory_.context = context_;
        kernel_memory_.memory = memory.of.memory;
        state_.kernel = &kernel_memory_;
    }
    // Start functions may call the host already, each from its own module.
    linear_memory_.context = context_;
    state_.memory = &linear_memory_;
    host_call_.callers_memory = &linear_memory_.memory;
    for (const LinkedModule& linked : linked_) {
        wasmtime_instance_t instance;
        HWS_CO_CHECK(co_await instantiate_module(*linked.module, instance));
        linked_instances_.emplace_back(linked.name, instance);
    }
    HWS_CO_CHECK(co_await instantiate_module(*main_, instance_));
    wasmtime_extern_t memory;
    if (wasmtime_instance_export_get(context_, &instance_, "memory", 6, &memory) &&
        memory.kind == WASMTIME_EXTERN_MEMORY)
        linear_memory_.memory = memory.of.memory;
    if (linked_.empty()) host_call_.callers_memory = nullptr; // known from now on

    for (std::size_t i = 0; i < linked_.size(); ++i)
        HWS_CO_CHECK(co_await initialize(*linked_[i].module, linked_instances_[i].second));
    HWS_CO_CHECK(co_await initialize(*main_, instance_));
    co_return Result<void>();
}

os::Task<> Instance::instantiate_module(const CompiledModule& module, wasmtime_instance_t& instance) {
    linker_.reset(wasmtime_linker_clone(module.linker_.get()));
    static constexpr std::string_view from = "extism:host/env";
    for (const std::string& name : module.kernel_imports_) {
        wasmtime_extern_t item;
        if (!wasmtime_instance_export_get(context_, &*kernel_, name.data(), name.size(), &item))
            co_return fail(Errc::unknown_import, std::string(from) + "." + name);
        if (auto* error = wasmtime_linker_define(linker_.get(), context_, from.data(), from.size(), name.data(),
                                                 name.size(), &item))
            co_return fail(Errc::bad_module, take_message(error));
    }
    for (const std::string& name : module.other_modules_) {
        const auto found = std::ranges::find(linked_instances_, name, &std::pair<std::string, wasmtime_instance_t>::first);
        if (found == linked_instances_.end())
            co_return fail(Errc::unknown_import, "module " + name + " stands after the one that imports it");
        if (auto* error = wasmtime_linker_define_instance(linker_.get(), context_, name.data(), name.size(),
                                                          &found->second))
            co_return fail(Errc::bad_module, take_message(error));
    }
    HWS_CO_CHECK(co_await drive(wasmtime_linker_instantiate_async(linker_.get(), context_, module.module_.get(),
                                                                  &instance, &trap_, &error_)));
    linker_.reset();
    HWS_CO_CHECK(take_failure("instantiate"));
    co_return refuse_exit("instantiate");
}

os::Task<> Instance::initialize(const CompiledModule& module, wasmtime_instance_t& instance) {
    // A reactor's `_initialize` runs its constructors; Haskell's runtime wants `hs_init`, with null for argc and argv.
    for (const std::string_view name : {"_initialize", "hs_init"}) {
        const ExportedFunction* const type = module.find_export(name);
        if (!type) continue;
        wasmtime_extern_t item;
        wasmtime_instance_export_get(context_, &instance, name.data(), name.size(), &item);
        HWS_CO_CHECK(co_await run_export(item.of.func, *type));
        HWS_CO_CHECK(take_failure(name));
        HWS_CO_CHECK(refuse_exit(name));
    }
    co_return Result<void>();
}

os::Task<> Instance::run_export(const wasmtime_func_t& function, const ExportedFunction& type) {
    wasmtime_val_t arguments[2] = {};
    for (wasmtime_val_t& argument : arguments) argument.kind = WASMTIME_I32;
    if (type.param_count > std::size(arguments) || type.result_count > 1)
        co_return fail(Errc::wrong_signature, type.name + type.signature);
    co_return co_await drive(wasmtime_func_call_async(context_, &function, arguments, type.param_count, &result_,
                                                      type.result_count, &trap_, &error_));
}

os::Task<> Instance::instantiate() {
    if (in_call_) co_return fail(Errc::busy);
    if (store_) co_return Result<void>();
    in_call_ = true;
    timed_out_ = false;
    state_.exit_code.reset();
    state_.trap_text.reset();
    deadline_ = os::deadline_after(state_.limits.call_time);
    Timer::arm(deadline_);
    auto created = co_await create_store();
    Timer::disarm();
    in_call_ = false;
    if (!created) drop_store();
    co_return created;
}

// --- a call ---

os::Task<CallOutcome> Instance::call(std::string_view export_name, std::span<const std::byte> input) {
    HWS_CO_TRY(const ExportedFunction* const type, find_callable(export_name));
    state_.exit_code.reset();
    state_.trap_text.reset();
    if (!store_) HWS_CO_CHECK(co_await instantiate());
    HWS_CO_TRY(const wasmtime_func_t function, begin_call(export_name, input));
    (void)co_await run_export(function, *type); // how it went is in trap_ and error_
    co_return end_call(export_name, *type);
}

// What need not live while the plugin runs stands outside of the coroutine: its frame is memory of every parked plugin.

Result<const ExportedFunction*> Instance::find_callable(std::string_view export_name) const {
    if (in_call_) return fail(Errc::busy, "a call is in progress");
    const ExportedFunction* const type = main_->find_export(export_name);
    if (!type)
        return fail(Errc::missing_export, std::string(export_name) + offer_exports(*main_, export_name));
    if (type->param_count != 0 || type->result_count > 1 || (type->result_count == 1 && !type->returns_i32))
        return fail(Errc::wrong_signature,
                    std::string(export_name) + type->signature + " cannot be called, it must be () -> i32 or ()");
    return type;
}

Result<wasmtime_func_t> Instance::begin_call(std::string_view export_name, std::span<const std::byte> input) {
    wasmtime_extern_t item;
    if (!wasmtime_instance_export_get(context_, &instance_, export_name.data(), export_name.size(), &item))
        return fail(Errc::missing_export, std::string(export_name));
    if (kernel_) {
        kernel::KernelView kernel = kernel_memory_.view();
        kernel.reset();
        if (!kernel.set_input(input)) return fail(Errc::out_of_memory, "the input does not fit the plugin's memory");
    }
    in_call_ = true;
    timed_out_ = false;
    deadline_ = os::deadline_after(state_.limits.call_time);
    Timer::arm(deadline_);
    return item.of.func;
}

Result<CallOutcome> Instance::end_call(std::string_view export_name, const ExportedFunction& type) {
    Timer::disarm();
    in_call_ = false;
    CallOutcome outcome;
    const auto failure = take_failure(export_name);
    if (failure && !state_.exit_code && type.result_count == 1) outcome.return_code = result_.of.i32;
    outcome.exit_code = state_.exit_code;
    if (kernel_) {
        const kernel::KernelView kernel = kernel_memory_.view();
        const std::span<const std::byte> output = kernel.output();
        outcome.output.assign(output.begin(), output.end());
        if (kernel.has_error()) outcome.error_text = kernel.error();
    }
    // Stopped in the middle, or a command that has had its one run.
    const bool is_over = !failure || state_.exit_code || export_name == "_start";
    if (is_over) drop_store();
    if (!failure) return std::unexpected(failure.error());
    return outcome;
}

} // namespace hws::host::engine
