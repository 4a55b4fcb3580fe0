"""Which scenes of data/ a commit has not, has no more or has otherwise: files against the manifest in its data.dvc."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from filelock import FileLock

from components.catalog.errors import NoManifest
from components.catalog.table.index import FILE, FILES, MD5, settled
from components.contract.progress import progress
from components.lineage.objects import Objects
from components.records.tables import write_table
from components.revisions import git
from components.revisions.data_commits import DATA_FILE

FILES_TABLE: Final = "files.parquet"
_SCHEMA: Final = pa.schema(
    [("path", pa.string()), ("mtime_ns", pa.int64()), ("bytes", pa.int64()), ("md5", pa.string())],
    {"fusar.files_table": "1"},
)
_ITEMS: Final = "items/"
Md5s = Mapping[str, str]


@dataclass(frozen=True)
class Changes:
    """Ids of scenes, by what became of them since a commit.

    Attributes:
        added: their items are new.
        altered: other bytes of the item or of a file that it names, or such a file came or went.
        removed: their items are gone.
    """

    added: frozenset[str]
    altered: frozenset[str]
    removed: frozenset[str]


def committed(root: Path, revision: str) -> Md5s:
    """Md5 of each file that a commit's data holds, by its path inside data/.

    Raises:
        UnknownRevision, RefusedRevision: no such commit.
        NoManifest: it has no data.dvc, or what that names is in no cache or remote.
    """
    content = git.blob(root, git.resolve(root, revision), DATA_FILE)
    if content is None:
        raise NoManifest(revision, f"it has no {DATA_FILE}")
    md5 = yaml.safe_load(content)["outs"][0]["md5"]
    listing = Objects(root).content(md5)
    if listing is None:
        raise NoManifest(revision, f"its manifest {md5} is neither in the DVC cache nor in the remote")
    return {row["relpath"]: row["md5"] for row in json.loads(listing)}


def present(root: Path, folder: Path, table: pa.Table) -> Md5s:
    """Md5 of each file in data/, by its path there; read anew only where its time or size has changed.

    Args:
        root: of the repository.
        folder: where the table of md5s lies; derived, may be removed at any time.
        table: the scene table of data/, which knows the md5s of the items.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        path, data = folder / FILES_TABLE, root / "data"
        known = _known(path)
        states = dict(_scan(data, ""))
        fresh = [name for name, state in states.items() if known.get(name, (None, ""))[0] != state]
        md5s = {name: known[name][1] for name in states.keys() - set(fresh)}
        if fresh:
            md5s |= _hashed(root, progress(fresh, "md5", len(fresh)))
        if fresh or len(md5s) != len(known):
            _write(states, md5s, path)
    items = zip(table[FILE].to_pylist(), table[MD5].to_pylist(), strict=True)
    return md5s | {_ITEMS + name: md5 or "" for name, md5 in items}


def changes(before: Md5s, now: Md5s, table: pa.Table) -> Changes:
    """What differs between a commit's files and those of data/.

    Args:
        before: of the commit.
        now: of data/.
        table: the scene table of data/; it knows which files a scene has.
    """
    differing = {path for path, _ in before.items() ^ now.items()}
    old, new = _scenes(before), _scenes(now)
    altered: set[str] = set()
    if differing:
        for item, files in zip(table[FILE].to_pylist(), table[FILES].to_pylist(), strict=True):
            if not differing.isdisjoint((_ITEMS + item, *(files or ()))):
                altered.add(item.removesuffix(".json"))
    return Changes(added=new - old, altered=frozenset(altered) & old & new, removed=old - new)


def _scenes(paths: Iterable[str]) -> frozenset[str]:
    names = (path.removeprefix(_ITEMS) for path in paths if path.startswith(_ITEMS) and path.endswith(".json"))
    return frozenset(name.removesuffix(".json") for name in names if "/" not in name)


def _scan(folder: Path, inside: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """Path, time and size of each file below a folder; what is no file is left out, and so are items."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if f"{inside}{entry.name}/" == _ITEMS:
                    continue
                yield from _scan(Path(entry.path), f"{inside}{entry.name}/")
            elif entry.is_file():
                status = entry.stat()
                yield inside + entry.name, (status.st_mtime_ns, status.st_size)


def _hashed(root: Path, names: Iterable[str]) -> dict[str, str]:
    """Md5s by DVC, which knows those of files that it added or checked out without reading them."""
    from dvc.repo import Repo
    from dvc_data.hashfile.hash import hash_file
    from dvc_objects.fs.local import localfs

    with Repo(str(root)) as repo:
        state: Any = repo.state
        return {name: hash_file(str(root / "data" / name), localfs, "md5", state)[1].value or "" for name in names}


def _known(path: Path) -> dict[str, tuple[tuple[int, int], str]]:
    """Time and size, and md5, of each file that the table knows; nothing where it is absent or damaged."""
    try:
        columns = [column.to_pylist() for column in pq.read_table(path, schema=_SCHEMA).columns]
    except (OSError, pa.ArrowException):
        return {}
    return {name: ((mtime, size), md5) for name, mtime, size, md5 in zip(*columns, strict=True)}


def _write(states: Mapping[str, tuple[int, int]], md5s: Md5s, path: Path) -> None:
    names = sorted(md5s)
    rows = [(name, settled(states[name][0]), states[name][1], md5s[name]) for name in names]
    columns = dict(zip(_SCHEMA.names, zip(*rows, strict=True), strict=True)) if rows else {}
    write_table(pa.table(columns, _SCHEMA) if rows else _SCHEMA.empty_table(), _SCHEMA, path)
