"""Page of the label formats that can be brought in."""

import inspect
import sys
from pathlib import Path

from components.catalog.labels import CAPTION_FORMATS, FORMATS
from components.catalog.labels.landcover import COVER_FORMATS
from components.records.families import FAMILIES, UNKNOWN_CODE
from docs.writers.markdown import code, page, prose, table

HEAD = """`fusar data label FORMAT PATH` gives scenes of `data/` the labels of a file or folder: each picture's to
the scene of its name. Boxes that are in pixels become longitude and latitude where the scene has a place; nothing
is clipped or dropped unasked. `--class NAME=CLASS` says what a class is here (`--class tanker=ship`), and `--class
NAME=` leaves it out; a class that nobody explains sets its file aside. A picture that is listed without objects is
labelled as holding none; one that no file names stays unlabelled. [Set aside](set-aside.md) lists the codes of what
is not brought in."""


CODES_ABOUT = """Image folders and captions say something of a picture as a whole. It is kept as the scene's asset
`captions` and holds for a chip that is the whole picture (`ingest.chip_size`; a scene that is cut into more is set
aside). In the annotations its clauses stand under the annotator `given`, with the caption's own words as evidence: HCoT
never overwrites them, no wrong clause is put in their place on purpose, and the metrics of `annotate` count them
(`given_clauses`) and those that labels and backscatter contradict (`disputed_clauses`). Pretraining may still find
one wrong and correct it, as any other. `--class WORDS=FAMILY.FIELD.CODE` takes these fields and codes:"""


def labels_page(root: Path) -> str:
    """Each format with what its module says, then the classes of land cover."""
    sections = {}
    for form in FORMATS:
        about = inspect.cleandoc(sys.modules[_module_of(form.read)].__doc__ or "")
        sections[code(form.name)] = prose(f"{form.title} ({', '.join(form.suffixes)}).\n\n{about}")
    for caption in CAPTION_FORMATS:
        about = inspect.cleandoc(sys.modules[_module_of(caption.read)].__doc__ or "")
        sections[code(caption.name)] = prose(f"{caption.title}.\n\n{about}")
    sections["Codes of captions"] = prose(CODES_ABOUT) + f"\n\n{table(('field', 'codes'), _codes())}"
    about = inspect.cleandoc(sys.modules["components.catalog.labels.landcover"].__doc__ or "")
    sections["Land cover"] = prose(about)
    for cover in COVER_FORMATS:
        rows = [(str(number), name or "unknown") for number, name in cover.classes.items()]
        sections[code(cover.name)] = prose(f"{cover.title}.") + (f"\n\n{table(('code', 'here'), rows)}" if rows else "")
    return page("Labels", HEAD, sections)


def _codes() -> list[tuple[str, str]]:
    """Each family's fields with their codes."""
    fields = [(f"{family.name}.{field.name}", field.values) for family in FAMILIES for field in family.fields]
    return [(name, ", ".join(value for value in values if value != UNKNOWN_CODE)) for name, values in fields]


def _module_of(read: object) -> str:
    """Module of a reader, which may be a partial function."""
    return str(getattr(read, "func", read).__module__)
