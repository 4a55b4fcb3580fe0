"""What a class of someone's labels is called here."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from components.catalog.errors import BadTemplate, UnknownClass

CATEGORIES = ("ship", "aircraft", "bridge", "building", "apron")
# Other words for the same thing, as the known data sets have them; a kind of ship or aircraft is the person's to map.
_SAME = {"plane": "aircraft", "airplane": "aircraft", "aeroplane": "aircraft", "ships": "ship", "vessel": "ship"}
LEFT_OUT = ""
_MOST_NAMED = 3  # more would hide the sentence that they stand in


def read_classes(pairs: Sequence[str], known: Sequence[str], listed: str = "") -> dict[str, str]:
    """What a person says of classes, by `NAME=CLASS`; nothing behind the = leaves the class out.

    Args:
        pairs: as they were given.
        known: what a class may be here.
        listed: the same in fewer words, where there are many.

    Raises:
        BadTemplate: a pair has no =, or names no class that is known here.
    """
    listed = listed or ", ".join(known)
    found = {}
    for pair in pairs:
        name, separator, said = pair.rpartition("=")
        if not separator or not name or said not in (*known, LEFT_OUT):
            fault = f"not NAME=CLASS with a CLASS of {listed}, or nothing"
            raise BadTemplate(f"--class {pair[:60]!r}", fault)
        found[name] = said
    return found


def categories_of(names: Iterable[str], said: Mapping[str, str], source: Path) -> dict[str, str]:
    """Category of each class name, empty where it is to be left out; ours, and what the person says, come first.

    Raises:
        UnknownClass: nobody says what a class is; naming all of them.
    """
    asked = set(names)
    ours = {name: name for name in CATEGORIES}
    found = {name: said.get(name, ours.get(name.lower(), _SAME.get(name.lower()))) for name in asked}
    if unknown := sorted(name for name, category in found.items() if category is None):
        raise unknown_class(source, unknown, CATEGORIES)
    return {name: category for name, category in found.items() if category is not None}


def unknown_class(source: Path, names: Sequence[str], known: Sequence[str]) -> UnknownClass:
    """The error about classes that nobody explained, with an example of how to.

    Args:
        source: the file that has them.
        names: at least one.
        known: what a class may be here.
    """
    listed = ", ".join(repr(name[:40]) for name in names[:_MOST_NAMED])
    return UnknownClass(source, listed, f"{names[0][:40]}={known[0]}", ", ".join(known))
