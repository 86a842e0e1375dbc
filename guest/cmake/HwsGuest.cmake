# How guest code is compiled, said once: the toolchain file for plugin authors and this project's own build both read it.
# Sets HWS_GUEST_CC, HWS_GUEST_CXX and the lists HWS_GUEST_FLAGS (both languages), HWS_GUEST_C_FLAGS, HWS_GUEST_CXX_FLAGS,
# HWS_GUEST_LINK_FLAGS, HWS_GUEST_REACTOR_LINK_FLAGS.
include_guard(GLOBAL)

find_program(HWS_GUEST_CC NAMES clang-22 REQUIRED)
find_program(HWS_GUEST_CXX NAMES clang++-22 REQUIRED)
find_program(HWS_GUEST_AR NAMES llvm-ar-22 llvm-ar)

# Debian's libc++ for wasm32 and wasi-libc; another sysroot's folders can be given instead.
find_path(HWS_GUEST_LIBCXX_INCLUDE __config
    PATHS /usr/lib/llvm-22/include/wasm32-wasi/c++/v1 /usr/include/wasm32-wasi/c++/v1 NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
find_path(HWS_GUEST_LIBC_INCLUDE wasi/api.h PATHS /usr/include/wasm32-wasi NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
if(NOT HWS_GUEST_LIBCXX_INCLUDE OR NOT HWS_GUEST_LIBC_INCLUDE)
    message(FATAL_ERROR "The C and C++ libraries for wasm32-wasi were not found; they are Debian's packages wasi-libc, "
                        "libc++-22-dev-wasm32, libc++abi-22-dev-wasm32 and libclang-rt-22-dev-wasm32.")
endif()

# clang 22 calls the target wasm32-wasip1 and wasm32-wasi deprecated, but Debian's folders carry the older name.
# -nostdlibinc keeps /usr/include out: a host header found by accident compiles and then means something else.
# The folders come back in the usual order: C++ library, compiler's own, C library.
set(HWS_GUEST_FLAGS
    --target=wasm32-wasi -Wno-deprecated -nostdlibinc
    -idirafter ${HWS_GUEST_LIBC_INCLUDE}
    -fvisibility=hidden -ffunction-sections -fdata-sections)
# gnu17 and not c17: with the latter wasi-libc hides POSIX's functions, which network code is made of.
set(HWS_GUEST_C_FLAGS -std=gnu17)
set(HWS_GUEST_CXX_FLAGS -std=c++23 -isystem ${HWS_GUEST_LIBCXX_INCLUDE} -fno-exceptions -fno-rtti -fvisibility-inlines-hidden)
set(HWS_GUEST_LINK_FLAGS --target=wasm32-wasi -Wno-deprecated -Wl,--gc-sections -Wl,--strip-debug)
# A reactor has no main: the host calls _initialize once and then the exports, those marked with
# __attribute__((export_name("..."))) or visible by default.
set(HWS_GUEST_REACTOR_LINK_FLAGS -mexec-model=reactor)
