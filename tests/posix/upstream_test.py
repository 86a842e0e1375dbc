#!/usr/bin/env python3
"""hiredis, c-ares and curl, unchanged from Debian's source packages, are built with hws-cc and work in the sandbox.

Arguments: the build folder, the command hws, a folder to work in, cmake. The sources are kept in ~/.cache/hws; where they are not
and Debian's archive cannot be reached either, the test is skipped (exit code 77).
"""

import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from upstream_source import SOURCES, source_archive

BUILD, HWS, WORK, CMAKE = Path(sys.argv[1]).resolve(), sys.argv[2], Path(sys.argv[3]).resolve(), sys.argv[4]
CC = BUILD / "bin/hws-cc"
# Compiling curl takes most of the time, and is the same from one run to the next.
LAUNCHER = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
servers = []


def run(*command, cwd=WORK, timeout=900, **options):
    return subprocess.run([str(part) for part in command], cwd=cwd, timeout=timeout, capture_output=True, **options)


def must(what, result):
    if result.returncode != 0:
        sys.exit(f"{what}: {result.returncode}\n{result.stdout.decode()[-4000:]}{result.stderr.decode()[-4000:]}")
    return result


def sandbox(module, *arguments, rules=(), options=(), **more):
    allowed = [part for rule in ("tcp:loopback:*", "resolve:localhost", *rules) for part in ("--allow", rule)]
    return run(HWS, "run", *allowed, *options, module, "--", *arguments, **more)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def serve(port, *command):
    servers.append(subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"{command[0]} does not listen on {port}")


def compiler_stamp():
    """Changes with the compiler and the headers: what was built before counts no more."""
    digest = hashlib.sha256(CC.read_bytes())
    for header in sorted((BUILD / "share/hws/posix/include").rglob("*.h")):
        digest.update(header.read_bytes())
    return digest.hexdigest()


def fetch(package, *programs):
    """The folder of the upstream source. One that was built with this very compiler is kept, its programs to be linked anew."""
    folder = WORK / package
    wanted = source_archive(package).name + compiler_stamp()
    stamp = folder / "built_with"
    if stamp.is_file() and stamp.read_text() == wanted:
        for program in programs:
            (folder / program).unlink(missing_ok=True)
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    must("tar", run("tar", "xf", source_archive(package), "-C", folder, "--strip-components=1"))
    stamp.write_text(wanted)
    return folder


def cmake_build(folder, *options):
    must("cmake", run(CMAKE, "-S", folder, "-B", folder / "b", f"-DCMAKE_C_COMPILER={CC}", *LAUNCHER, "-DCMAKE_AR=/usr/bin/llvm-ar-22",
                      "-DCMAKE_RANLIB=/usr/bin/llvm-ranlib-22", "-DCMAKE_SKIP_RPATH=ON", "-DCMAKE_BUILD_TYPE=Release", *options))
    must("cmake --build", run(CMAKE, "--build", folder / "b", "-j2"))


def hiredis():
    folder = fetch("hiredis", "hiredis-test")
    must("make", run("make", f"CC={CC}", "AR=llvm-ar-22", "hiredis-test", cwd=folder))
    port = free_port()
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        path = f"{os.path.realpath(short)}/redis.sock"
        serve(port, "redis-server", "--port", port, "--unixsocket", path, "--save", "", "--enable-debug-command", "local", "--dir", WORK)
        result = sandbox(folder / "hiredis-test", "-h", "127.0.0.1", "-p", str(port), "-s", path,
                         rules=("resolve:*:*", f"unix:{path}"), options=("--memory-max", "30000"))
        said = result.stdout.decode()
        if result.returncode != 0 or "FAILED" in said or "ALL TESTS PASSED" not in said or "against inherited fd" not in said:
            sys.exit(f"hiredis-test: {result.returncode}\n{said}{result.stderr.decode()}")
        pipelining_and_subscriptions(folder, port)


PIPELINE_AND_SUBSCRIBE = r"""
#include <hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
enum { commands = 10000 };
static redisReply* next(redisContext* redis) {
    void* reply = NULL;
    if (redisGetReply(redis, &reply) != REDIS_OK) {
        fprintf(stderr, "%s\n", redis->errstr);
        exit(1);
    }
    return reply;
}
int main(int count, char** arguments) {
    redisContext *publisher, *subscriber;
    redisReply* reply;
    int i;
    if (count < 2) return 1;
    publisher = redisConnect("127.0.0.1", atoi(arguments[1]));
    subscriber = redisConnect("127.0.0.1", atoi(arguments[1]));
    if (!publisher || publisher->err || !subscriber || subscriber->err) return 2;
    for (i = 0; i < commands; ++i)
        redisAppendCommand(publisher, "SET key:%d value-%d", i, i), redisAppendCommand(publisher, "GET key:%d", i);
    for (i = 0; i < commands; ++i) {
        char expected[32];
        freeReplyObject(next(publisher));
        reply = next(publisher);
        sprintf(expected, "value-%d", i);
        if (reply->type != REDIS_REPLY_STRING || strcmp(reply->str, expected)) return 3;
        freeReplyObject(reply);
    }
    redisAppendCommand(subscriber, "SUBSCRIBE news");
    freeReplyObject(next(subscriber));
    for (i = 0; i < 100; ++i) {
        freeReplyObject(redisCommand(publisher, "PUBLISH news item-%d", i));
        reply = next(subscriber);
        if (reply->type != REDIS_REPLY_ARRAY || atoi(reply->element[2]->str + 5) != i) return 4;
        freeReplyObject(reply);
    }
    redisFree(publisher), redisFree(subscriber);
    return puts("all replies and all messages came") < 0;
}
"""


