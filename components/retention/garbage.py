"""What is not needed any more, by kind and place."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from components.retention.files import Item


@dataclass(frozen=True)
class Garbage:
    """What may go of one kind in one place.

    Attributes:
        kind: data commits, objects, run-cache, leases, checkpoints, memo, checkouts, logs, side folders.
        place: the store or the folder, as a person calls it.
        items: what may go, in the order in which it goes.
        kept: how many stay.
        kept_bytes: of those that stay [bytes].
        remove: takes paths away; one that is gone already is none to remove.
    """

    kind: str
    place: str
    items: tuple[Item, ...]
    kept: int
    kept_bytes: int
    remove: Callable[[Sequence[str]], None] = field(repr=False, compare=False)

    @property
    def bytes(self) -> int:
        """Of what may go [bytes]."""
        return sum(item.size for item in self.items)


def sorted_out(
    kind: str,
    place: str,
    items: Iterable[Item],
    is_garbage: Callable[[Item], bool],
    remove: Callable[[Sequence[str]], None],
) -> Garbage:
    """Judge every item of a place."""
    going: list[Item] = []
    kept = kept_bytes = 0
    for item in items:
        if is_garbage(item):
            going.append(item)
        else:
            kept, kept_bytes = kept + 1, kept_bytes + item.size
    return Garbage(kind, place, tuple(going), kept, kept_bytes, remove)
