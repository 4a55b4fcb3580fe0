"""Installed packages against the lock files: another version may give other bytes, and its lock digest is on record."""

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from components.installation.finding import Finding, Installation, error, ok, some, warning

LOCKS = ("requirements.lock", "requirements-geodata.lock")
PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;#]+)")


def look(installation: Installation) -> Iterator[Finding]:
    """Packages that are missing or of another version than the lock says."""
    installed = _installed()
    for name in LOCKS:
        lock = installation.root / name
        if not lock.is_file():
            yield error(f"{name}: missing", f"`git checkout -- {name}`")
            continue
        yield from _compare(lock, installed)


def _compare(lock: Path, installed: dict[str, str]) -> Iterator[Finding]:
    pins = pins_of(lock)
    missing = [f"{name}=={version}" for name, version in pins.items() if name not in installed]
    differing = [
        f"{name} {installed[name]} (lock: {version})"
        for name, version in pins.items()
        if name in installed and _public(installed[name]) != version
    ]
    remedy = f"`{'pip install --no-deps' if 'geodata' in lock.name else 'pip install'} -r {lock.name}`"
    if missing:
        yield error(f"{lock.name}: {len(missing)} packages are missing: {some(missing)}", remedy)
    if differing:
        yield warning(f"{lock.name}: {len(differing)} packages differ: {some(differing)}", remedy)
    if not missing and not differing:
        yield ok(f"all {len(pins)} packages of {lock.name}")


def pins_of(lock: Path) -> dict[str, str]:
    """Normalised name of each pinned package and its version."""
    found = (PIN.match(line) for line in lock.read_text(encoding="utf-8").splitlines())
    return {_normal(pin[1]): pin[2] for pin in found if pin}


def _installed() -> dict[str, str]:
    # What a broken installation left half written has no name.
    return {_normal(dist.name): dist.version for dist in reversed(list(metadata.distributions())) if dist.name}


def _normal(name: str) -> str:
    """A package's name as PEP 503 compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _public(version: str) -> str:
    """The version without its build: 2.13.0+cpu satisfies ==2.13.0 (PEP 440)."""
    return version.partition("+")[0]
