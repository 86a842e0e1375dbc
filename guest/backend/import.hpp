#pragma once
/// HWS_IMPORT(module, name) before a declaration: the function is the host's. In a native build
/// (tests of the SDK with a pretended host) it is an ordinary function that the test defines.
#ifdef __wasm__
#define HWS_IMPORT(module, name) [[clang::import_module(module), clang::import_name(name)]]
#else
#define HWS_IMPORT(module, name)
#endif
