#!/usr/bin/env python3
"""A C program that asks getaddrinfo and connects to the number, natively and in the sandbox, in a network of the test's own with dnsmasq
for a name server: the same answers in the same order, and a rule with the name alone lets it connect.

Arguments: the command hws, the module, the native program. Skipped (77) where namespaces or dnsmasq are not to be had.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

INSIDE = "HWS_RESOLVE_INSIDE"
ENTER = ["unshare", "--net", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
os.environ["PATH"] += ":/usr/sbin:/sbin"
if INSIDE not in os.environ:
    if not shutil.which("dnsmasq") or subprocess.run([*ENTER, "ip", "link", "set", "lo", "up"], capture_output=True).returncode != 0:
        print("skipped: this process may not make network namespaces, or iproute2 or dnsmasq is missing")
        sys.exit(77)
    command = [*ENTER, sys.executable, *sys.argv]
    os.execvpe(command[0], command, {**os.environ, INSIDE: "1"})

HWS, MODULE, NATIVE = sys.argv[1:]
NAME, PORT = "service.test", "7070"
IPV4, NEAR, FAR, NO_WAY = "93.184.216.34", "2606:2800:220:1::7", "2606:2900::1", "2a00:1450::1"
failures = []


def shell(command):
    subprocess.run(["sh", "-ec", command], check=True)


def check(what, got, wanted):
    if got != wanted:
        failures.append(f"{what}:\n  got    {got!r}\n  wanted {wanted!r}")


def serve(address):
    """Says hello to each that comes, until the test ends. Gives how many have come, as a list of one number."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.create_server((address, int(PORT)), family=family)
    came = [0]

    def greet():
        while True:
            connection = listener.accept()[0]
            came[0] += 1
            connection.sendall(b"hello")
            connection.close()

    threading.Thread(target=greet, daemon=True).start()
    return came


def run(*rules):
    """What the program prints in the sandbox."""
    allowed = [part for rule in rules for part in ("--allow", rule)]
    outcome = subprocess.run([HWS, "run", *allowed, MODULE, "--", NAME, PORT], capture_output=True, text=True, timeout=60)
    return outcome.stdout.splitlines()


def native():
    return subprocess.run([NATIVE, NAME, PORT], capture_output=True, text=True, timeout=60).stdout.splitlines()


shell(f"ip link set lo up; ip addr add {IPV4}/32 dev lo; ip addr add {NEAR}/128 dev lo nodad")
# To the fourth there is no way.
shell(f"ip -6 route add {FAR}/128 dev lo src {NEAR}")
with tempfile.TemporaryDirectory() as folder:
    resolv, hosts = f"{folder}/resolv.conf", f"{folder}/hosts"
    with open(resolv, "w", encoding="ascii") as file:
        file.write("nameserver 127.0.0.1\n")
    with open(hosts, "w", encoding="ascii") as file:
        file.write("127.0.0.1 localhost\n")
    shell(f"mount --bind {resolv} /etc/resolv.conf; mount --bind {hosts} /etc/hosts")
    records = [f"--host-record={NAME},{address}" for address in (NO_WAY, IPV4, FAR, NEAR)]
    server = subprocess.Popen(["dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--port=53", "--listen-address=127.0.0.1",
                               "--bind-interfaces", "--pid-file=", "--conf-file=/dev/null", "--user=root", *records])
    try:
        while subprocess.run(["getent", "ahosts", NAME], capture_output=True).returncode != 0 and server.poll() is None:
            pass
        came = serve(IPV4)
        everything = ["resolve:*", "tcp:public:*"]
        wanted = native()
        check("glibc's order, which the test is about", wanted[3], f"any: {NEAR} {FAR} {IPV4} {NO_WAY}")
        check("all addresses, in glibc's order, and the way to the first that answers", run(*everything), wanted)

        # --- a rule with nothing but the name
        before = came[0]
        check("a rule with the name alone", run(f"tcp:{NAME}:{PORT}"), wanted)
        check("somebody came", came[0], before + 1)
        denied = run("resolve:*", "tcp:other.test:*")
        check("a rule with another name: no number is let through", set(denied[4:]), {"connect: EACCES"})
        check("nobody came", came[0], before + 1)

        # --- AI_ADDRCONFIG
        shell(f"ip addr del {NEAR}/128 dev lo")
        only_ipv4 = native()
        check("glibc leaves IPv6 out", only_ipv4[2], f"any, as configured: {IPV4}")
        check("without an IPv6 address", run(*everything)[:3], only_ipv4[:3])
        shell(f"ip addr del {IPV4}/32 dev lo; ip addr add {NEAR}/128 dev lo nodad")
        only_ipv6 = native()
        check("without an IPv4 address", run(*everything)[:2], only_ipv6[:2])
        check("and IPv4 is left out", IPV4 in run(*everything)[2], False)
    finally:
        server.terminate()
        server.wait()
print("\n".join(failures) or "getaddrinfo and connect do what they do natively")
sys.exit(1 if failures else 0)
