// The smallest plugin: `hws call greet.wasm greet --input World` prints "Hello, World!".
#include <hws/plugin.hpp>

hws::Result<void> greet() {
    const std::string who = hws::input_text();
    if (who.empty()) return hws::fail(hws::Errc::invalid_argument, "greet whom?");

    const std::string greeting = hws::config("greeting").value_or("Hello");
    hws::output(greeting + ", " + who + "!");
    return {};
}
HWS_PLUGIN_EXPORT(greet)
