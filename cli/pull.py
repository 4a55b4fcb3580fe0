"""`fusar data pull`: scenes of a STAC API by place, time, sensor and licence, and AlphaEarth for scenes."""

import hashlib
import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from components.arrivals.questions import Found
    from components.arrivals.sources import StacSource
    from components.arrivals.stac import Arrival
    from components.revisions.home import Home

SOURCE = typer.Argument(
    help="A STAC API of sources.yaml by name; alphaearth for the scenes in data/ that lack it.", show_default=False
)
PLACE = typer.Option(help="WEST,SOUTH,EAST,NORTH [degree], or a GeoJSON file.", show_default=False)
TIME = typer.Option(help="FROM/TO, days or moments of acquisition in UTC; either may be `..`.", show_default=False)
SENSOR = typer.Option(help="Platform, constellation or instrument, such as sentinel-1a.", show_default=False)
LICENCE = typer.Option(help="Only items under this licence; may be given several times.", show_default=False)
MOST = typer.Option(min=0, help="No more than so many new scenes; 0 lists what there is.", show_default=False)


def pull(
    source: Annotated[str, SOURCE],
    place: Annotated[str | None, PLACE] = None,
    time: Annotated[str | None, TIME] = None,
    sensor: Annotated[str | None, SENSOR] = None,
    licence: Annotated[list[str] | None, LICENCE] = None,
    most: Annotated[int | None, MOST] = None,
) -> None:
    """Fetch scenes that a STAC API has into data/; what is there already is not fetched again.

    Example: fusar data pull my-archive --place 9,53,11,55 --time 2021-07-01/2021-07-31 --sensor sentinel-1a
    """
    from components.arrivals.questions import Question, read_place, read_times, search
    from components.arrivals.sources import ALPHAEARTH, read_sources
    from components.revisions.home import find_home

    home = find_home(Path.cwd())
    if source == ALPHAEARTH:
        _give_alphaearth(home, {"place": place, "time": time, "sensor": sensor, "licence": licence, "most": most})
        return
    api = read_sources(home.root).catalogue(source)
    start, end = (None, None) if time is None else read_times(time)
    area = None if place is None else read_place(place)
    question = Question(area, start, end, sensor, tuple(licence or ()))
    found = search(api, question)
    new = [one for one in found.arrivals if not (home.root / "data/items" / f"{one.id}.json").exists()]
    _say_what_is_left(found, len(new), most)
    if most == 0:
        for arrival in new:
            typer.echo(f"{str(arrival.item['properties'].get('datetime'))[:40]}  {arrival.id}")
        return
    _take(new[:most], api, home)


def _say_what_is_left(found: "Found", new: int, most: int | None) -> None:
    typer.echo(f"{len(found.arrivals)} items found, {len(found.arrivals) - new} of them in data/ already.")
    for licence, count in sorted(found.unlicensed.items()):
        typer.echo(f"{count} left out: licence {licence!a}")
    if most and new > most:
        typer.echo(f"{new - most} left for another time (--most {most}).")


def _take(arrivals: "list[Arrival]", source: "StacSource", home: "Home") -> None:
    from components.arrivals.errors import AssetUnreachable, ItemsLeft, NotFetched, RefusedItem
    from flows.adding import as_ingestion_reads
    from flows.items_as_scenes import Destination, bring

    incoming = home.state / "pulled" / hashlib.sha256(source.url.encode()).hexdigest()[:16]
    to = Destination(home.root / "data", home.state / "incoming", as_ingestion_reads(home.root))
    counts, later = Counter[str](), ""
    for arrival in arrivals:
        version = f"{arrival.key}/{arrival.item['properties'].get('updated')}"
        folder = incoming / hashlib.sha256(version.encode()).hexdigest()[:16]
        try:
            outcome = bring(arrival, source, folder, to)
        except AssetUnreachable as error:
            later = later or str(error)
            counts["later"] += 1
            continue
        except RefusedItem as error:
            counts["set aside"] += 1
            typer.echo(f"set aside  {error.item[:100]!a}: {NotFetched.code}: {error.problem}", err=True)
        else:
            counts[outcome.kind] += 1
            if outcome.error is None:
                typer.echo(f"{outcome.kind:<9}  {arrival.id}  {outcome.chips} chips")
            else:
                typer.echo(f"set aside  {arrival.id!a}: {outcome.error.code}: {outcome.error.problem}", err=True)
        shutil.rmtree(folder, ignore_errors=True)
    said = f"{counts['added']} added, {counts['unchanged']} unchanged, {counts['set aside']} set aside"
    if later:
        raise ItemsLeft(f"{said}, {counts['later']} to come", later)
    shutil.rmtree(incoming, ignore_errors=True)
    typer.echo(f"{said}.")
    if counts["added"]:
        typer.echo("Next: dvc add data && git add data.dvc && git commit -m 'add scenes' && fusar plan")


def _give_alphaearth(home: "Home", options: "Mapping[str, object]") -> None:
    from components.arrivals.errors import BadQuestion, ItemsLeft
    from components.arrivals.sources import read_sources
    from flows.alphaearth_of_scenes import give_alphaearth

    if asked := [f"--{name}" for name, value in options.items() if value is not None]:
        raise BadQuestion(", ".join(asked), "alphaearth comes for the scenes in data/ alone, so leave it out")
    counts, later = Counter[str](), ""
    for given in give_alphaearth(
        home.root / "data", read_sources(home.root).of_alphaearth(), home.state / "alphaearth"
    ):
        counts[given.kind] += 1
        later = later or (given.said if given.kind == "later" else "")
        if given.kind != "later":
            typer.echo(f"{given.kind:<9}  {given.scene_id}  {given.said}", err=given.kind == "set aside")
    said = f"{counts['given']} given, {counts['none']} where AlphaEarth has nothing, {counts['set aside']} set aside"
    if later:
        raise ItemsLeft(f"{said}, {counts['later']} to come", later)
    typer.echo(f"{said}.")
    if counts["given"]:
        typer.echo("Next: dvc add data && git add data.dvc && git commit -m 'add AlphaEarth' && fusar plan")
