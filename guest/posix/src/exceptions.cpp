// What a C++ program that throws needs to be linked. The C++ library for WebAssembly has no
// exceptions: a throw ends the program, as one that nobody catches does; what does not throw runs
// as it is.

#include <cstdio>
#include <cstdlib>
#include <typeinfo>

extern "C" {

void* __cxa_allocate_exception(std::size_t bytes) noexcept {
    return std::malloc(bytes);
}
void __cxa_free_exception(void* exception) noexcept {
    std::free(exception);
}

[[noreturn]] void __cxa_throw(void*, std::type_info*, void (*)(void*)) {
    std::fputs(
        "terminating: an exception was thrown, and exceptions cannot be caught in this build\n",
        stderr);
    std::abort();
}
}
