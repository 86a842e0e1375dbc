#!/usr/bin/env python3
"""Runs a program of this folder natively and in the sandbox, and compares.

echo_*: 200 native clients at once are served. The others print the same lines both times. Arguments: program, the command hws, the
module, the native program, abi/functions.def.
"""

import difflib
import re
import socket
import subprocess
import sys
from pathlib import Path

PROGRAM, HWS, MODULE, NATIVE, TABLE = sys.argv[1:]
CLIENTS = 200
WITHOUT_SOCKETS = ("allocation", "format", "own_malloc", "text")
RULES = ["tcp:loopback:*", "udp:loopback:*", "tcp-listen:loopback:*", "udp-bind:loopback:*", "accept:loopback:*", "resolve:*:*"]
RULES += ["udp-bind:0.0.0.0:*", "udp-bind:[::]:*"]
SANDBOX = [HWS, "run", *[part for rule in RULES for part in ("--allow", rule)], MODULE]


def imports(module):
    """(module, function) of every import."""
    data = Path(module).read_bytes()

    def number(at):
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value, at

    def text(at):
        length, at = number(at)
        return data[at : at + length].decode(), at + length

    at = 8
    while at < len(data):
        section, (length, start) = data[at], number(at + 1)
        if section == 2:
            count, place = number(start)
            for _ in range(count):
                module_name, place = text(place)
                function, place = text(place)
                kind = data[place]
                assert kind == 0, "only functions are imported"
                _, place = number(place + 1)
                yield module_name, function
        at = start + length


def check_imports():
    known = set(re.findall(r"^ABI_FUNCTION\((\w+)", Path(TABLE).read_text(), re.MULTILINE))
    used = list(imports(MODULE))
    wrong = [f"{module} {name}" for module, name in used if module not in ("hws", "wasi_snapshot_preview1")]
    wrong += [f"hws {name}" for module, name in used if module == "hws" and name not in known]
    if wrong:
        sys.exit("imports what no host has: " + ", ".join(wrong))
    if PROGRAM not in WITHOUT_SOCKETS and not any(module == "hws" for module, _ in used):
        sys.exit("imports nothing of dialect v2: wasi-libc's functions were linked in place of ours")


def same_lines():
    native = subprocess.run([NATIVE], capture_output=True, text=True, timeout=50)
    guest = subprocess.run(SANDBOX, capture_output=True, text=True, timeout=50)
    if native.returncode != 0 or guest.returncode != 0 or native.stdout != guest.stdout:
        print("\n".join(difflib.unified_diff(native.stdout.split("\n"), guest.stdout.split("\n"), "native", "sandbox", n=1,
                                             lineterm="")))
        sys.exit(f"native {native.returncode}, sandbox {guest.returncode}: {guest.stderr}")


def echo(command):
    """All clients connect, then each sends a line, waits for it and sends another; then all leave."""
    server = subprocess.Popen([*command, "0", str(CLIENTS)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        said = server.stdout.readline()
        if not said.startswith("listening on "):
            server.kill()
            sys.exit(f"{command[0]}: {said}{server.stderr.read()}")
        port = int(said.split()[-1])
        clients = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(CLIENTS)]
        for turn in range(3):
            for i, client in enumerate(clients):
                client.sendall(b"client %d turn %d\n" % (i, turn) * 50)
            for i, client in enumerate(clients):
                wanted = b"client %d turn %d\n" % (i, turn) * 50
                got = b""
                while len(got) < len(wanted):
                    piece = client.recv(65536)
                    if not piece:
                        sys.exit(f"client {i} lost its server")
                    got += piece
                if got != wanted:
                    sys.exit(f"client {i} got something else")
        for client in clients:
            client.close()
        rest, errors = server.communicate(timeout=30)
        if rest.strip() != f"served {CLIENTS}" or server.returncode != 0:
            sys.exit(f"{command[0]} {server.returncode}: {rest}{errors}")
    finally:
        if server.poll() is None:
            server.kill()


def main():
    check_imports()
    if not PROGRAM.startswith("echo_"):
        return same_lines()
    echo([NATIVE])
    echo([*SANDBOX, "--"])


if __name__ == "__main__":
    main()
