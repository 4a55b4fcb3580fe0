"""Commits of new scenes that wait for a retrain, or were retrained: the refs that hold them go when nobody needs them.

A version holds the commit that made it by a ref of its own; here is what drift or a STAC API left and nobody took up.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from components.retention.files import Item
from components.retention.garbage import Garbage, sorted_out
from components.revisions import git
from components.revisions.data_commits import REFS, asked_file
from components.revisions.home import Home

DATA: Final = "data commits"


def data_garbage(home: Home, refs: Mapping[str, Iterable[str]], using: frozenset[str], cutoff: float) -> Garbage:
    """Data commits that nobody has asked for since then, and whose data no version, lock or checkout names.

    Args:
        home: of the repository.
        refs: md5s that the commit of each ref names, by the ref's name.
        using: md5s that versions, locks and working trees name.
        cutoff: what was made or asked for since then stays [s since 1970].
    """
    items = [Item(ref, 0, _newest(home, ref)) for ref in sorted(refs) if ref.startswith(f"{REFS}/")]

    def is_unneeded(item: Item) -> bool:
        return item.written < cutoff and using.isdisjoint(refs[item.path])

    def remove(paths: Sequence[str]) -> None:
        for ref in paths:
            git.git(home.root, "update-ref", "-d", "--end-of-options", ref)
            asked_file(home, ref).unlink(missing_ok=True)

    return sorted_out(DATA, REFS, items, is_unneeded, remove)


def _newest(home: Home, ref: str) -> float:
    """When the commit was made or last asked for, whichever is later [s since 1970]."""
    made = float(git.git(home.root, "show", "--no-patch", "--format=%ct", "--end-of-options", ref))
    asked = asked_file(home, ref)
    return max(made, asked.stat().st_mtime if asked.exists() else 0.0)
