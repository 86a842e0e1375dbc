// clang-format off
// A WASI command in C++: iostream, chrono, random_device, threads' sleep. Becomes wasi_hello_cpp.wasm.
// Output, one line each: "hello from C++", "args=<n>", "system_clock=ok", "steady_clock=ok", "random=ok", "global=constructed",
// then on stderr "bye". The argument `exit=<n>` ends with that code.
// clang-format on

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {
struct Global {
    std::string text = "constructed";
};
const Global global;
} // namespace

int main(int argc, char** argv) {
    using namespace std::chrono;
    const std::vector<std::string_view> arguments(argv, argv + argc);
    std::cout << "hello from C++\nargs=" << arguments.size() << '\n';

    const auto year_2024 = sys_days(year(2024) / 1 / 1);
    std::cout << "system_clock=" << (system_clock::now() > year_2024 ? "ok" : "bad") << '\n';

    const auto start = steady_clock::now();
    auto later = start;
    while (later - start < milliseconds(5))
        later = steady_clock::now();
    std::cout << "steady_clock=" << (later - start < seconds(5) ? "ok" : "bad") << '\n';

    std::random_device device;
    std::uint64_t first = device(), second = device(), third = device();
    std::cout << "random=" << (first != second || second != third ? "ok" : "bad") << '\n';
    std::cout << "global=" << global.text << std::endl;
    std::cerr << "bye\n";

    for (const std::string_view argument : arguments)
        if (argument.starts_with("exit=")) return std::atoi(argument.substr(5).data());
}
