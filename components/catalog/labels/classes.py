"""What a class of someone's labels is called here."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from components.catalog.errors import BadTemplate, UnknownClass

CATEGORIES = ("ship", "aircraft", "bridge", "building", "apron")
# Other words for the same thing, as the known data sets have them; a kind of ship or aircraft is the person's to map.
_SAME = {"plane": "aircraft", "airplane": "aircraft", "aeroplane": "aircraft", "ships": "ship", "vessel": "ship"}
LEFT_OUT = ""


def read_classes(pairs: Sequence[str], known: Sequence[str]) -> dict[str, str]:
    """What a person says of classes, by `NAME=CLASS`; nothing behind the = leaves the class out.

    Raises:
        BadTemplate: a pair has no =, or names no class that is known here.
    """
    found = {}
    for pair in pairs:
        name, separator, said = pair.rpartition("=")
        if not separator or not name or said not in (*known, LEFT_OUT):
            fault = f"not NAME=CLASS with a CLASS of {', '.join(known)}, or nothing"
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
        raise UnknownClass(source, tuple(unknown), CATEGORIES)
    return {name: category for name, category in found.items() if category is not None}
