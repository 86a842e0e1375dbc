#include "common/host.hpp"

#include "common/machine.hpp"

namespace hws::bench {

using namespace std::chrono_literals;

Result<host::Runtime> make_runtime(int cpu, std::uint32_t max_plugins) {
    pin(cpu);
    host::RuntimeOptions options;
    options.max_plugins = max_plugins;
    options.use_cache = false;
    return host::Runtime::create(std::move(options));
}

std::string guest_file(std::string_view name) { return HWS_GUEST_DIR "/" + std::string(name) + ".wasm"; }

host::PluginOptions plugin_options() {
    host::PluginOptions options;
    options.policy = host::Policy::parse({"allow tcp:127.0.0.0/8:*", "allow udp:127.0.0.1:*", "allow tcp-listen:127.0.0.1:*",
                                          "allow accept:127.0.0.1:*"}).value();
    options.limits.call_time = 10min;
    options.limits.v1_socket_wait = 5min;
    return options;
}

double loop_cpu_ns(host::Runtime& runtime) {
    std::promise<double> promise;
    runtime.post([&] { promise.set_value(thread_cpu_ns()); });
    return promise.get_future().get();
}

Result<std::string> call(host::Plugin& plugin, std::string_view export_name, std::string_view input) {
    HWS_TRY(const host::Output output, plugin.call(export_name, input));
    return std::string(output.text());
}

} // namespace hws::bench
