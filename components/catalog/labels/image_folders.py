"""Image folders: one folder a class, and in it the pictures of that class; only their names are read.

The class is said of the picture as a whole, so it becomes one clause of its caption: `urban/a.png` says that the
terrain of scene `a` is urban, `tanker/b.png` that its ship is a tanker. A folder that is called like a code of Terrain
or of a Category needs no more; of any other `--class` says what it means (`--class Cargo=ship.Category.freighter`, or
`--class Dredger=` to leave its pictures out). A picture in two folders is set aside when the second comes.
"""

from collections.abc import Iterator
from pathlib import Path

from components.catalog.errors import NoSuchFile
from components.catalog.labels.captioned import CODES, Captioned, CaptionFormat, not_said, plain
from components.catalog.labels.classes import LEFT_OUT
from components.catalog.labels.labelling import Labels
from components.catalog.labels.reading import stem_of
from components.rasters.errors import SceneError
from components.records.given import GivenCaption, GivenClause

_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
_NAMING = ("landform.Terrain.", "ship.Category.", "aircraft.Category.")
# "none" and the like stand in several fields, and name no class.
_SHORT = {code.rpartition(".")[2]: code for code in CODES if code.startswith(_NAMING) and not code.endswith(".none")}


def _read(labels: Labels) -> Iterator[Captioned | SceneError]:
    folders = sorted(folder for folder in labels.path.glob("*") if folder.is_dir())
    pictures = {folder: _pictures(folder, labels.ending) for folder in folders}
    if not any(pictures.values()):
        raise NoSuchFile(labels.path)
    for folder, files in pictures.items():
        code = labels.classes.get(folder.name, _SHORT.get(plain(folder.name).replace(" ", "_")))
        if code is None:
            yield not_said(folder, (folder.name,))
        elif code != LEFT_OUT:
            family, field, value = code.split(".")
            caption = GivenCaption.model_validate(
                {"family": family, "clauses": {field: GivenClause(text=folder.name, code=value)}}
            )
            yield from (Captioned(file, stem_of(file.name, labels.ending), caption) for file in files)


def _pictures(folder: Path, ending: str) -> list[Path]:
    files = (file for file in folder.glob("*") if file.suffix.lower() in _SUFFIXES and file.is_file())
    return sorted(file for file in files if file.stem.endswith(ending))


FORMAT = CaptionFormat("image-folders", "one folder a class, with the pictures of that class in it", _read)
