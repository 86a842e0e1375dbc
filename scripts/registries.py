"""What the fetching scripts share: files from package registries, brought by the registries' ordinary clients, checked against
pinned hashes, kept in ~/.cache/hws for other checkouts."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

DEPS = Path(__file__).resolve().parent.parent / ".deps"


def fail(sentence):
    sys.exit(f"bootstrap: {sentence}")


def say(sentence):
    print(f"bootstrap: {sentence}", file=sys.stderr, flush=True)


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def checked(path, wanted, origin):
    """The path, once its content is known to be what was pinned."""
    if sha256(path) != wanted:
        fail(f"{origin} brought a {path.name} whose SHA-256 is {sha256(path)} and not the pinned {wanted}; it was not used.")
    return path


def run(command, environment=None):
    """The command's exit code and the last lines of what it said. Five minutes are far more than a few megabytes need."""
    try:
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return 1, str(error)
    return done.returncode, "\n".join(done.stdout.strip().splitlines()[-6:])


def fetch_wheel(folder, name, version, tag, wanted, what, size):
    """The wheel `name`==`version` for pip's platform `tag`."""
    say(f"fetching {what} with pip (about {size})")
    requirement = folder / f"{name}.txt"
    requirement.write_text(f"{name}=={version} --hash=sha256:{wanted}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
               "--only-binary=:all:", "--platform", tag, "--require-hashes", "--dest", str(folder), "-r", str(requirement)]
    code, output = run(command)
    wheels = list(folder.glob("*.whl"))
    if code != 0 or not wheels:
        print(output, file=sys.stderr)
        fail(f"{what} could not be had: 'pip download {name}=={version}' failed; is the Python package index reachable?")
    return checked(wheels[0], wanted, "pip")


def fetch_crate(folder, name, version, wanted, what, size):
    """The archive of crate `name`, `version`. `cargo install` downloads a crate before it finds that a library has no program to
    install: the archive then lies in cargo's cache, and nothing was compiled. Any cargo since 1.60 does so, unlike `cargo info`;
    `cargo fetch` would bring hundreds of dependencies along."""
    say(f"fetching {what} with cargo ({size})")
    home = folder / f"cargo-{name}"
    home.mkdir()
    for config in ("config.toml", "config"):  # keeps a mirror or proxy that the user set
        own = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo")) / config
        if own.is_file():
            shutil.copy(own, home / config)
    environment = dict(os.environ, CARGO_HOME=str(home))
    # Cargo before 1.68 has the light protocol of the crate index only behind this switch; newer ones don't look at it.
    environment.update(RUSTC_BOOTSTRAP="1", CARGO_UNSTABLE_SPARSE_REGISTRY="true")
    # A cargo that rustup stands in for works only with the home that rustup was installed in.
    cargo = next((path for path in ("cargo", "/usr/bin/cargo") if run([path, "--version"], environment)[0] == 0), "cargo")
    _, output = run([cargo, "install", "--root", str(folder / "installed"), "--version", f"={version}", name], environment)
    crates = list(home.glob(f"registry/cache/*/{name}-{version}.crate"))
    if not crates:
        print(output, file=sys.stderr)
        fail(f"{what} could not be had: 'cargo install {name}@{version}' downloaded nothing; is the crate registry reachable?")
    return checked(crates[0], wanted, "cargo")


def cached(name, wanted, fetch, scratch):
    """The file from ~/.cache/hws, or fetched and, if that folder can be written, kept there."""
    kept = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hws" / name
    if kept.is_file() and sha256(kept) == wanted:
        return kept
    fetched = fetch(scratch)
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        half = kept.with_name(f"{name}.{os.getpid()}")
        shutil.copyfile(fetched, half)
        half.replace(kept)
    except OSError:
        pass
    return fetched
