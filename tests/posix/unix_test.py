#!/usr/bin/env python3
"""unix.c says the same natively and in the sandbox, and whatever it leaves there goes with it.

Arguments: the command hws, the module, the native program.
"""

import difflib
import os
import subprocess
import sys
import tempfile

HWS, MODULE, NATIVE = sys.argv[1:]


def run(word, command):
    """A folder of its own for each; a short path, as names of sockets are."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        folder = os.path.realpath(folder)
        open(f"{folder}/plain", "w").close()
        os.mkdir(f"{folder}/inner")
        os.symlink("listener", f"{folder}/link")
        result = subprocess.run([*command(folder), folder, word], capture_output=True, text=True, timeout=100)
        left = sorted(os.listdir(folder))
    return result, left


def sandbox(folder):
    rules = [f"{use}:{names}" for use in ("unix", "unix-listen") for names in (f"{folder}/**", "@*")]
    return [HWS, "run", *[part for rule in rules for part in ("--allow", rule)], MODULE, "--"]


native, _ = run(f"hws-native-{os.getpid()}", lambda _: [NATIVE])
guest, left = run(f"hws-guests-{os.getpid()}", sandbox)
if native.returncode != 0 or guest.returncode != 0 or native.stdout != guest.stdout or guest.stderr:
    print("\n".join(difflib.unified_diff(native.stdout.split("\n"), guest.stdout.split("\n"), "native", "sandbox", n=2, lineterm="")))
    sys.exit(f"native {native.returncode}: {native.stderr}\nsandbox {guest.returncode}: {guest.stderr}")
sys.exit(f"left behind: {left}" if left != ["inner", "link", "plain"] else 0)
