"""Page of the label formats that can be brought in."""

import inspect
import sys
from pathlib import Path

from components.catalog.labels import FORMATS
from components.catalog.labels.landcover import COVER_FORMATS
from docs.writers.markdown import code, page, prose, table

HEAD = """`fusar data label FORMAT PATH` gives scenes of `data/` the labels of a file or folder: each picture's to
the scene of its name. Boxes that are in pixels become longitude and latitude where the scene has a place; nothing
is clipped or dropped unasked. `--class NAME=CLASS` says what a class is here (`--class tanker=ship`), and `--class
NAME=` leaves it out; a class that nobody explains sets its file aside. A picture that is listed without objects is
labelled as holding none; one that no file names stays unlabelled. [Set aside](set-aside.md) lists the codes of what
is not brought in."""


def labels_page(root: Path) -> str:
    """Each format with what its module says, then the classes of land cover."""
    sections = {}
    for form in FORMATS:
        about = inspect.cleandoc(sys.modules[_module_of(form.read)].__doc__ or "")
        sections[code(form.name)] = prose(f"{form.title} ({', '.join(form.suffixes)}).\n\n{about}")
    about = inspect.cleandoc(sys.modules["components.catalog.labels.landcover"].__doc__ or "")
    sections["Land cover"] = prose(about)
    for cover in COVER_FORMATS:
        rows = [(str(number), name or "unknown") for number, name in cover.classes.items()]
        sections[code(cover.name)] = prose(f"{cover.title}.") + (f"\n\n{table(('code', 'here'), rows)}" if rows else "")
    return page("Labels", HEAD, sections)


def _module_of(read: object) -> str:
    """Module of a reader, which may be a partial function."""
    return str(getattr(read, "func", read).__module__)
