#include "common/host.hpp"
#include "common/machine.hpp"
#include "empty_call/empty_call.hpp"

namespace hws::bench::empty_call {
namespace {

class Chain {
public:
    Chain(host::Plugin& plugin, std::uint64_t count) : plugin_(plugin), left_(count) {
        round_.operations = count;
        round_.operation_ns.reserve(count);
    }
    void start() {
        begin_ = last_ = now_ns();
        next();
    }
    Result<Round> wait() { return promise_.get_future().get(); }

private:
    void next() {
        plugin_.call("empty", {}, [this](Result<host::Output> output) {
            if (!output) return promise_.set_value(std::unexpected(std::move(output).error()));
            const double now = now_ns();
            round_.operation_ns.push_back(now - last_);
            last_ = now;
            if (--left_ > 0) return next();
            round_.seconds = (now - begin_) / 1e9;
            promise_.set_value(std::move(round_));
        });
    }
    host::Plugin& plugin_;
    std::uint64_t left_;
    Round round_;
    double begin_ = 0;
    double last_ = 0;
    std::promise<Result<Round>> promise_;
};

} // namespace

Result<Round> run_chained(host::Runtime& runtime, host::Plugin& plugin, std::uint64_t count) {
    Chain chain(plugin, count);
    runtime.post([&] { chain.start(); });
    return chain.wait();
}

Result<Round> run_blocking(host::Plugin& plugin, std::uint64_t count) {
    Round round{.operations = count};
    const double begin = now_ns();
    double last = begin;
    for (std::uint64_t i = 0; i < count; ++i) {
        HWS_CHECK(plugin.call("empty"));
        const double now = now_ns();
        round.operation_ns.push_back(now - last);
        last = now;
    }
    round.seconds = (last - begin) / 1e9;
    return round;
}

} // namespace hws::bench::empty_call
