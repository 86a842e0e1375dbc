#!/usr/bin/env python3
"""Reads every #include of the tree and says which point upward. The rules are the tables below, and nowhere else."""

import re
import sys
from pathlib import Path

ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)

# Folder: what it may include besides itself. The longest folder that matches a file is the file's.
LAYERS = {
    "abi": [],
    "kernel": ["abi"],
    "guest/include": ["abi"],
    # The SDK's private values (a request, a socket option) are spoken by the API and the backend alike.
    "guest/backend": ["abi", "guest/include", "guest/src"],
    "guest/src": ["abi", "guest/include", "guest/backend"],
    "guest/libc": [],
    "guest/posix": ["abi", "guest/include", "guest/backend"],
    "host/os": ["abi"],
    "host/core": ["abi", "host/os"],
    # The kernel stands beside the adapter, which reads the layout of its blocks in place.
    "host/adapter": ["abi", "host/os", "host/core", "kernel"],
    # The policy and the limits that an embedder writes are the very values the core asks.
    "host/include": ["abi", "host/core"],
    "host/engine": ["abi", "host/os", "host/core", "host/adapter", "host/include", "kernel"],
    "host/runtime": ["abi", "host/os", "host/core", "host/adapter", "host/engine", "host/include", "kernel"],
    "cli": ["abi", "host/include"],
    "examples": ["abi", "guest/include", "host/include"],
    "tests": ["*"],
    "bench": ["*"],
}

# Libraries from outside, by the beginning of the header's name, and the folders that may include them.
LIBRARIES = {
    # Another engine must be possible beside it. tests/kernel runs the kernel by itself, without ours; tests/host/runtime
    # assembles the small modules it loads.
    "wasmtime": ["host/engine", "tests/host/engine", "tests/host/runtime", "tests/kernel", "bench"],
    "wasm.h": ["host/engine", "tests/host/engine", "tests/kernel", "bench"],
    "curl/": ["host/core", "bench"],
    "ares": ["host/core"],
    "brotli/": ["host/core", "tests/support"],
    "zlib.h": ["host/core", "tests/support"],
    "zstd": ["host/core", "tests/support"],
    "toml++/": ["host/core"],  # policy files; `cli` hands over their path
    "nlohmann/": ["host", "cli", "tests", "bench", "examples"],
    "CLI/": ["cli", "bench"],
    "doctest/": ["tests"],
    "asio": ["bench/loop"],  # what our loop is compared with
    "hiredis.h": ["bench/hiredis"],  # other people's code, in the sandbox
    "wslay/": ["host/core"],
    "openssl/": ["host/core", "host/engine", "host/runtime", "tests", "bench"],  # TLS, cached modules, a manifest's hashes
    "hws/tls.h": ["guest/posix", "tests/posix"],  # the one header of ours among the system's
    "wasm_simd128.h": ["guest/libc"],  # the compiler's
    "wasi/": ["guest/posix"],  # preview 1, as wasi-libc declares it
    "__": ["guest/posix/include"],  # the pieces of wasi-libc's headers, some of which stand there anew
}

# Headers of the operating system, and the folders that may include them.
SYSTEM = re.compile(
    r"^((sys|net|netinet|arpa|linux|asm|bits)/.*|(unistd|poll|fcntl|netdb|ifaddrs|signal|pthread|pwd|grp|dirent|sched|spawn|"
    r"syslog|termios|dlfcn|resolv|ucontext|execinfo|endian|byteswap|strings)\.h)$")
SYSTEM_FOLDERS = [
    "host/os",
    "tests",
    "bench",
    "cli",  # is the output a terminal, and what to do at a signal
    "examples",  # their servers and the programs that are compiled unchanged
    "guest/posix",  # implements them
    "guest/src",  # wasi-libc's, not the host's
    "guest/backend",
]

# (file, header): reason. A header that a file may include although the tables say no.
EXCEPTIONS = {
    ("guest/include/hws/nlohmann_json.hpp", "nlohmann/json.hpp"):
        "the adaptor to that library, for plugins which use it; nothing else of the SDK includes this file",
}

