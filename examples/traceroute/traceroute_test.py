#!/usr/bin/env python3
"""Traces routes, and pings with BSD sockets, through two routers, each a network namespace of its own.

Arguments: the command hws, traceroute.wasm, posix_ping.wasm. Exit code 77: namespaces are not to be had.
"""

import os
import re
import subprocess
import sys

INSIDE = "HWS_TRACEROUTE_INSIDE"
ENTER = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
if INSIDE not in os.environ:
    if subprocess.run([*ENTER, "ip", "link", "set", "lo", "up"], capture_output=True).returncode != 0:
        print("skipped: this process may not make network namespaces, or iproute2 is missing")
        sys.exit(77)
    command = [*ENTER, sys.executable, *sys.argv]
    os.execvpe(command[0], command, {**os.environ, INSIDE: "1"})

HWS, TRACEROUTE, PING = sys.argv[1:]
RULES = ["--allow", "icmp:10.0.0.0/8", "--allow", "icmp:[fd00::/8]"]


class Host:
    """A namespace of a process that does nothing but keep it. None: this one's own."""

    def __init__(self, is_own=False):
        self.process = None
        if is_own:
            return
        # It reads until this process ends; its first line says that the namespace is there.
        self.process = subprocess.Popen(["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && cat"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"up\n"

    def run(self, command):
        enter = [] if self.process is None else ["nsenter", "--net", "--target", str(self.process.pid)]
        subprocess.run([*enter, "sh", "-ec", command], check=True)

    def pid(self):
        return os.getpid() if self.process is None else self.process.pid


def connect(left, right, number):
    left.run(f"ip link add to{number} type veth peer name from{number} && ip link set from{number} netns {right.pid()}")
    for host, device, last in ((left, f"to{number}", 1), (right, f"from{number}", 2)):
        host.run(f"ip addr add 10.{number}.0.{last}/24 dev {device} && ip addr add fd0{number}::{last}/64 dev {device} nodad"
                 f" && ip link set {device} up")


def write(name, value):
    with open(f"/proc/sys/net/{name}", "w", encoding="ascii") as file:
        file.write(value)


client, first, second, target = Host(is_own=True), Host(), Host(), Host()
for number, (left, right) in enumerate(((client, first), (first, second), (second, target)), 1):
    connect(left, right, number)
for router in (first, second):
    router.run("for rule in ipv4/ip_forward:1 ipv6/conf/all/forwarding:1 ipv4/icmp_ratemask:0 ipv6/icmp/ratelimit:0; do"
               " echo ${rule#*:} > /proc/sys/net/${rule%:*}; done")
client.run("ip route add default via 10.1.0.2 && ip -6 route add default via fd01::2")
first.run("ip route add default via 10.2.0.2 && ip -6 route add default via fd02::2")
second.run("ip route add 10.1.0.0/24 via 10.2.0.1 && ip -6 route add fd01::/64 via fd02::1"
           " && ip route add unreachable 10.8.0.0/16 && ip -6 route add unreachable fd08::/16")
target.run("ip route add default via 10.3.0.1 && ip -6 route add default via fd03::1")


def trace(words):
    outcome = subprocess.run([HWS, "call", TRACEROUTE, "execute", "--input", words, *RULES, "--timeout", "0"],
                             capture_output=True, text=True)
    # The times differ from run to run.
    return outcome.returncode, re.sub(r"\d+\.\d\d ms", "T", outcome.stdout), outcome.stderr


# Until the routers know their neighbours the first packets may be lost.
for address in ("10.3.0.2", "fd03::2"):
    for _ in range(50):
        if "*" not in trace(address)[1]:
            break

failures = 0


def check(what, got, wanted):
    global failures
    if got != wanted:
        failures += 1
        print(f"{what}:\n  got    {got!r}\n  wanted {wanted!r}")


def lines(*hops):
    return "".join(f"{number}  {hop}\n" for number, hop in enumerate(hops, 1))


for groups in ("0 2147483647", "1 0"):  # a ping socket, a raw one
    write("ipv4/ping_group_range", groups)
    three = "  T  T  T"
    check("the way to the target", trace("10.3.0.2 30 200"),
          (0, lines("10.1.0.2" + three, "10.2.0.2" + three, "10.3.0.2" + three), ""))
    check("the same over IPv6", trace("fd03::2 30 200"), (0, lines("fd01::2" + three, "fd02::2" + three, "fd03::2" + three), ""))
    check("no more hops than asked for", trace("10.3.0.2 1 200"), (0, lines("10.1.0.2" + three), ""))
    unreachable = "  T  unreachable, code %d" * 3
    # Routers tell one host five times that there is no way, and then once a second (ip_error in Linux).
    if groups != "1 0":
        check("an unreachable network", trace("10.8.0.1 30 200"),
              (0, lines("10.1.0.2" + three, "10.2.0.2" + unreachable % (1, 1, 1)), ""))
        check("and over IPv6", trace("fd08::1 30 200"),
              (0, lines("fd01::2" + three, "fd02::2" + unreachable % (0, 0, 0)), ""))
    code, _, errors = trace("192.168.1.1")
    check("a target that the policy denies", (code != 0, "denied" in errors), (True, True))

    for address in ("10.3.0.2", "fd03::2"):
        outcome = subprocess.run([HWS, "run", *RULES, PING, "--", address, "3"], capture_output=True, text=True)
        check(f"a C program pings {address}", (outcome.returncode, outcome.stdout, outcome.stderr),
              (0, "".join(f"64 bytes from {address}: seq={number}\n" for number in (1, 2, 3)), ""))

for host in (first, second, target):
    host.process.stdin.close()
    host.process.wait()
sys.exit(1 if failures else 0)