def pipelining_and_subscriptions(folder, port):
    must("make libhiredis.a", run("make", f"CC={CC}", "AR=llvm-ar-22", "libhiredis.a", cwd=folder))
    source = folder / "pipeline_and_subscribe.c"
    source.write_text(PIPELINE_AND_SUBSCRIBE)
    program = folder / "pipeline_and_subscribe"
    must("hws-cc", run(CC, "-O2", f"-I{folder}", source, folder / "libhiredis.a", "-o", program))
    said = must("pipelining, publishing and subscribing", sandbox(program, str(port))).stdout
    if b"all replies and all messages came" not in said:
        sys.exit(said)


def c_ares():
    folder = fetch("c-ares", "b/bin/adig")
    cmake_build(folder, "-DCARES_STATIC=ON", "-DCARES_SHARED=OFF", "-DCARES_BUILD_TESTS=OFF")
    port = free_port()
    serve(port, "dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", f"--port={port}", "--listen-address=127.0.0.1",
          "--bind-interfaces", "--address=/test.example/192.0.2.7", "--pid-file=", "--conf-file=/dev/null", "--user=root")
    for transport in ("-U", "-T"):
        flags = ("-f", "usevc") if transport == "-T" else ()
        result = sandbox(folder / "b/bin/adig", *flags, "-s", "127.0.0.1", transport, str(port), "www.test.example",
                         rules=("udp:loopback:*", "udp-bind:loopback:*"))
        if b"192.0.2.7" not in result.stdout:
            sys.exit(f"adig {transport}: {result.stdout.decode()}{result.stderr.decode()}")


def curl():
    folder = fetch("curl", "b/src/curl")
    cmake_build(folder, "-DBUILD_SHARED_LIBS=OFF", "-DCURL_ENABLE_SSL=OFF", "-DENABLE_THREADED_RESOLVER=OFF",
                "-DCURL_DISABLE_SOCKETPAIR=ON", "-DENABLE_UNIX_SOCKETS=OFF", "-DCURL_ZLIB=OFF", "-DCURL_BROTLI=OFF",
                "-DUSE_LIBIDN2=OFF", "-DCURL_USE_LIBPSL=OFF", "-DCURL_USE_LIBSSH2=OFF", "-DBUILD_TESTING=OFF",
                "-DENABLE_MANUAL=OFF")
    tool = folder / "b/src/curl"
    files = WORK / "www"
    shutil.rmtree(files, ignore_errors=True)
    (files / "up").mkdir(parents=True)
    big = os.urandom(64 << 20)
    (files / "big").write_bytes(big)
    port = free_port()
    paths = "".join(f"{name}_temp_path {WORK}/nginx-{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.geteuid() == 0 else ""
    (WORK / "nginx.conf").write_text(
        f"{user} daemon off; pid {WORK}/nginx.pid; error_log {WORK}/nginx.log; events {{}} http {{ access_log off; {paths}"
        f"client_max_body_size 0; server {{ listen 127.0.0.1:{port}; root {files}; location /up/ {{ dav_methods PUT; }} }} }}")
    serve(port, "nginx", "-c", WORK / "nginx.conf")
    url = f"http://127.0.0.1:{port}"
    protocols = must("curl --version", sandbox(tool, "--version")).stdout.decode()
    if not re.search(r"^Protocols:.*\bftp\b.*\bhttp\b.*\btftp\b", protocols, re.MULTILINE):
        sys.exit(protocols)
    if must("curl down", sandbox(tool, "-sS", f"{url}/big")).stdout != big:
        sys.exit("curl: 64 MiB came otherwise than they were sent")
    if must("curl range", sandbox(tool, "-sS", "-r", "100-199", f"http://localhost:{port}/big")).stdout != big[100:200]:
        sys.exit("curl: a range came otherwise")
    must("curl up", sandbox(tool, "-sSf", "-T", "-", f"{url}/up/big", input=big))
    if (files / "up/big").read_bytes() != big:
        sys.exit("curl: 64 MiB went otherwise than they were given")
    parallel = must("curl -Z", sandbox(tool, "-s", "-Z", *[f"{url}/big"] * 4)).stdout
    if len(parallel) != 4 * len(big):
        sys.exit(f"curl -Z: {len(parallel)} bytes")
    denied = run(HWS, "run", tool, "--", "-sS", f"{url}/big")
    if denied.returncode == 0 or denied.stdout:
        sys.exit("curl without a rule was not denied")


def main():
    WORK.mkdir(parents=True, exist_ok=True)
    unreachable = [package for package in ("hiredis", "c-ares", "curl") if not source_archive(package)]
    if unreachable:
        print(f"skipped: Debian's source packages of {', '.join(unreachable)} cannot be had; they are neither in {SOURCES} nor reachable")
        sys.exit(77)
    try:
        for program in (hiredis, c_ares, curl):
            program()
            print(f"{program.__name__}: works", flush=True)
    finally:
        for server in servers:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
