#include "common/host.hpp"
#include "common/machine.hpp"
#include "instantiate/instantiate.hpp"

namespace hws::bench::instantiate {
namespace {

/// Makes plugins one after the other, each from the callback of the one before.
class Row {
public:
    Row(host::Runtime& runtime, const host::Module& module, std::uint64_t count, bool keeps)
        : runtime_(runtime), module_(module), left_(count), keeps_(keeps) {
        round_.operations = count;
        round_.operation_ns.reserve(count);
        plugins_.reserve(keeps ? count : 1);
    }
    Result<Round> run() {
        runtime_.post([this] {
            begin_ = last_ = now_ns();
            next();
        });
        return promise_.get_future().get();
    }

private:
    void next() {
        if (!keeps_) plugins_.clear();
        plugins_.push_back(runtime_.make_plugin(module_, plugin_options_));
        plugins_.back().call("empty", {}, [this](Result<host::Output> output) {
            if (!output) return promise_.set_value(std::unexpected(std::move(output).error()));
            const double now = now_ns();
            round_.operation_ns.push_back(now - last_);
            last_ = now;
            if (--left_ > 0) return next();
            round_.seconds = (now - begin_) / 1e9;
            promise_.set_value(std::move(round_));
        });
    }
    host::Runtime& runtime_;
    const host::Module& module_;
    const host::PluginOptions plugin_options_ = bench::plugin_options();
    std::uint64_t left_;
    bool keeps_;
    Round round_;
    double begin_ = 0;
    double last_ = 0;
    std::vector<host::Plugin> plugins_;
    std::promise<Result<Round>> promise_;
};

/// The loop has done what was posted and deferred to it before: dropped plugins are gone.
void settle(host::Runtime& runtime) {
    for (int i = 0; i < 2; ++i) {
        std::promise<void> promise;
        runtime.post([&] { promise.set_value(); });
        promise.get_future().get();
    }
}

} // namespace

Result<Round> run_lives(host::Runtime& runtime, const host::Module& module, std::uint64_t count) {
    return Row(runtime, module, count, false).run();
}

Result<Round> run_idle(host::Runtime& runtime, const host::Module& module, std::uint64_t count) {
    settle(runtime);
    const auto resident = static_cast<double>(resident_bytes());
    const auto mappings = static_cast<double>(mapping_count());
    Row row(runtime, module, count, true);
    HWS_TRY(Round round, row.run());
    round.plugin_bytes = (static_cast<double>(resident_bytes()) - resident) / static_cast<double>(count);
    round.plugin_mappings = (static_cast<double>(mapping_count()) - mappings) / static_cast<double>(count);
    return round;
}

} // namespace hws::bench::instantiate
