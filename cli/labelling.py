"""`fusar data label`: labels that others made, by the format that they are in."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from components.catalog.labels.labelling import Labels, Outcome

FORMAT = typer.Argument(metavar="FORMAT", help="coco, voc, dota, geojson, ...: see docs/reference/labels.md.")
PATH = typer.Argument(help="The label file, or the folder of them.")
CLASS = typer.Option("--class", help="NAME=CLASS: what a class of the labels is here; nothing behind = leaves it out.")
ENDING = typer.Option(help="What a label file's name has beyond its picture's, such as _instance_id_RGB.")
SCENE = typer.Option(help="Only this scene; may be given several times.")


def label(
    form: Annotated[str, FORMAT],
    path: Annotated[Path, PATH],
    classes: Annotated[list[str] | None, CLASS] = None,
    ending: Annotated[str, ENDING] = "",
    scene: Annotated[list[str] | None, SCENE] = None,
) -> None:
    """Give scenes of data/ the labels of a file or folder, each picture's to the scene of its name.

    Example: fusar data label coco instances.json --class vessel=ship
    """
    from components.catalog.labels.labelling import Labels
    from components.revisions.home import find_home

    root = find_home(Path.cwd()).root
    said = _said(form, classes or ())
    labels = Labels(root / "data", root / ".fusar/incoming", path.expanduser(), ending, said, frozenset(scene or ()))
    outcomes = []
    for outcome in _outcomes(form, labels):
        _say(outcome)
        outcomes.append(outcome)
    _summarise(outcomes)


def _said(form: str, classes: "Sequence[str]") -> dict[str, str]:
    """What each class is here, in the words of the format's labels."""
    from components.catalog.labels import CAPTION_FORMATS
    from components.catalog.labels.captioned import CODES, CODES_IN_WORDS
    from components.catalog.labels.classes import CATEGORIES, read_classes
    from components.catalog.labels.landcover import COVER_FORMATS, COVERS

    if form in {known.name for known in CAPTION_FORMATS}:
        return read_classes(classes, CODES, CODES_IN_WORDS)
    is_cover = form in {known.name for known in COVER_FORMATS}
    return read_classes(classes, COVERS if is_cover else CATEGORIES)


def _outcomes(form: str, labels: "Labels") -> "Iterator[Outcome]":
    from components.catalog.errors import UnknownFormat
    from components.catalog.labels import CAPTION_FORMATS, FORMATS
    from components.catalog.labels.captioned import label_captions
    from components.catalog.labels.labelling import label_objects
    from components.catalog.labels.landcover import COVER_FORMATS, label_cover

    for known in FORMATS:
        if known.name == form:
            return label_objects(known, labels)
    for cover in COVER_FORMATS:
        if cover.name == form:
            return label_cover(cover, labels)
    for caption in CAPTION_FORMATS:
        if caption.name == form:
            return label_captions(caption, labels)
    objects, covers = [known.name for known in FORMATS], [known.name for known in COVER_FORMATS]
    raise UnknownFormat(form, (*objects, *covers, *(known.name for known in CAPTION_FORMATS)))


def _say(outcome: "Outcome") -> None:
    if outcome.kind == "set aside":
        typer.echo(f"set aside  {outcome.reason}", err=True)
        return
    found = ", ".join(f"{count} {name}" for name, count in sorted(outcome.counts.items())) or "no object"
    typer.echo(f"{outcome.kind:<9}  {outcome.scene_id}  {found}")


def _summarise(outcomes: "Sequence[Outcome]") -> None:
    from components.catalog.errors import NothingLabelled

    counts = {
        kind: sum(outcome.kind == kind for outcome in outcomes) for kind in ("labelled", "unchanged", "set aside")
    }
    if counts["set aside"] == len(outcomes):
        raise NothingLabelled(len(outcomes))
    typer.echo(", ".join(f"{count} {kind}" for kind, count in counts.items()) + ".")
    if counts["labelled"]:
        typer.echo("Next: dvc add data && git add data.dvc && git commit -m 'add labels' && fusar plan")
