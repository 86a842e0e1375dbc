"""Upstream sources of other people's programs, from Debian's source packages, kept in ~/.cache/hws."""

import os
import subprocess
from pathlib import Path

SOURCES = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hws/sources"
SUITE = "bookworm"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def run(*command, **options):
    return subprocess.run([str(part) for part in command], capture_output=True, timeout=900, **options)


def source_archive(package):
    """The archive of the upstream source, None if it cannot be had. apt keeps its state in a folder of its own."""
    def found():
        return next((file for file in SOURCES.glob(f"{package}_*.orig.tar.*") if not file.name.endswith(".asc")), None)

    if found():
        return found()
    for folder in ("apt/lists/partial", "apt/cache/archives/partial"):
        (SOURCES / folder).mkdir(parents=True, exist_ok=True)
    # The mirror that this machine's own packages come from.
    targets = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(COMPONENT)", text=True).stdout.splitlines()
    mirror = next((target.split()[0] for target in targets if target.split()[1:] == [SUITE, "main"]), None)
    if not mirror:
        return None
    (SOURCES / "apt/sources.list").write_text(f"deb-src [signed-by={KEYRING}] {mirror} {SUITE} main\n")
    options = [f"-oDir::Etc::SourceList={SOURCES}/apt/sources.list", "-oDir::Etc::SourceParts=/dev/null",
               f"-oDir::State::Lists={SOURCES}/apt/lists", f"-oDir::Cache={SOURCES}/apt/cache", "-oAPT::Sandbox::User=root",
               "-oAcquire::Retries=2", "-oAcquire::http::Timeout=20"]
    if not list((SOURCES / "apt/lists").glob("*Sources*")):
        run("apt-get", *options, "update")
    run("apt-get", *options, "source", "--download-only", package, cwd=SOURCES)
    return found()
