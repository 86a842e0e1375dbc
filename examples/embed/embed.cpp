// A program that runs a plugin: the whole of what embedding needs.
#include <hws/host/runtime.hpp>
#include <iostream>

using namespace hws::host;

hws::Result<std::string> greet(const char* wasm, std::string_view who) {
    HWS_TRY(auto runtime, Runtime::create());
    HWS_TRY(auto module, runtime.load_file(wasm));
    HWS_TRY(auto policy,
            Policy::parse({"allow tcp:127.0.0.1:6379", "allow https:*.example.com:443"}));
    auto plugin =
        runtime.make_plugin(module, {.policy = policy, .config = {{"greeting", "Good day"}}});
    HWS_TRY(auto output, plugin.call("greet", who));
    return std::string(output.text());
}

int main(int, char** arguments) {
    const auto greeting = greet(arguments[1], "World");
    std::cout << (greeting ? *greeting : greeting.error().message()) << '\n';
    return greeting ? 0 : 1;
}