STANDARD = set("""
    algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes climits clocale cmath
    codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib cstring ctime
    cuchar cwchar cwctype deque exception execution expected filesystem format forward_list fstream functional future
    initializer_list iomanip ios iosfwd iostream istream iterator latch limits list locale map memory memory_resource mutex new
    numbers numeric optional ostream print queue random ranges ratio regex scoped_allocator semaphore set shared_mutex
    source_location span spanstream sstream stack stacktrace stdexcept stop_token streambuf string string_view strstream
    syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map unordered_set utility valarray variant vector
    version cxxabi.h assert.h ctype.h errno.h float.h inttypes.h limits.h math.h setjmp.h stdarg.h stdbool.h stddef.h stdint.h
    stdio.h stdlib.h string.h time.h wchar.h
""".split())

# Where <...> and "..." are looked for, as the build has it.
SEARCH = ["abi", "guest", "guest/include", "host", "host/include", "tests", "bench", "."]
# Written during the build.
GENERATED = re.compile(r"(^|/)(kernel_wasm|.*\.generated)\.(hpp|inc|h)$")

INCLUDE = re.compile(r'^\s*#\s*include(?:_next)?\s*([<"])([^>"]+)[>"]', re.MULTILINE)
SUFFIXES = {".hpp", ".cpp", ".h", ".c", ".cc", ".def", ".inc"}


def inside(path, folder):
    return folder == "*" or path == folder or path.startswith(folder.rstrip("/") + "/")


def layer_of(path):
    return max((layer for layer in LAYERS if inside(path, layer)), key=len, default=None)


def find(includer, header, quoted):
    """The file of this tree that is meant, as a path from the root, or None."""
    folders = ([includer.parent] if quoted else []) + [ROOT / folder for folder in SEARCH]
    for folder in folders:
        candidate = (folder / header).resolve()
        if candidate.is_file() and candidate.is_relative_to(ROOT):
            return candidate.relative_to(ROOT).as_posix()
    return None


def complaint(path, header, quoted):
    """Why the file may not include the header, or None."""
    if (path, header) in EXCEPTIONS:
        return None
    target = find(ROOT / path, header, quoted)
    layer = layer_of(path)
    if target is not None:
        target_layer = layer_of(target)
        allowed = LAYERS[layer] + [layer]
        if target_layer is None or any(inside(target_layer, folder) for folder in allowed):
            return None
        return f"{layer} may include {', '.join(LAYERS[layer]) or 'nothing of the others'}, not {target_layer}"
    if header in STANDARD or GENERATED.search(header):
        return None
    if SYSTEM.match(header):
        if any(inside(path, folder) for folder in SYSTEM_FOLDERS):
            return None
        return f"system headers belong to {', '.join(SYSTEM_FOLDERS)}"
    for prefix, folders in LIBRARIES.items():
        if header.startswith(prefix):
            if any(inside(path, folder) for folder in folders):
                return None
            return f"this library belongs to {', '.join(folders)}"
    return "a header no table knows: enter it in tests/layering_test.py, or is its name misspelt?"


def main():
    complaints = []
    files = 0
    used = set()
    for layer in LAYERS:
        for file in sorted((ROOT / layer).rglob("*")):
            path = file.relative_to(ROOT).as_posix()
            if file.suffix not in SUFFIXES or not file.is_file() or layer_of(path) != layer:
                continue
            files += 1
            text = file.read_text(errors="replace")
            for match in INCLUDE.finditer(text):
                header = match.group(2)
                used.add((path, header))
                why = complaint(path, header, match.group(1) == '"')
                if why is not None:
                    line = text.count("\n", 0, match.start(1)) + 1
                    complaints.append(f"{path}:{line}: includes {header}: {why}")
    for path, header in EXCEPTIONS:
        if (path, header) not in used:
            complaints.append(f"tests/layering_test.py: the exception for {path} and {header} is not needed any more")
    print("\n".join(complaints) or f"{files} files, and nothing points upward")
    if files == 0:
        print(f"no sources under {ROOT}")
    sys.exit(1 if complaints or files == 0 else 0)


if __name__ == "__main__":
    main()
