#!/usr/bin/env python3
"""hws-cc and hws-c++ over `zig cc` and `zig c++`, whose wasi-libc is newer and has some of our functions: every name is declared, every
function links, and programs do the same as with clang.

Arguments: the build folder, the command hws, a folder to work in, clang, the folder of the native programs.
Skipped (exit code 77) where scripts/fetch_zig cannot bring Zig.
"""

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

BUILD, HWS, WORK, CLANG, NATIVE = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4], Path(sys.argv[5])
HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
CC, CXX = BUILD / "bin/hws-cc", BUILD / "bin/hws-c++"
STRICT = ["-Wall", "-Wextra", "-Werror"]


def run(*command, **options):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=900, **options)


def must(what, *command, **options):
    result = run(*command, **options)
    if result.returncode != 0:
        sys.exit(f"{what}: {result.returncode}\n{result.stdout[-4000:]}{result.stderr[-4000:]}")
    return result.stdout


fetched = run(sys.executable, SOURCE / "scripts/fetch_zig")
if fetched.returncode != 0:
    print(f"skipped: Zig cannot be had. {fetched.stderr}")
    sys.exit(77)
WORK.mkdir(parents=True, exist_ok=True)
# What zig has compiled of its libraries stays here from one run to the next.
ZIG = {**os.environ, "HWS_CC_COMPILER": fetched.stdout.strip(), "ZIG_GLOBAL_CACHE_DIR": str(WORK / "cache")}


def zig(what, *command):
    must(what, *command, cwd=WORK, env=ZIG)


# --- names
zig("every name in C90", CC, *STRICT, "-std=c90", "-pedantic-errors", HERE / "names.c", "-o", "names.wasm")
zig("every name in C++23", CXX, *STRICT, "-std=c++23", "-x", "c++", HERE / "names.c", "-o", "names_cpp.wasm")
must("every name of clang's", sys.executable, HERE / "every_name_test.py", BUILD, WORK, CLANG)
zig("every function links beside zig's C library", CC, "-D_GNU_SOURCE", "-Wno-everything", "every_function.c", "-o", "every_function.wasm")

# --- programs in C, held against their native twins
for program in ("allocation", "facts", "echo_select", "echo_poll", "echo_nonblocking", "format", "own_malloc", "text"):
    module = WORK / f"{program}.wasm"
    zig(program, CC, "-O2", *STRICT, HERE / f"{program}.c", "-o", module)
    must(program, sys.executable, HERE / "programs_test.py", program, HWS, module, NATIVE / f"posix_{program}_native",
         SOURCE / "abi/functions.def")

zig("unix", CC, "-O2", *STRICT, HERE / "unix.c", "-o", WORK / "unix.wasm")
must("unix", sys.executable, HERE / "unix_test.py", HWS, WORK / "unix.wasm", NATIVE / "posix_unix_native")

# --- a plugin of the SDK in C++
sdk = SOURCE / "guest"
parts = [*(sdk / "src").glob("*.cpp"), *(sdk / "backend").glob("v2_*.cpp"), sdk / "backend/block.cpp",
         sdk / "backend/descriptor_socket.cpp", sdk / "backend/unix_socket.cpp", SOURCE / "abi/ip_addr.cpp"]
zig("hello_net", CXX, "-O2", *STRICT, "-std=c++23", "-fno-exceptions", "-fno-rtti", "-mexec-model=reactor", f"-I{sdk / 'include'}",
    f"-I{SOURCE / 'abi'}", SOURCE / "examples/hello_net/hello_net.cpp", *parts, "-o", "hello_net.wasm")
with socket.create_server(("127.0.0.1", 0)) as server:
    def echo():
        with server.accept()[0] as peer:
            while piece := peer.recv(4096):
                peer.sendall(piece)

    threading.Thread(target=echo, daemon=True).start()
    port = server.getsockname()[1]
    said = must("hello_net", HWS, "call", WORK / "hello_net.wasm", "execute", "--input", f"tcp=127.0.0.1:{port}",
                "--allow", f"tcp:127.0.0.1:{port}")
    if "\ntcp echo\tok" not in said:
        sys.exit(f"hello_net: {said}")
print("zig builds every name, every function, nine programs and a plugin, and they run as clang's do")
