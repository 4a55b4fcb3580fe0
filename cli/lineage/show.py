"""`fusar lineage show`: what made a version, down to the scenes."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.tree import Tree

    from components.lineage.record import Evaluation, Lineage, Scene

SCENES_SHOWN = 3


def show(
    version: Annotated[
        str, typer.Argument(help="MODEL@ALIAS, MODEL/VERSION, or MODEL for its champion.", show_default=False)
    ],
    everything: Annotated[bool, typer.Option("--all", help="Every figure of every task, every scene.")] = False,
    html: Annotated[
        Path | None, typer.Option(help="Write a page with its graph and map to FILE instead.", metavar="FILE")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole record as JSON.")] = False,
) -> None:
    """Print what made VERSION: commit, profile, stages, verdicts, parents, metrics, places and scenes.

    Example: fusar lineage show fusar-gpt@champion
    """
    from components.lineage.evaluations import read_evaluation
    from components.lineage.versions import open_registry, read_lineage, resolve
    from components.revisions.home import find_home

    client = open_registry(find_home(Path.cwd()).root)
    found = resolve(client, version)
    record, evaluation = read_lineage(client, found), read_evaluation(client, found)
    if as_json:
        content = {"version": str(found.version), **record.model_dump(), "evaluation": evaluation.model_dump()}
        typer.echo(json.dumps(content))
        return
    name = f"{found.name}/{found.version}"
    if html is not None:
        from components.lineage.pages.version import version_page
        from components.pages.files import write_page

        write_page(html, version_page(name, record, evaluation))
        typer.echo(f"{html}: what made {name}. Next: open it in a browser; it needs no network")
        return
    from rich.console import Console

    Console().print(tree_of(name, record, evaluation, everything))
    typer.echo(f"Next: fusar lineage show {name} --html FILE for its graph and map, or --json for every md5")


def tree_of(name: str, record: "Lineage", evaluation: "Evaluation", everything: bool) -> "Tree":
    """A record as a tree; from a version to its scenes."""
    from rich.text import Text
    from rich.tree import Tree

    tree = Tree(Text(f"{name}{_made_of(record)}", style="bold"))
    retrain = record.retrain
    _leaf(tree, f"commit {retrain.commit}, profile {retrain.profile} (params {retrain.params_sha256[:12]})")
    _leaf(tree, f"flow run {retrain.flow_run_id}, MLflow run {retrain.mlflow_run_id}")
    _leaf(tree, f"requirements.lock {retrain.requirements_sha256[:12]}, base model: {record.base_model}")
    parents = ", ".join(f"{parent.model}/{parent.version}" for parent in record.parents)
    _leaf(tree, f"parents: {parents or 'none'}")
    _stages(_leaf(tree, f"{len(record.stages)} stages, chain {record.chain[:12]}"), record)
    _verdicts(_leaf(tree, "validation"), record)
    worth = _leaf(tree, f"evaluation on {evaluation.item_rows} items (table {evaluation.items.md5[:12]})")
    _metrics(worth, evaluation, "" if everything else f"{record.model}.")
    inputs = ", ".join(f"{content.path} {content.md5[:12]}" for content in record.inputs)
    _places(_leaf(tree, f"inputs: {inputs}"), record, everything)
    return tree


def _made_of(record: "Lineage") -> str:
    if not record.simulated:
        return ""
    return " (made of simulated scenes)" if all(s.simulated for s in record.scenes) else " (simulated and real scenes)"


def _leaf(tree: "Tree", text: str) -> "Tree":
    from rich.text import Text

    return tree.add(Text(text))  # ids come from elsewhere: as Text, brackets in them are no markup


def _stages(branch: "Tree", record: "Lineage") -> None:
    for stage in record.stages:
        run = f"MLflow run {stage.mlflow_run_id}" if stage.mlflow_run_id else "no run: made by hand"
        leaf = _leaf(branch, f"{stage.name} ({run})")
        for out in stage.outs:
            _leaf(leaf, f"{out.path} {out.md5}")


def _verdicts(branch: "Tree", record: "Lineage") -> None:
    for verdict in record.verdicts:
        failures = [*verdict.critical_failures, *verdict.warnings]
        _leaf(branch, f"{verdict.stage}: {verdict.checks} checks, {'; '.join(failures) or 'all passed'}")


def _metrics(branch: "Tree", evaluation: "Evaluation", prefix: str) -> None:
    """Figures that have an interval, beside the trivial answer; with a prefix only its main ones."""
    metrics = evaluation.metrics
    for name in sorted(metrics):
        low, high = metrics.get(f"{name}.low"), metrics.get(f"{name}.high")
        is_main = name.startswith(prefix) and "." not in name.removeprefix(prefix)
        if low is None or high is None or ".minus_" in name or (prefix and not is_main):
            continue
        blind = [
            f"{kind} {metrics[f'{name}.{kind}']:.3f}" for kind in ("majority", "chance") if f"{name}.{kind}" in metrics
        ]
        beside = f"; {', '.join(blind)}" if blind else ""
        _leaf(branch, f"{name} {metrics[name]:.3f} (95 % {low:.3f} to {high:.3f}{beside})")


def _places(branch: "Tree", record: "Lineage", every_scene: bool) -> None:
    places = sorted({scene.place_id for scene in record.scenes})
    chips = sum(scene.chips for scene in record.scenes)
    data = _leaf(branch, f"{len(record.scenes)} scenes at {len(places)} places, {chips} chips")
    shown = places if every_scene else places[:SCENES_SHOWN]
    for place in shown:
        scenes = [scene for scene in record.scenes if scene.place_id == place]
        _scenes(_leaf(data, f"place {place} ({scenes[0].split})"), scenes)
    if len(shown) < len(places):
        _leaf(data, f"... and {len(places) - len(shown)} more places (--all)")
    if record.set_aside:
        aside = ", ".join(f"{scene.scene_id} ({scene.code})" for scene in record.set_aside)
        _leaf(branch, f"set aside: {aside}")


def _scenes(branch: "Tree", scenes: Iterable["Scene"]) -> None:
    for scene in scenes:
        sensor = f"{scene.platform} {scene.frequency_band} {'+'.join(scene.polarizations)}"
        raster = next((file.md5 for file in scene.files if file.path.startswith("scenes/")), "unknown")
        kind = "simulated" if scene.simulated else "real"
        _leaf(branch, f"{scene.scene_id}: {kind}, {sensor}, {scene.datetime}, md5 {raster}")
