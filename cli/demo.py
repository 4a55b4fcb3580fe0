"""`fusar demo`: the whole chain on simulated scenes, from nothing to two champions."""

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from flows.result import Retrained

# The seed belongs to data.dvc, which pins the scenes that it gives; params.yaml holds those of the stages.
SEED = 20260101
BASELINES = ("majority", "chance", "shuffled", "absent")


def demo(
    update: Annotated[
        bool, typer.Option("--update", help="Add one scene and compare challenger with champion.")
    ] = False,
    profile: Annotated[str, typer.Option(help="Parameter set: the name of a file in profiles/.")] = "laptop",
    catalogue: Annotated[str, typer.Option(help="Simulated scenes: demo, or tiny for a quick look.")] = "demo",
) -> None:
    """Simulate scenes, retrain, register, promote; then show what came of it. Needs no network, GPU or account.

    Example: fusar demo
    """
    from cli.retrain import run_retrain
    from components.revisions.home import find_home
    from components.simulation.demonstration import demo_commit, update_commit

    started = time.monotonic()
    home = find_home(Path.cwd())
    print("All scenes are simulated. Stop at any time: the same command goes on from there.", file=sys.stderr)
    made = demo_commit(home, catalogue, SEED)
    _say(made.note)
    if update:
        made = update_commit(home, made.commit, "demo-update", SEED)
        _say(made.note)
    retrained = run_retrain(home.root, made.commit, profile)
    _show(home.root, retrained, time.monotonic() - started)


def _say(note: str) -> None:
    if note:
        print(note, file=sys.stderr)


def _show(root: Path, retrained: "Retrained", seconds: float) -> None:
    from rich.console import Console

    from cli.retrain import table_of

    console = Console(highlight=False)
    console.rule("stages")
    console.print(table_of(retrained))
    console.rule("held-out places, simulated scenes: figures in % beside trivial baselines")
    console.print(_metrics_table(retrained.checkout / "outputs/evaluate/report.json"))
    console.rule("models")
    _show_verdicts(console, retrained.registration.verdicts)
    registration = retrained.registration
    if retrained.is_unchanged and not registration.is_new:
        console.print("Nothing was stale: no stage ran and no new version was registered.")
    for champion in _champions(root):
        console.print(f"Champion: {champion}")
    console.print(f"Report page: {registration.report}", soft_wrap=True)
    console.print(_disk(root), soft_wrap=True)
    console.print(f"Done in {seconds:.0f} s. Try next:")
    scenes = sorted((retrained.checkout / "data/scenes").glob("*-c3.tif"))
    look = f"fusar predict {scenes[0].relative_to(root)}" if scenes else "fusar plan"
    for command in (look, "fusar lineage show fusar-gpt@champion", "make demo-update"):
        console.print(f"  {command}", soft_wrap=True)


def _disk(root: Path) -> str:
    """Disk that the demo takes, the environment included; what cache and checkouts share counts once."""
    from components.installation.sizes import gigabytes, measure, state_groups
    from components.revisions.home import Home

    sizes = measure({"environment": (Path(sys.prefix),), **state_groups(root, Home(root).remote, root / ".dvc/cache")})
    parts = ", ".join(f"{name} {gigabytes(size)}" for name, size in sizes.groups.items())
    return f"Disk: {gigabytes(sizes.total)} ({parts})"


def _metrics_table(report: Path) -> "Table":
    """Main figure of each task [%] beside its trivial baselines; the report page has the others."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("figure [%]", no_wrap=True)
    for column in ("value", "interval", "n", *BASELINES):
        table.add_column(column, justify="right", no_wrap=True)
    for entry in json.loads(report.read_text(encoding="utf-8"))["metrics"]:
        if entry["key"].count(".") == 1:
            key = entry["key"].removeprefix("fusar-") + (" ↓" if entry["better"] == "low" else "")
            known = [
                f"{100 * entry['baselines'][name]:.1f}" if name in entry["baselines"] else "" for name in BASELINES
            ]
            interval = f"{100 * entry['low']:.1f}-{100 * entry['high']:.1f}" if entry["low"] is not None else ""
            table.add_row(key, f"{100 * entry['value']:.1f}", interval, str(entry["n"]), *known)
    return table


def _show_verdicts(console: "Console", verdicts: tuple[dict[str, Any], ...]) -> None:
    """Print each version with its state and every gate's reason."""
    for verdict in verdicts:
        gates = [(gate["gate"], gate["outcome"]) for gate in verdict["gates"]]
        passed = sum(outcome["passed"] for _, outcome in gates)
        console.print(
            f"{verdict['model']}/{verdict['version']}: {verdict['state']}, {passed} of {len(gates)} gates passed"
        )
        for gate, outcome in gates:
            # What an older flow recorded knows no gates that wait.
            word = "passed" if outcome["passed"] else "waits" if outcome.get("waits_for_people") else "refused"
            said = f"  {word:7}  {gate}: {outcome['reason']}"
            console.print(said, markup=False, soft_wrap=True)


def _champions(root: Path) -> list[str]:
    from components.lineage.versions import CHAMPION, open_registry, with_alias

    client = open_registry(root)
    models = sorted(model.name for model in client.search_registered_models())
    found = [with_alias(client, model, CHAMPION) for model in models]
    return [f"{version.name}/{version.version}" for version in found if version is not None]
