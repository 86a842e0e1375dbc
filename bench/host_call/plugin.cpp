#include "common/host.hpp"
#include "common/machine.hpp"
#include "host_call/host_call.hpp"

namespace hws::bench::host_call {

Result<Round> run_plugin(host::Plugin& plugin, const std::string& export_name, std::uint64_t batches) {
    Round round{.operations = batches * batch};
    const double begin = now_ns();
    double last = begin;
    for (std::uint64_t i = 0; i < batches; ++i) {
        HWS_CHECK(call(plugin, export_name, ""));
        const double now = now_ns();
        round.operation_ns.push_back((now - last) / batch);
        last = now;
    }
    round.seconds = (last - begin) / 1e9;
    return round;
}

} // namespace hws::bench::host_call
