"""Revisions of database tables, read from the migrations of installed packages without importing them."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Final

MLFLOW_MIGRATIONS: Final = "store/db_migrations/versions"
_REVISION: Final = re.compile(r"^(down_)?revision\s*(?::[^=]*)?=\s*[\"']([0-9a-f]+)[\"']", re.MULTILINE)


def revisions(package: str, folder: str) -> tuple[set[str], str]:
    """All revisions in a folder of a package, and the newest; neither where there is not one newest."""
    spec = find_spec(package)
    places = spec.submodule_search_locations if spec else None
    scripts = sorted(Path(places[0], folder).glob("*.py")) if places else []
    known: set[str] = set()
    replaced: set[str] = set()
    for script in scripts:
        for is_down, revision in _REVISION.findall(script.read_text(encoding="utf-8")):
            (replaced if is_down else known).add(revision)
    newest = known - replaced
    return (known, newest.pop()) if len(newest) == 1 else (set(), "")
