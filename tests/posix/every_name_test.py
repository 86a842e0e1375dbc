#!/usr/bin/env python3
"""Every name that this machine's C library declares in the headers of sockets is there for hws-cc, usable and linkable.

Arguments: the build folder, a folder to work in, clang. Both sides are asked of the compiler itself: macros by -dD, everything else
by the syntax tree. Only names for programs count: none that begin with an underscore. What ours leaves out is in LEFT_OUT below,
with its reason; a name there that is not missing is a failure as well.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

BUILD, WORK, CLANG = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
HWS_CC = BUILD / "bin/hws-cc"

HEADERS = """sys/socket.h netinet/in.h netinet/tcp.h netinet/udp.h netinet/ip.h netinet/ip_icmp.h netinet/ip6.h netinet/icmp6.h
    netinet/in_systm.h netinet/igmp.h arpa/inet.h arpa/nameser.h netdb.h net/if.h sys/un.h poll.h sys/poll.h sys/select.h sys/ioctl.h
    ifaddrs.h sys/uio.h sys/time.h sys/param.h resolv.h net/ethernet.h net/if_arp.h netinet/if_ether.h netinet/ether.h""".split()

# The files of glibc that hold a header's own names beside the header; what else it includes belongs to other headers.
PARTS = {
    "sys/socket.h": r"bits/(?:socket|socket2|socket_type|sockaddr)\.h|bits/types/struct_(?:iovec|osockaddr)\.h|(?:asm|asm-generic)/socket\.h",
    "netinet/in.h": r"bits/in\.h",
    "netdb.h": r"bits/netdb\.h",
    "poll.h": r"sys/poll\.h|bits/poll\.h",
    "sys/select.h": r"bits/select\.h|bits/types/(?:sigset_t|struct_timeval|struct_timespec)\.h",
    "sys/ioctl.h": r"bits/ioctls\.h|bits/ioctl-types\.h|asm-generic/ioctls\.h|(?:asm|asm-generic|linux)/sockios\.h",
    "sys/uio.h": r"bits/uio(?:_lim|-ext)?\.h|bits/types/struct_iovec\.h",
    "sys/time.h": r"bits/time\.h",
    "sys/param.h": r"bits/param\.h",
    "resolv.h": r"bits/types/res_state\.h",
    "net/ethernet.h": r"linux/if_ether\.h",
}

# header or *, regular expression of whole names, reason
LEFT_OUT = [
    ("netinet/in.h", r"inet6_option_\w+", "RFC 3542 has replaced them; glibc marks them deprecated"),
    ("arpa/inet.h", r"inet_neta|inet_nsap_(?:addr|ntoa)", "no manual page has them"),
    ("arpa/nameser.h", r"ns_(?:datetosecs|format_ttl|makecanon|parse_ttl|same\w+|subdomain|sprintrrf?)", "internals of libresolv"),
    ("arpa/nameser.h", r"ns_name_(?:compress|ntol|ntop|pack|pton|rollback|skip|unpack)", "internals of libresolv"),
    ("resolv.h", r"(?:b64|fp|loc|p|sym)_\w+|res_(?:\w+ok|mailok|hostalias|isourserver|nameinquery|queriesmatch|randomid)",
     "internals of libresolv"),
    ("resolv.h", r"dn_count_labels|hostalias|put(?:long|short)|struct res_sym(?:\..*)?", "internals of libresolv"),
    ("net/if.h", r"struct ifaddr(?:\..*)?|ifa_(?:broad|dst)addr", "a table of BSD's kernel; programs use struct ifaddrs"),
]


def clang(compiler, header, *options):
    result = subprocess.run([str(compiler), "-D_GNU_SOURCE", *options, "-x", "c", "-"], input=f"#include <{header}>\n",
                            capture_output=True, text=True, timeout=120)
    if result.returncode != 0:
        sys.exit(f"{header} does not compile with {compiler}:\n{result.stderr}")
    return result.stdout


def macros(compiler, header):
    """Macros, each with the file that defines it: (name, is it used like a function, file)."""
    file, found = "", {}
    for line in clang(compiler, header, "-E", "-dD").splitlines():
        if marker := re.match(r'# \d+ "([^"]+)"', line):
            file = marker[1]
        elif define := re.match(r"#define (\w+)(\(?)(.*)", line):
            found[define[1]] = (define[2] == "(", file, define[3].strip())
        elif undefine := re.match(r"#undef (\w+)", line):
            found.pop(undefine[1], None)
    return found


def declarations(compiler, header):
    """What the syntax tree has at the top: {(kind, name): file}, kinds being function, type, tag, constant, variable, member."""
    tree = json.loads(clang(compiler, header, "-fsyntax-only", "-Xclang", "-ast-dump=json"))
    found, file = {}, [""]

    def note_files(node):  # a file is said where it changes only
        if isinstance(node, dict):
            if "file" in node:
                file[0] = node["file"]
            for key, part in node.items():
                if key != "includedFrom":
                    note_files(part)
        elif isinstance(node, list):
            for part in node:
                note_files(part)

    def members(record, owner, where):
        for part in record.get("inner", []):
            if part["kind"] in ("FieldDecl", "IndirectFieldDecl") and part.get("name"):
                found[("member", f"{owner}.{part['name']}")] = where

    for declaration in tree["inner"]:
        note_files({key: part for key, part in declaration.items() if key != "inner"})
        where, kind, name = file[0], declaration["kind"], declaration.get("name")
        note_files(declaration.get("inner", []))
        if kind == "EnumDecl":
            for constant in declaration.get("inner", []):
                if constant["kind"] == "EnumConstantDecl":
                    found[("constant", constant["name"])] = where
        if not name:
            continue
        if kind == "FunctionDecl":
            found[("function", name)] = where
        elif kind == "VarDecl":
            found[("variable", name)] = where
        elif kind == "TypedefDecl":
            found[("type", name)] = where
        elif kind == "RecordDecl" and declaration.get("completeDefinition"):
            found[("tag", f"{declaration['tagUsed']} {name}")] = where
            members(declaration, f"{declaration['tagUsed']} {name}", where)
    return found


def is_for_programs(name):
    return not any(part.startswith("_") for part in re.split(r"[ .]", name))


def is_own(header, file):
    return re.search(rf"/include/(?:[\w-]+-linux-gnu/)?(?:{re.escape(header)}|{PARTS.get(header, '(?!)')})$", file)


def excused(header, name):
    return [row for row in LEFT_OUT if row[0] in ("*", header) and re.fullmatch(row[1], name)]


def usable(compiler, header, names):
    """Those of the names that an expression may consist of."""
    lines = [f"#include <{header}>", "void f(void);", "void f(void) {", *(f"(void)({name});" for name in names), "}"]
    command = [str(compiler), "-D_GNU_SOURCE", "-fsyntax-only", "-ferror-limit=0", "-Wno-everything", "-fno-caret-diagnostics", "-x", "c", "-"]
    result = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, timeout=120)
    bad = {int(number) for number in re.findall(r"<stdin>:(\d+):\d+: (?:fatal )?error", result.stderr)}
    return {name for number, name in enumerate(names, 4) if number not in bad}


def is_there(header):
    result = subprocess.run([str(HWS_CC), "-E", "-x", "c", "-"], input=f"#include <{header}>\n", capture_output=True, text=True, timeout=120)
    return result.returncode == 0


missing, used, functions = [f"{header} is missing" for header in HEADERS if not is_there(header)], set(), {}
HEADERS = [header for header in HEADERS if is_there(header)]
for header in HEADERS:
    # POSIX: a header may show more than it must, so that the names are looked for in all of ours.
    there_macros, here_macros = macros(CLANG, header), macros(HWS_CC, header)
    there, here = declarations(CLANG, header), declarations(HWS_CC, header)
    here_names = {name for _, name in here} | set(here_macros)
    # A member may be a macro that names a member of a union inside.
    here_names |= {name for kind, name in there if kind == "member" and name.split(".")[1] in here_macros}
    wanted = {}
    for name, (_, file, body) in there_macros.items():
        # A macro of a member's short name stands for a member that is looked at elsewhere; an include guard stands for nothing.
        if is_own(header, file) and is_for_programs(name) and not (not body and name.endswith("_H")):
            wanted[name] = "macro"
    for (kind, name), file in there.items():
        if is_own(header, file) and is_for_programs(name):
            wanted[name] = kind
    expressions = [name for name, kind in wanted.items() if kind in ("macro", "constant") and name in here_names]
    good_here, good_there = usable(HWS_CC, header, expressions), usable(CLANG, header, expressions)
    for name, kind in sorted(wanted.items()):
        if name in here_names and not (name in good_there and name not in good_here):
            if kind == "function" and name not in here_macros:
                functions.setdefault(header, []).append(name)
            continue
        why = "is not usable" if name in here_names else "is missing"
        reasons = excused(header, name)
        if reasons:
            used.update(reasons)
        else:
            missing.append(f"{header}: {kind} {name} {why}")

WORK.mkdir(parents=True, exist_ok=True)
source = WORK / "every_function.c"
lines = [f"#include <{header}>" for header in HEADERS] + ["typedef void (*any)(void);", "extern const any all[];", "const any all[] = {"]
lines += sorted({f"(any){name}," for names in functions.values() for name in names}) + ["};", "int main(void) { return all[0] == 0; }"]
source.write_text("\n".join(lines))
linked = subprocess.run([str(HWS_CC), "-D_GNU_SOURCE", "-Wno-everything", str(source), "-Wl,--error-limit=0", "-o", str(WORK / "every_function.wasm")],
                        capture_output=True, text=True, timeout=120)
if linked.returncode != 0:
    missing.append("functions that are declared do not link together:\n" + linked.stderr)
missing += [f"{row[0]}: {row[1]} is not missing at all: take it from the list of exceptions" for row in LEFT_OUT if row not in used]

print("\n".join(missing) or f"every name of {len(HEADERS)} headers is there, and {sum(map(len, functions.values()))} functions link")
sys.exit(1 if missing else 0)
