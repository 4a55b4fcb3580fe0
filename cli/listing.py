"""`fusar data list`: the scenes in data/ by place, time, sensor and what changed since a commit."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from components.catalog.table.changes import Changes

PLACE = typer.Option(help="WEST,SOUTH,EAST,NORTH [degree], or a GeoJSON file.", show_default=False)
TIME = typer.Option(help="FROM/TO, days or moments of acquisition in UTC; either may be `..`.", show_default=False)
SENSOR = typer.Option(help="Platform, constellation or instrument, such as sentinel-1a.", show_default=False)
CHANGED = typer.Option(help="A git revision: only scenes that its data.dvc lacks or has otherwise.", show_default=False)
OUTPUT = typer.Option(help="Write the scenes as stac-geoparquet instead of listing them.", dir_okay=False)
FOLDER = "scenes"


def list_scenes(
    place: Annotated[str | None, PLACE] = None,
    time: Annotated[str | None, TIME] = None,
    sensor: Annotated[str | None, SENSOR] = None,
    changed: Annotated[str | None, CHANGED] = None,
    output: Annotated[Path | None, OUTPUT] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """List the scenes in data/: id, time, platform, polarisations, product. Broken items are named, and hide no other.

    Example: fusar data list --place 9,53,11,55 --time 2021-07-01/2021-07-31 --changed HEAD
    """
    import pyarrow as pa

    from components.arrivals.questions import read_place, read_times
    from components.catalog.table.asking import Question, answering, broken, open_table, shown, write_selected
    from components.catalog.table.changes import changes, committed, present
    from components.catalog.table.index import refresh
    from components.ingestion.items import read_scene
    from components.revisions.home import find_home

    home = find_home(Path.cwd())
    start, end = (None, None) if time is None else read_times(time)
    area = None if place is None else read_place(place)
    before = None if changed is None else committed(home.root, changed)
    path = refresh(home.root / "data", home.state / FOLDER, read_scene).path
    table = open_table(path)
    found = None if before is None else changes(before, present(home.root, home.state / FOLDER, table), table)
    ids = None if found is None else found.added | found.altered
    rows = answering(table, Question(area, start, end, sensor, ids))
    faults = broken(table)
    if output is not None:
        count = write_selected(path, rows, output)
        typer.echo(json.dumps({"output": str(output), "scenes": count}) if as_json else f"{output}: {count} scenes.")
    elif as_json:
        typer.echo(json.dumps(_as_dict(shown(table.filter(pa.array(rows))), found, faults)))
    else:
        _say(shown(table.filter(pa.array(rows))), found)
    for _, problem in faults:
        typer.echo(f"broken  {problem}", err=True)


def _as_dict(
    scenes: "list[dict[str, Any]]", found: "Changes | None", faults: "Sequence[tuple[str, str]]"
) -> "dict[str, object]":
    said: dict[str, object] = {"scenes": scenes, "broken": [{"item": item, "problem": why} for item, why in faults]}
    if found is not None:
        said["scenes"] = [{"change": _change(scene, found), **scene} for scene in scenes]
        said["removed"] = sorted(found.removed)
    return said


def _say(scenes: "Sequence[Mapping[str, Any]]", found: "Changes | None") -> None:
    for scene in scenes:
        taken = scene["datetime"] or f"{scene['start_datetime'] or '..'}/{scene['end_datetime'] or '..'}"
        words = [scene["id"], taken, scene["platform"], ",".join(scene["sar:polarizations"]), scene["fusar:product"]]
        if found is not None:
            words.insert(0, f"{_change(scene, found):<7}")
        typer.echo("  ".join(word or "-" for word in words))
    for name in sorted(found.removed) if found else ():
        typer.echo(f"removed  {ascii(name)[1:-1]}")
    gone = f", {len(found.removed)} removed" if found else ""
    typer.echo(f"{len(scenes)} scenes{gone}.")


def _change(scene: "Mapping[str, Any]", found: "Changes") -> str:
    return "added" if scene["id"] in found.added else "altered"
