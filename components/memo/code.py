"""The version of the code that makes a result, as a digest of its sources."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import components

_ROOT = Path(components.__file__).parent.parent


def code_digest(packages: Sequence[str], root: Path = _ROOT) -> str:
    """Hexadecimal digest of all .py files of packages and of requirements.lock, the versions of the libraries.

    Args:
        packages: a stage's own package and the foundations that it imports, such as `components.rasters`.
        root: the checkout; the one that this module was imported from unless another is named.

    Raises:
        ValueError: a package has no .py file, so its name is a mistake.
    """
    digest = hashlib.sha256()
    for package in sorted(packages):
        folder = root.joinpath(*package.split("."))
        files = sorted(folder.rglob("*.py"))
        if not files:
            raise ValueError(f"no source of package {package}")
        for file in files:
            digest.update(
                f"{file.relative_to(root).as_posix()}\0".encode() + hashlib.sha256(file.read_bytes()).digest()
            )
    lock = root / "requirements.lock"
    # An installed package stands in site-packages without the lock; there the sources alone are the version.
    digest.update(lock.read_bytes() if lock.is_file() else b"")
    return digest.hexdigest()
