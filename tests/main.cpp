// main() of every test executable: doctest's own. Without its signal handlers, which would replace
// Wasmtime's: a wasm trap is a signal.
#define DOCTEST_CONFIG_NO_POSIX_SIGNALS
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
