#!/usr/bin/env python3
"""network.c says the same natively and in the sandbox, on a network of the test's own: two machines (namespaces) and a cable between them.

Arguments: the command hws, the module, the native program. Skipped (77) where namespaces are not to be had.
"""

import difflib
import os
import subprocess
import sys

INSIDE = "HWS_NETWORK_INSIDE"
ENTER = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
os.environ["PATH"] += ":/usr/sbin:/sbin"
if INSIDE not in os.environ:
    if subprocess.run([*ENTER, "ip", "link", "set", "lo", "up"], capture_output=True).returncode != 0:
        print("skipped: this process may not make network namespaces, or iproute2 is missing")
        sys.exit(77)
    command = [*ENTER, sys.executable, *sys.argv]
    os.execvpe(command[0], command, {**os.environ, INSIDE: "1"})

HWS, MODULE, NATIVE = sys.argv[1:]
PORT = "7070"
CLASSES = ["loopback", "private", "link-local", "multicast", "broadcast"]
RULES = [f"{use}:{group}:*" for use in ("tcp", "udp", "tcp-listen", "udp-bind", "accept", "multicast") for group in CLASSES]
RULES += [f"{use}:{address}:*" for use in ("tcp-listen", "udp-bind") for address in ("0.0.0.0", "[::]")]

# Accepts one connection, reads the byte that tells it to vanish, takes its address away and never answers again.
VANISHING = """
import socket, subprocess
listener = socket.create_server(("10.77.0.2", %s))
print("listening", flush=True)
connection = listener.accept()[0]
connection.recv(1)
subprocess.run(["ip", "link", "set", "right", "down"], check=True)
input()
""" % PORT


def shell(command):
    subprocess.run(["sh", "-ec", command], check=True)


def run(*command):
    shell("ip link add left type veth peer name right")
    server = subprocess.Popen(["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && read wait && exec \"$@\"", "sh",
                               sys.executable, "-c", VANISHING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout.readline() == "up\n"
        shell(f"ip link set right netns {server.pid}; ip addr add 10.77.0.1/24 brd + dev left; ip addr add fe80::7/64 dev left nodad;"
              " ip link set lo up; ip link set lo multicast on; ip link set left up; "
              f"nsenter --net --target {server.pid} sh -ec 'ip addr add 10.77.0.2/24 dev right; ip link set right up'")
        server.stdin.write("\n")
        server.stdin.flush()
        assert server.stdout.readline() == "listening\n"
        return subprocess.run([*command, "left", PORT], capture_output=True, text=True, timeout=100)
    finally:
        server.kill()
        server.wait()
        shell("ip link del left")


native = run(NATIVE)
guest = run(HWS, "run", *[part for rule in RULES for part in ("--allow", rule)], MODULE, "--")
if native.returncode != 0 or guest.returncode != 0 or native.stdout != guest.stdout or native.stderr or guest.stderr:
    print("\n".join(difflib.unified_diff(native.stdout.split("\n"), guest.stdout.split("\n"), "native", "sandbox", n=2, lineterm="")))
    sys.exit(f"native {native.returncode}: {native.stderr}\nsandbox {guest.returncode}: {guest.stderr}")
wanted = ["got 'to the group' through our interface", "got 'to all'", "scope ours", "ETIMEDOUT", "ECONNRESET", "a backlog of 2 takes 3"]
missing = [one for one in wanted if one not in native.stdout]
sys.exit(f"the network was not what the test is about: {missing} in\n{native.stdout}" if missing else 0)
