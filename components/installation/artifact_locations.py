"""Where MLflow looks for artifacts: absolute addresses, which a moved or renamed folder leaves behind."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from components.installation.errors import StoreInUse
from components.installation.finding import Finding, Installation, error, info, ok, warning
from components.installation.run_store import database
from components.installation.sqlite import read_only

COLUMNS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
    ("model_versions", "source"),
)
ARTIFACTS = "artifacts"
MEND_SECONDS = 600.0
LOCK = ".store.lock"  # components.tracking.store holds it while it makes the tables


@dataclass(frozen=True)
class Locations:
    """The addresses in a store.

    Attributes:
        inside: how many lie in the store's own folder.
        moved: addresses elsewhere whose files lie in the store's folder.
        foreign: addresses elsewhere that nothing in the store's folder answers to.
        old_folders: where the store's folder was when `moved` were written, the longest first.
        missing: addresses of registered models in the store's folder whose files are gone.
    """

    inside: int
    moved: tuple[str, ...]
    foreign: tuple[str, ...]
    old_folders: tuple[Path, ...]
    missing: tuple[str, ...]


def look(installation: Installation) -> Iterator[Finding]:
    """Addresses that lead to where the repository was before it was moved, copied or renamed."""
    file = database(installation)
    if file is None or not file.exists():
        return
    try:
        found = locations_in(file)
    except TimeoutError as failure:
        yield info(f"too many artifact locations to be looked at in passing ({failure})", "`fusar doctor --mend` does.")
        return
    folder = file.parent
    if found.moved:
        old = ", ".join(str(path) for path in found.old_folders)
        yield error(
            f"{len(found.moved)} artifact locations lead to {old}, their files lie in {folder}",
            "`fusar doctor --mend` rewrites them, after a backup of the database.",
            is_mendable=True,
        )
    if found.foreign:
        remedy = "Bring that folder back to its place, or its content into mlruns/ and call the doctor again."
        yield warning(f"{len(found.foreign)} artifact locations outside {folder}, e.g. {found.foreign[0]}", remedy)
    if found.missing:
        remedy = "Bring the folder back from a copy, or `fusar retrain` and promote the version that it makes."
        yield error(f"{len(found.missing)} registered models have no files, e.g. {found.missing[0]}", remedy)
    if not (found.moved or found.foreign or found.missing):
        yield ok(f"{found.inside} artifact locations in {folder}")


def locations_in(file: Path, seconds: float = 1.5) -> Locations:
    """The addresses of a store, sorted by where they lead.

    Raises:
        TimeoutError: there are too many to be read in that time.
        sqlite3.DatabaseError: the file is no store.
    """
    folder = file.resolve().parent
    with read_only(file, seconds) as connection:
        stored = {column: _stored(connection, *column) for column in COLUMNS}
        default = connection.execute("SELECT artifact_location FROM experiments WHERE experiment_id = 0").fetchone()
    places = {text: path for texts in stored.values() for text in texts if (path := local_path(text)) is not None}
    outside = {text: path for text, path in places.items() if not path.is_relative_to(folder)}
    experiments = set(stored["experiments", "artifact_location"])
    old = {home for text, path in outside.items() if (home := _old_folder(path, folder, text in experiments))}
    moved = {text for text, path in outside.items() if any(path.is_relative_to(home) for home in old)}
    # MLflow puts its default experiment, which nothing here uses, wherever the first command happened to run.
    foreign = set(outside) - moved - {default[0] if default else ""}
    models = [places[text] for text in stored["logged_models", "artifact_location"] if text in places]
    return Locations(
        inside=len(places) - len(outside),
        moved=tuple(sorted(moved)),
        foreign=tuple(sorted(foreign)),
        old_folders=tuple(sorted(old, key=lambda path: -len(path.parts))),
        missing=tuple(str(path) for path in models if path.is_relative_to(folder) and not path.exists()),
    )


def local_path(location: str) -> Path | None:
    """The folder that an address names on this machine; None for an object store, a server or another model."""
    parts = urlsplit(location)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return Path(unquote(parts.path))
    return Path(location) if location.startswith("/") else None


def _stored(connection: sqlite3.Connection, table: str, column: str) -> list[str]:
    rows = connection.execute(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL")
    return [str(row[0]) for row in rows]


def _old_folder(path: Path, folder: Path, is_experiment: bool) -> Path | None:
    """Where the store's folder was when this address was written, found by what lies at the same place in it now."""
    for start in range(1, len(path.parts)):
        tail = Path(*path.parts[start:])
        if tail.parts[0] != ARTIFACTS or not (folder / tail).exists():
            continue
        # "artifacts" alone ends every address: it counts for an experiment, and only where the old place is gone.
        if len(tail.parts) > 1 or (is_experiment and not path.exists()):
            return Path(*path.parts[:start])
    return None


def rewrite(file: Path) -> tuple[int, Path] | None:
    """Let every moved address lead to where its files lie now; how many, and the backup. None when none was moved.

    Raises:
        StoreInUse: another process writes to the store.
    """
    from filelock import FileLock, Timeout

    folder = file.resolve().parent
    try:
        with FileLock(folder / LOCK, timeout=2):
            found = locations_in(file, MEND_SECONDS)
            if not found.moved:
                return None
            backup = file.with_name(f"{file.name}.before-mend-{time.strftime('%Y%m%dT%H%M%S')}")
            _rewrite(file, backup, {text: _now_at(text, found.old_folders, folder) for text in found.moved})
    except (Timeout, sqlite3.OperationalError) as failure:
        raise StoreInUse(str(file), str(failure)) from failure
    return len(found.moved), backup


def _now_at(location: str, old_folders: tuple[Path, ...], folder: Path) -> str:
    path = local_path(location)
    assert path is not None
    home = next(old for old in old_folders if path.is_relative_to(old))
    now = folder / path.relative_to(home)
    return now.as_uri() if location.startswith("file:") else str(now)


def _rewrite(file: Path, backup: Path, changed: dict[str, str]) -> None:
    with closing(sqlite3.connect(file, timeout=2, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")  # nobody writes between the copy and the change
        reader = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
        with closing(reader), closing(sqlite3.connect(backup)) as target:
            reader.backup(target)
        for table, column in COLUMNS:
            pairs = [(now, before) for before, now in changed.items()]
            connection.executemany(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", pairs)
        connection.execute("COMMIT")
