"""What a clone keeps for itself and can make again: the memo, checkouts, logs, what stages showed."""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import fsspec

from components.lineage.workspace import remove as remove_checkout
from components.memo.store import MEMO
from components.retention.files import Item, items_below, md5_of, remove_files
from components.retention.garbage import Garbage, sorted_out
from components.revisions.home import Home

_DIGEST_BYTES: Final = 32  # that an entry of the memo begins with
_FILE: Final = b"PAR1"  # what a table begins with; other entries hold a few words beside one
_COMMIT_LETTERS: Final = 12  # in the name of a checkout, `<commit>-<profile>`


def memo_garbage(home: Home, stay: frozenset[str], cutoff: float) -> Iterator[Garbage]:
    """Entries of the memo that are no file of any needed output.

    Args:
        home: of the repository.
        stay: md5s of needed objects: an entry is the file that a stage wrote, so its md5 says whether it is of use.
        cutoff: what was written since then stays [s since 1970].
    """
    for url in sorted({str(home.memo), os.environ.get(MEMO, str(home.memo))}):
        yield _memo(url, stay, cutoff)


def _memo(url: str, stay: frozenset[str], cutoff: float) -> Garbage:
    files, root = fsspec.core.url_to_fs(url)
    items = tuple(items_below(files, root))
    tables = {item.path for item in items if _is_table(files, item)}
    used = {item.path for item in items if item.path in tables and md5_of(files, item.path, _DIGEST_BYTES) in stay}
    # The words beside a table are written after it: those older than every table in use are of none of them.
    oldest = min((item.written for item in items if item.path in used), default=cutoff)

    def is_unneeded(item: Item) -> bool:
        if item.written >= cutoff or item.path in used:
            return False
        return item.path in tables or item.written < oldest

    return sorted_out("memo", url, items, is_unneeded, partial(remove_files, files))


def checkouts(home: Home, busy: Collection[str], cutoff: float) -> tuple[Path, ...]:
    """Checkouts of retrains that nobody has used since then, and reproductions that were killed."""
    found = [(path, path.name[_COMMIT_LETTERS + 1 :]) for path in home.worktrees.glob("*")]
    found += [(path, f"reproduce-{path.name}") for path in (home.state / "reproductions").glob("*")]
    return tuple(
        sorted(path for path, holder in found if path.stat().st_mtime < cutoff and not {holder, path.name} & set(busy))
    )


def checkout_garbage(home: Home, going: Sequence[Path]) -> Garbage:
    """These checkouts; what they share with the cache counts there."""
    every = [*home.worktrees.glob("*"), *(home.state / "reproductions").glob("*")]
    items = [Item(str(path), _own_bytes(path), path.stat().st_mtime) for path in sorted(every)]
    names = {str(path) for path in going}

    def remove(paths: Sequence[str]) -> None:
        for path in paths:
            remove_checkout(home, Path(path))

    return sorted_out("checkouts", str(home.state), items, lambda item: item.path in names, remove)


def shown_garbage(home: Home, busy: Collection[str], cutoff: float) -> Iterator[Garbage]:
    """Logs and side folders, which MLflow has copies of; not of a profile on which somebody works."""
    files = fsspec.filesystem("file")
    for kind, folder in (("logs", home.logs), ("side folders", home.state / "side")):

        def is_unneeded(item: Item, folder: Path = folder) -> bool:
            return item.written < cutoff and Path(item.path).relative_to(folder).parts[0] not in busy

        yield sorted_out(kind, str(folder), items_below(files, str(folder)), is_unneeded, _remove_shown)


def _remove_shown(paths: Iterable[str]) -> None:
    for path in map(Path, paths):
        path.unlink(missing_ok=True)
        if not any(path.parent.iterdir()):
            path.parent.rmdir()


def _is_table(files: fsspec.AbstractFileSystem, item: Item) -> bool:
    head: bytes = files.cat_file(item.path, start=_DIGEST_BYTES, end=_DIGEST_BYTES + len(_FILE))
    return head == _FILE


def _own_bytes(folder: Path) -> int:
    """Bytes of files that have no other name: what is left when the folder is gone."""
    statuses = (path.lstat() for path in folder.rglob("*"))
    return sum(status.st_size for status in statuses if status.st_nlink == 1)
