"""`fusar data`: scenes of your own."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.labelling import label
from cli.listing import list_scenes
from cli.pull import pull

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.arrivals.named_files import Fetched
    from components.catalog.adding import Outcome

app = typer.Typer(help="Scenes of your own: what data/ holds.", no_args_is_help=True)
app.command("list")(list_scenes)
app.command("pull")(pull)

FETCHED = ".fusar/fetched"
PATHS = typer.Argument(
    help="Files, folders (every product below them), quoted patterns or addresses.", show_default=False
)
TEMPLATE = typer.Option(help="STAC item whose properties say what the files do not.", show_default=False)
SET = typer.Option("--set", help="NAME=VALUE: one STAC property, or id; may be given several times.")
PRODUCT = typer.Option(help="Product family of all files; by default each is recognised.", show_default=False)
ASSET = typer.Option(
    help="NAME=FILE: land_cover, objects or alphaearth of one scene; by default SCENE_NAME.tif (.geojson) beside it."
)

PARAMS = typer.Option(help="Parameters of cut and checks, such as profiles/tiny.yaml.", dir_okay=False)
PAGE = typer.Option(help="Page to write: one file that needs no network.", dir_okay=False)


app.command()(label)


@app.callback()
def data() -> None:
    """Scenes of your own: what data/ holds."""


@app.command()
def add(
    paths: Annotated[list[str], PATHS],
    template: Annotated[Path | None, TEMPLATE] = None,
    values: Annotated[list[str] | None, SET] = None,
    product: Annotated[str | None, PRODUCT] = None,
    asset: Annotated[list[str] | None, ASSET] = None,
) -> None:
    """Copy rasters into data/scenes and describe each as a STAC item in data/items; your files stay as they are.

    Example: fusar data add ~/sar --set platform=sentinel-1a
    """
    from components.arrivals.named_files import fetch_named, is_address
    from components.arrivals.sources import read_sources
    from components.catalog.adding import Addition, Outcome, add_scenes
    from components.catalog.errors import NoSuchFile
    from components.catalog.given import read_given
    from components.catalog.products import converted
    from components.catalog.sources import expand
    from components.revisions.home import find_home
    from flows.adding import as_ingestion_reads

    root = find_home(Path.cwd()).root
    fetched = fetch_named([path for path in paths if is_address(path)], read_sources(root).files, root / FETCHED)
    here = [path for path in paths if not is_address(path)]
    sources, missing = expand([*here, *map(str, fetched.folders)], converted(product))
    given, assets = read_given(template, values or ()), _assets(asset or ())
    _of_one_scene(len(sources), given.scene_id is not None, bool(assets))
    _say_what_is_not_checked_out(root)
    staging = root / ".fusar/incoming"
    addition = Addition(root / "data", staging, as_ingestion_reads(root), given, product, assets)
    faults = [*(NoSuchFile(path) for path in missing), *fetched.refused]
    outcomes = [Outcome(fault.path, "set aside", error=fault) for fault in faults]
    for outcome in add_scenes(sources, addition):
        _say(outcome)
        outcomes.append(outcome)
    fetched.remove()
    _summarise(outcomes, staging, fetched)


@app.command()
def report(
    page: Annotated[Path, PAGE] = Path("data-report.html"),
    params: Annotated[Path, PARAMS] = Path("params.yaml"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of sentences.")] = False,
) -> None:
    """Write a page about data/: map, backscatter, quicklooks, checks, scenes set aside, licences. Exit 1 if unfit.

    Nothing is committed or trained: scenes are cut and checked as a retrain would, and what was cut before is known.

    Example: fusar data report --page data-report.html
    """
    import json
    from dataclasses import asdict

    from components.revisions.home import find_home
    from flows.data_report import write_report

    said = write_report(find_home(Path.cwd()), params, page)
    if as_json:
        typer.echo(json.dumps({**asdict(said), "page": str(said.page)}))
    else:
        typer.echo(
            f"{said.scenes} scenes cut, {said.set_aside} set aside; expectations not met: {said.critical} critical, "
            f"{said.warnings} others."
        )
        typer.echo(f"Next: open {said.page}")
    if said.critical:
        raise typer.Exit(1)


def _assets(pairs: "Sequence[str]") -> dict[str, Path]:
    from components.catalog.errors import BadTemplate
    from components.catalog.sources import COMPANIONS

    found = {}
    for pair in pairs:
        name, _, file = pair.partition("=")
        if name not in COMPANIONS or not file:
            raise BadTemplate(f"--asset {pair[:60]!r}", f"not NAME=FILE with a NAME of {', '.join(COMPANIONS)}")
        found[name] = Path(file).expanduser()
    return found


def _of_one_scene(count: int, has_id: bool, has_assets: bool) -> None:
    from components.catalog.errors import OneSceneOnly

    if count > 1 and (has_id or has_assets):
        raise OneSceneOnly("id" if has_id else "--asset", count)


def _say_what_is_not_checked_out(root: Path) -> None:
    if (root / "data.dvc").exists() and not (root / "data/items").exists():
        typer.echo(
            "note: data.dvc pins scenes that are not in data/: `dvc add data` will leave them out. "
            "To keep them beside yours: dvc checkout data.dvc",
            err=True,
        )


def _say(outcome: "Outcome") -> None:
    if outcome.kind == "added":
        typer.echo(f"added      {outcome.scene_id}  {outcome.product}  {outcome.chips} chips")
    elif outcome.kind == "unchanged":
        typer.echo(f"unchanged  {outcome.scene_id}  {outcome.product}")


def _summarise(outcomes: "Sequence[Outcome]", staging: Path, fetched: "Fetched") -> None:
    from components.arrivals.errors import ItemsLeft
    from components.catalog.errors import NothingAdded

    aside = [outcome for outcome in outcomes if outcome.kind == "set aside"]
    for outcome in aside:
        typer.echo(f"set aside  {fetched.with_addresses(outcome.reason(staging))}", err=True)
    counts = {kind: sum(outcome.kind == kind for outcome in outcomes) for kind in ("added", "unchanged", "set aside")}
    if fetched.later:
        raise ItemsLeft(", ".join(f"{count} {kind}" for kind, count in counts.items()), fetched.later)
    if len(aside) == len(outcomes):
        raise NothingAdded(len(aside))
    typer.echo(", ".join(f"{count} {kind}" for kind, count in counts.items()) + ".")
    if counts["added"]:
        typer.echo("Next: dvc add data && git add data.dvc && git commit -m 'add scenes' && fusar plan")
