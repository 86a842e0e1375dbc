#!/usr/bin/env python3
"""hws-cc and hws-c++ are used as compilers are: by hand, moved to another place, by make and by CMake."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

BUILD, WORK, CMAKE = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
SOCKETS = "#include <sys/socket.h>\n#include <netdb.h>\nint main(void) { return socket(AF_INET, SOCK_STREAM, 0) < 0; }\n"
failures = []


def run(*command, **options):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=WORK, timeout=200, **options)


def check(what, good, said=""):
    if not good:
        failures.append(f"{what}\n{said}")


def is_wasm(name):
    file = WORK / name
    return file.is_file() and file.read_bytes()[:4] == b"\0asm"


shutil.rmtree(WORK, ignore_errors=True)
WORK.mkdir(parents=True)
(WORK / "sockets.c").write_text(SOCKETS)
(WORK / "sockets.cpp").write_text("#include <vector>\n" + SOCKETS)
(WORK / "host_only.c").write_text("#include <sys/epoll.h>\n")
cc, cxx = BUILD / "bin/hws-cc", BUILD / "bin/hws-c++"

result = run(cc, "-Wall", "-Werror", "sockets.c")
check("a program without -o becomes a.out", is_wasm("a.out"), result.stderr)
result = run(cc, "-Wall", "-Werror", "-c", "sockets.c")
check("-c compiles and links nothing, without a word", is_wasm("sockets.o") and not result.stderr, result.stderr)
result = run(cc, "sockets.o", "-pthread", "-rdynamic", "-lresolv", "-o", "linked.wasm")
check("objects are linked, whatever Linux wants besides", is_wasm("linked.wasm"), result.stderr)
result = run(cc, "-E", "-", input="AF\n#include <sys/socket.h>\nAF_INET\n")
check("-E preprocesses what stands in the input", result.returncode == 0 and "AF" in result.stdout, result.stderr)
result = run(cc, "-M", "sockets.c")
check("-M names our headers", "share/hws/posix/include/netdb.h" in result.stdout, result.stdout + result.stderr)
result = run(cc, "--version")
check("--version answers", result.returncode == 0 and "clang" in result.stdout, result.stderr)
result = run(cc, "-v")
check("-v alone answers", result.returncode == 0 and "wasm32" in result.stderr and "warning" not in result.stderr, result.stderr)
result = run(cc, "host_only.c")
check("a header of this machine alone is not found", "'sys/epoll.h' file not found" in result.stderr, result.stderr)
result = run(cxx, "-std=c++23", "-Wall", "-Werror", "sockets.cpp", "-o", "cpp.wasm")
check("C++ has its library", is_wasm("cpp.wasm"), result.stderr)

elsewhere = WORK / "elsewhere"
shutil.copytree(BUILD / "share/hws", elsewhere / "share/hws")
(elsewhere / "bin").mkdir()
shutil.copy(cc, elsewhere / "bin")
result = run(elsewhere / "bin/hws-cc", "-v", "sockets.c", "-o", "moved.wasm")
check("the compiler works where it was moved to", is_wasm("moved.wasm") and str(elsewhere) in result.stderr, result.stderr)
(WORK / "link").symlink_to(cc)
result = run("./link", "sockets.c", "-o", "symlink.wasm")
check("the compiler works through a symbolic link", is_wasm("symlink.wasm"), result.stderr)

if shutil.which("make"):
    result = run("make", "-f", "/dev/null", "sockets", env={**os.environ, "CC": str(cc)})
    check("make builds with CC=hws-cc", is_wasm("sockets"), result.stdout + result.stderr)

project = WORK / "project"
project.mkdir()
(project / "CMakeLists.txt").write_text("""cmake_minimum_required(VERSION 3.16)
project(outside C CXX)
include(CheckFunctionExists)
include(CheckIncludeFile)
check_function_exists(getaddrinfo HAVE_GETADDRINFO)
check_function_exists(epoll_create HAVE_EPOLL)
check_include_file(netdb.h HAVE_NETDB_H)
if(NOT HAVE_GETADDRINFO OR NOT HAVE_NETDB_H OR HAVE_EPOLL)
    message(FATAL_ERROR "the checks are wrong")
endif()
add_library(part STATIC ../sockets.cpp)
add_executable(outside ../sockets.c)
""")
result = run(CMAKE, "-S", project, "-B", WORK / "project-build", f"-DCMAKE_C_COMPILER={cc}", f"-DCMAKE_CXX_COMPILER={cxx}")
if result.returncode == 0:
    result = run(CMAKE, "--build", WORK / "project-build")
check("CMake builds with hws-cc", is_wasm("project-build/outside"), result.stdout + result.stderr)

print("\n".join(failures) or "the compilers do what compilers do")
sys.exit(1 if failures else 0)
