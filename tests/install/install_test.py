#!/usr/bin/env python3
"""`cmake --install` gives a tree that projects outside can use, also after it was moved.

Arguments: cmake, the source folder, the build folder, a folder to work in, the C++ compiler, sanitizers of the build.
"""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

CMAKE, SOURCE, BUILD, WORK, CXX, SANITIZE = sys.argv[1:]
SOURCE, WORK = Path(SOURCE), Path(WORK)
PREFIX = WORK / "moved"
# What the surroundings would say of hws must not matter.
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith(("HWS_", "CMAKE_", "WASMTIME_"))}


def must(what, *command, said=None, **options):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=500, env=ENVIRONMENT,
                            **{"cwd": WORK, **options})
    if result.returncode != 0 or (said and said not in result.stdout):
        sys.exit(f"{what}: {result.returncode}\n{result.stdout[-3000:]}{result.stderr[-3000:]}")
    return result.stdout


def cmake_build(name, cmake_lists, *options, **sources):
    """The build folder of a project of these sources."""
    folder = WORK / name
    folder.mkdir()
    (folder / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.25)\n" + cmake_lists)
    for file, text in sources.items():
        (folder / file.replace("_", ".", 1)).write_text(text)
    must(f"{name}: configure", CMAKE, "-S", folder, "-B", folder / "b", "-DCMAKE_BUILD_TYPE=Release", *options)
    must(f"{name}: build", CMAKE, "--build", folder / "b")
    return folder / "b"


CLIENT = r"""
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
int main(int count, char** arguments) {
    struct addrinfo hints, *found;
    char answer[16];
    ssize_t length;
    int fd;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    if (count < 2 || getaddrinfo("127.0.0.1", arguments[1], &hints, &found) != 0) return 1;
    fd = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
    if (connect(fd, found->ai_addr, found->ai_addrlen) < 0) return perror("connect"), 2;
    freeaddrinfo(found);
    length = read(fd, answer, sizeof answer);
    if (length <= 0) return 3;
    return printf("the server says %.*s\n", (int)length, answer) < 0;
}
"""


def check_client(module):
    """The client gets what a server here says, and without a rule nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        command = [PREFIX / "bin/hws", "run", "--allow", f"tcp:127.0.0.1:{port}", module, "--", port]
        client = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
        server.settimeout(60)
        connection = server.accept()[0]
        connection.sendall(b"hello")
        connection.close()
        if client.communicate(timeout=60)[0] != "the server says hello\n":
            sys.exit(f"{module}: the client said something else")
        denied = subprocess.run([str(part) for part in (PREFIX / "bin/hws", "run", module, "--", port)], capture_output=True, env=ENVIRONMENT, timeout=60)
        if denied.returncode != 2:
            sys.exit(f"{module}: {denied} without a rule")


shutil.rmtree(WORK, ignore_errors=True)
WORK.mkdir(parents=True)
must("install", CMAKE, "--install", BUILD, "--prefix", WORK / "first")
(WORK / "first").rename(PREFIX)
for file in PREFIX.rglob("*"):
    if file.suffix in (".cmake", ".hpp", ".h", ".cpp") and str(SOURCE) in file.read_text():
        sys.exit(f"{file} names the tree it was built in")

# --- a plugin
plugin = cmake_build("greet", "project(greet C CXX)\nfind_package(hws-guest REQUIRED)\nhws_add_plugin(greet greet.cpp)\n",
                     "--toolchain", PREFIX / "share/hws/guest/cmake/hws-toolchain.cmake",
                     greet_cpp=(SOURCE / "examples/greet/greet.cpp").read_text())
must("the command", PREFIX / "bin/hws", "call", plugin / "greet.wasm", "greet", "--input", "World", said="World")

# --- a host
flags = f"-fsanitize={SANITIZE}".replace(";", ",") if SANITIZE else ""
host = cmake_build("embed", "project(embed CXX)\nfind_package(hws 0.1 REQUIRED)\nadd_executable(embed embed.cpp)\n"
                   "target_link_libraries(embed PRIVATE hws::host)\n",
                   f"-DCMAKE_PREFIX_PATH={PREFIX}", f"-DCMAKE_CXX_COMPILER={CXX}", f"-DCMAKE_CXX_FLAGS={flags}",
                   embed_cpp=(SOURCE / "examples/embed/embed.cpp").read_text())
must("the embedder", host / "embed", plugin / "greet.wasm", said="Good day, World!")

# --- plain C: by make, by what a configure script asks, by CMake
(WORK / "client.c").write_text(CLIENT)
must("make", "make", "-f", "/dev/null", "client", f"CC={PREFIX / 'bin/hws-cc'}", "CFLAGS=-Wall -Werror")
check_client(WORK / "client")

for function, there in (("getaddrinfo", True), ("sigaction", True), ("alarm", False), ("epoll_create", False)):
    # as autoconf's AC_CHECK_FUNC: any declaration will do, the linker decides
    (WORK / "conftest.c").write_text(f"char {function}(void);\nint main(void) {{ return {function}(); }}\n")
    result = subprocess.run([str(PREFIX / "bin/hws-cc"), "-fno-builtin", "conftest.c", "-o", "conftest"], cwd=WORK, capture_output=True, env=ENVIRONMENT)
    if (result.returncode == 0) != there:
        sys.exit(f"a configure script is told the wrong thing of {function}: {result.stderr.decode()}")

program = cmake_build("program", "project(client C CXX)\ninclude(CheckSymbolExists)\nset(CMAKE_REQUIRED_DEFINITIONS -D_GNU_SOURCE)\n"
                      "check_symbol_exists(accept4 sys/socket.h HAVE_ACCEPT4)\nif(NOT HAVE_ACCEPT4)\nmessage(FATAL_ERROR accept4)\nendif()\n"
                      "add_executable(client client.c)\nenable_testing()\nadd_test(NAME usage COMMAND client)\n"
                      "set_tests_properties(usage PROPERTIES WILL_FAIL TRUE)\n",
                      "--toolchain", PREFIX / "share/hws/posix/hws-posix-toolchain.cmake", client_c=CLIENT)
check_client(program / "client")
print("the installed tree builds and runs a plugin, a host and C programs")
