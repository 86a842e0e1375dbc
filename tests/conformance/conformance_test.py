#!/usr/bin/env python3
"""Runs the sentences with one backend, beside the servers that they talk to.

Arguments: native | v1 | v2, the command hws, the program (native or .wasm), and of the sentences only those with a text.
All happens in a network namespace of its own, whose loopback carries multicast and lets ping sockets be, as that
of the machine need not.
"""

import os
import socket
import subprocess
import sys
import tempfile
import threading

INSIDE = "HWS_CONFORMANCE_INSIDE"
if INSIDE not in os.environ:
    setup = (
        "ip link set lo up multicast on && ip route add 239.0.0.0/8 dev lo"
        " && ip -6 route add local ff00::/8 dev lo table local"
        " && echo 0 0 > /proc/sys/net/ipv4/ping_group_range && exec \"$@\""
    )
    enter = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
    command = [*enter, "sh", "-c", setup, "sh", sys.executable, *sys.argv]
    os.execvpe(command[0], command, {**os.environ, INSIDE: "1"})

BACKEND, HWS, PROGRAM, *ONLY = sys.argv[1:]
RULES = [
    "tcp:loopback:*",
    "udp:loopback:*",
    "tcp-listen:loopback:*",
    "tcp-listen:[::]:*",
    "tcp-listen:0.0.0.0:*",  # else the host makes a listener at [::] one for IPv6 alone
    "udp-bind:loopback:*",
    "udp-bind:0.0.0.0:*",
    "udp-bind:[::]:*",
    "accept:loopback:*",
    "resolve:localhost",
    "resolve:loopback",
    "icmp:loopback",
    "icmp:198.51.100.0/24",
    "multicast:239.255.0.0/16:*",
    "multicast:[ff01::/16]:*",
    "udp:239.255.0.0/16:*",
    "udp:[ff01::/16]:*",
]
DENIED = "tcp:127.9.9.9:*"


def bound(kind):
    end = socket.socket(socket.AF_INET, kind)
    end.bind(("127.0.0.1", 0))
    return end, "127.0.0.1:%d" % end.getsockname()[1]


def echo_stream(connection):
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data)


def serve_streams(listener):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=echo_stream, args=(connection,), daemon=True).start()


def serve_datagrams(end):
    while True:
        data, sender = end.recvfrom(65536)
        end.sendto(data, sender)


listener, tcp_echo = bound(socket.SOCK_STREAM)
listener.listen()
datagrams, udp_echo = bound(socket.SOCK_DGRAM)
_unused, nobody = bound(socket.SOCK_STREAM)  # taken and not listened at: refused, and nobody else gets it
for serve, end in ((serve_streams, listener), (serve_datagrams, datagrams)):
    threading.Thread(target=serve, args=(end,), daemon=True).start()

with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # a short path, as names of Unix sockets are
    folder = os.path.realpath(folder)
    arguments = [tcp_echo, udp_echo, nobody, folder, *ONLY]
    command = [PROGRAM, *arguments]
    if BACKEND != "native":
        RULES += [f"{use}:{name}" for use in ("unix", "unix-listen") for name in (f"{folder}/*", "@hws-conformance")]
        allowed = [part for rule in RULES for part in ("--allow", rule)]
        command = [HWS, "run", *allowed, "--deny", DENIED, PROGRAM, "--", *arguments]
    code = subprocess.run(command).returncode
sys.exit(code)
