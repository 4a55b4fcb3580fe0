"""Which objects are needed: named by a version, a lock, a branch or a checkout, or written within the age limit."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from components.retention.files import Item
from components.retention.garbage import Garbage, sorted_out
from components.retention.places import FOLDER_SUFFIX, Place, RememberedRun

OBJECTS, RUNS = "objects", "run-cache"


@dataclass(frozen=True)
class Inventory:
    """All that one place holds.

    Attributes:
        objects: md5 and file of each; md5 "" for what no object is called.
        runs: that it remembers.
    """

    place: Place
    objects: tuple[tuple[str, Item], ...]
    runs: tuple[RememberedRun, ...]


def inventory(place: Place) -> Inventory:
    """Read what a place holds; runs before objects: a run that is written meanwhile has objects that are young."""
    runs = tuple(place.runs())
    return Inventory(place, tuple(place.objects()), runs)


def needed(inventories: Sequence[Inventory], named: Iterable[str], cutoff: float) -> frozenset[str]:
    """The md5s of all objects that stay.

    Args:
        inventories: of all places.
        named: md5s that versions, locks, branches and checkouts name; a folder's stands for its files too.
        cutoff: what was written since then stays, with all that it names [s since 1970].
    """
    wanted = set(named)
    for each in inventories:
        wanted |= {md5 for md5, item in each.objects if item.written >= cutoff}
        for run in each.runs:
            if run.item.written >= cutoff:
                wanted |= run.md5s("deps", "outs")
    return frozenset(wanted | set(_inside(inventories, wanted)))


def garbage_of(each: Inventory, stay: frozenset[str], cutoff: float) -> Iterator[Garbage]:
    """Runs that restore what nobody needs, then the objects that nobody needs; folders before their files."""
    old = {run.item.path: run for run in each.runs if run.item.written < cutoff}

    def restores_nothing_needed(item: Item) -> bool:
        return item.path in old and not (old[item.path].md5s("outs") and old[item.path].md5s("outs") <= stay)

    place, runs = each.place, (run.item for run in each.runs)
    yield sorted_out(RUNS, place.name, runs, restores_nothing_needed, place.remove)
    md5s = {item.path: md5 for md5, item in each.objects}
    # A listing without its files would be taken for a whole folder; files without their listing are only garbage.
    ordered = sorted((item for _, item in each.objects), key=lambda item: not item.path.endswith(FOLDER_SUFFIX))

    def is_unneeded(item: Item) -> bool:
        return item.written < cutoff and md5s[item.path] not in stay

    yield sorted_out(OBJECTS, place.name, ordered, is_unneeded, place.remove)


def _inside(inventories: Sequence[Inventory], wanted: Iterable[str]) -> Iterator[str]:
    """Files of the folders among some md5s, by the first listing that a place has."""
    for md5 in sorted(wanted):
        if md5.endswith(FOLDER_SUFFIX):
            listings = (each.place.listing(md5) for each in inventories)
            yield from next((found for found in listings if found is not None), ())
