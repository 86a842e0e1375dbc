#pragma once
/// What the figures depend on: the machine and the build; CPUs to pin to; the memory of this process.

#include <cstddef>
#include <string>
#include <sys/types.h>

namespace hws::bench {

struct Machine {
    std::string processor;
    int cpus = 0;
    std::string kernel;
    std::string commit; ///< with "+" when the working tree differs from it
    std::string compiler;
    std::string wasmtime;
};
Machine this_machine();

/// The CPU number of the n-th CPU this program may use; the first again when there are not so many.
int cpu(int n);
/// Keeps the thread (0: the calling one; threads it makes later inherit it) on that CPU.
void pin(int cpu, pid_t thread = 0);

/// Of this process, now: resident pages and the page tables that lead to them.
std::size_t resident_bytes();
std::size_t mapping_count();

/// Nanoseconds of the monotonic clock, the same for all processes.
double now_ns();
/// Nanoseconds of CPU time that the calling thread has had, the system's work for it included.
double thread_cpu_ns();

} // namespace hws::bench
