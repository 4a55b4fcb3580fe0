"""`fusar launch`: a training over several processes, tried or started."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from components.training.footprint import Footprint

STAGE = typer.Argument(help="Stage that trains.")
LAUNCHER = typer.Option(
    help="File of torchrun's variables (deploy/launch/); what the environment sets comes first.",
    exists=True,
    dir_okay=False,
)
PROFILE = typer.Option(help="With --dry-run: the parameter set to look at; without it, params.yaml of this folder.")
PACKAGES = {"pretrain": "components.pretraining", "align": "components.finetuning", "instruct": "components.finetuning"}


def launch(
    stage: Annotated[Literal["pretrain", "align", "instruct"], STAGE],
    launcher: Annotated[Path, LAUNCHER] = Path("deploy/launch/eight-gpus.env"),
    profile: Annotated[str | None, PROFILE] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what each process would do; start none.")] = False,
    cpu: Annotated[bool, typer.Option("--cpu", help="With --dry-run: processes without GPUs.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --dry-run: print JSON instead of a table.")] = False,
) -> None:
    """Run a stage that trains over the processes that a launcher file names, or say what each of them would do.

    Example: fusar launch align --launcher deploy/launch/two-nodes.env --profile one-gpu --dry-run
    """
    variables = variables_of(launcher)
    if not dry_run:
        os.execve(sys.executable, [sys.executable, "-m", PACKAGES[stage], stage], {**variables, **os.environ})
    file = Path("params.yaml") if profile is None else Path("profiles") / f"{profile}.yaml"
    if not file.is_file():
        raise typer.BadParameter(f"there is no {file} here", param_hint="--profile")
    found = plan_of(stage, file, {**variables, **os.environ}, on_gpus=not cpu)
    if as_json:
        typer.echo(json.dumps(found))
        return
    show(stage, found)
    typer.echo(f"Next: fusar launch {stage} --launcher {launcher}")


def variables_of(launcher: Path) -> dict[str, str]:
    """What a launcher file sets.

    Raises:
        BadParameter: it is no text.
    """
    from dotenv import dotenv_values

    try:
        found = dotenv_values(launcher, interpolate=False)
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{launcher} is no text", param_hint="--launcher") from error
    return {name: value for name, value in found.items() if value is not None}


def plan_of(stage: str, params: Path, variables: dict[str, str], on_gpus: bool) -> dict[str, Any]:
    """Every process, and the memory of each, as JSON types."""
    from components.contract.params import check_params
    from components.training.placing import counts, places
    from flows.graph import STAGES

    configs: dict[str, Any] = dict(check_params(params, STAGES))
    nodes, per_node = counts(variables)
    memory = _footprint(stage, configs, nodes * per_node, on_gpus)
    config = configs[stage].training if stage == "pretrain" else configs[stage]
    batch = config.batch_size if stage == "pretrain" else config.batch_chips
    return {
        "stage": stage,
        "steps": config.steps,
        "batch": batch,
        "checkpoint_every": config.checkpoint_every,
        "processes": [asdict(place) for place in places(nodes, per_node, batch, on_gpus)],
        "memory_bytes": {**asdict(memory), "total": memory.total},
    }


def _footprint(stage: str, configs: dict[str, Any], processes: int, on_gpus: bool) -> "Footprint":
    side, vision = configs["ingest"].chip_size, configs["pretrain"].vision
    if stage == "pretrain":
        from components.pretraining.footprint import pretraining_footprint

        return pretraining_footprint(configs[stage], side, processes, on_gpus)
    from components.finetuning.footprint import finetuning_footprint, gpt_without_weights

    gpt = gpt_without_weights(configs["align"], vision, on_gpus)
    return finetuning_footprint(stage, configs[stage], gpt, side, processes, on_gpus)


def show(stage: str, found: dict[str, Any]) -> None:
    """Print a plan as two tables."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("rank", "node", "device", "rows of each batch", "how many", "writes")
    places: list[dict[str, Any]] = found["processes"]
    for place in places:
        writes = "outputs, checkpoints" if place["writes"] else "nothing"
        table.add_row(*(str(place[key]) for key in ("rank", "node", "device", "share", "rows")), writes)
    console.print(table)
    memory = found["memory_bytes"]
    console.print(
        f"{stage}: {found['steps']} steps of {found['batch']} rows, a checkpoint after every "
        f"{found['checkpoint_every']}; {memory['parameters']:,} parameters, of which {memory['trained']:,} learn."
    )
    sizes = Table("memory of each process", "GB", title_justify="left")
    for name in ("weights", "gradients", "optimiser", "activations", "total"):
        said = f"{name} (estimate)" if name == "activations" else name
        sizes.add_row(said, f"{memory[name] / 1e9:.3f}")
    console.print(sizes)
