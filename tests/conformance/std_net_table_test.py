#!/usr/bin/env python3
"""docs/std-net.md names only what there is: each sentence is one of tests/conformance, each C++ name stands in a public header.

Argument: the root of the tree.
"""

import re
import sys
from pathlib import Path

ROOT = Path(sys.argv[1])

sources = "\n".join(path.read_text() for path in sorted((ROOT / "tests/conformance").glob("*_test.cpp")))
# A long sentence may be broken into several literals.
sources = re.sub(r'"\s*\n\s*"', "", sources)
sentences = set(re.findall(r'^SENTENCE(?:_OF_EVERY_BACKEND|_OF_V1|_OF_V2)?\(\s*"((?:[^"\\]|\\.)*)"\)', sources, re.MULTILINE))

headers = {}
for folder in ("guest/include/hws", "abi/hws"):
    for path in (ROOT / folder).glob("*.hpp"):
        headers[path.name] = path.read_text()
errors = (ROOT / "abi/errors.def").read_text()


def body_of(name):
    """The text of the class, or None."""
    for text in headers.values():
        match = re.search(r"\b(?:class|struct) " + name + r"(?: : [^;{]*)? \{(.*?)^};", text, re.MULTILINE | re.DOTALL)
        if match:
            return match.group(1)
    return None


def exists(name):
    scope, _, member = name.partition("::")
    member = re.sub(r"\(.*", "", member)
    if scope == "hws":
        return any(re.search(r"\b" + member + r"\b", text) for text in headers.values())
    if scope == "Errc":
        return f"HWS_ERROR({member}," in errors
    body = body_of(scope)
    return body is not None and re.search(re.escape(member) + r"(?!\w)", body) is not None


mistakes = []
rows = 0
for number, line in enumerate((ROOT / "docs/std-net.md").read_text().splitlines(), 1):
    cells = [cell.strip() for cell in line.strip("|").split(" | ")]
    if not line.startswith("| ") or cells[0] == "Rust":
        continue
    rows += 1
    if len(cells) != 3:
        mistakes.append(f"{number}: {len(cells)} cells instead of 3")
        continue
    if cells[2] not in sentences:
        mistakes.append(f"{number}: no sentence says: {cells[2]}")
    for name in re.findall(r"`([^`]+)`", cells[1]):
        if not exists(name):
            mistakes.append(f"{number}: no header has {name}")

for mistake in mistakes:
    print("docs/std-net.md:" + mistake)
print(f"{rows} rows, {len(sentences)} sentences, {len(mistakes)} mistakes")
sys.exit(1 if mistakes or rows < 80 or len(sentences) < 80 else 0)
