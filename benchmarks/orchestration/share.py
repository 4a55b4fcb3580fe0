"""The flow's own share of a retrain: `python -m benchmarks.orchestration.share --root REPOSITORY --profile laptop`.

Share = time of the flow run in which no component was at work / wall clock of the flow run, all stages run. Components
work in the stages' own commands and in the processes of the steps register, consider and report. A command's time ends
when it writes its metrics file; what Python needs to end after that counts as the flow's own.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.orchestration.errors import NotMeasurable
from benchmarks.orchestration.results import Comparison, comparison_table
from components.contract.errors import FusarError
from components.revisions.home import Home

LIMIT_PER_CENT = 3.0
RETRAINS_SEARCHED = 100


@dataclass(frozen=True)
class Times:
    """Where the time of one retrain went [s].

    Attributes:
        wall: from the start of the flow run to its end.
        planning: before the first stage: checkout, parameters, what is stale, MLflow's run.
        stages: wall clock of each stage's task run.
        commands: what each stage's own command took, within that.
        steps: wall clock of what follows the stages (register, consider, report), by name.
    """

    wall: float
    planning: float
    stages: Mapping[str, float]
    commands: Mapping[str, float]
    steps: Mapping[str, float]


def compare(times: Times) -> list[Comparison]:
    """The share with its limit, then its parts; the steps stand beside it, for who counts them to the flow."""
    beside_stages = times.wall - sum(times.commands.values())
    own = beside_stages - sum(times.steps.values())
    around = {name: seconds - times.commands[name] for name, seconds in times.stages.items()}
    rest = own - times.planning - sum(around.values())
    return [
        Comparison("the flow's own share", 100 * own / times.wall, "%", LIMIT_PER_CENT),
        Comparison("all but the stages' commands: with the three steps", 100 * beside_stages / times.wall, "%"),
        Comparison("wall clock of the flow run", times.wall, "s"),
        Comparison("planning", times.planning, "s"),
        *(Comparison(f"around {name}: DVC, push, MLflow", seconds, "s") for name, seconds in around.items()),
        *(Comparison(name, seconds, "s") for name, seconds in times.steps.items()),
        Comparison("between and after", rest, "s"),
    ]


def times_of(root: Path, profile: str) -> Times:
    """Times of the newest retrain with a profile in which every stage ran, from MLflow's runs and Prefect's task runs.

    Raises:
        NotMeasurable: there is none, or one of its stages has no `command_s`.
    """
    flow_run_id, commands = _newest_full_retrain(root, profile)
    wall, planning, tasks = _task_runs(root, flow_run_id)
    stages = {name: seconds for name, seconds in tasks.items() if name in commands}
    steps = {name: seconds for name, seconds in tasks.items() if name not in commands}
    return Times(wall, planning, stages, commands, steps)


def _newest_full_retrain(root: Path, profile: str) -> tuple[str, dict[str, float]]:
    from components.tracking.runs import Tracking
    from flows.graph import STAGES

    tracking = Tracking(root)
    wanted = f"tags.`fusar.kind` = 'retrain' and tags.`fusar.profile` = '{profile}' and attributes.status = 'FINISHED'"
    retrains = tracking.client.search_runs(
        [tracking.experiment_id], wanted, max_results=RETRAINS_SEARCHED, order_by=["attributes.start_time DESC"]
    )
    names = [stage.name for stage in STAGES]
    for retrain in retrains:
        links = [retrain.data.tags.get(f"fusar.stage.{name}", "").partition(" ") for name in names]
        if all(how == "ran" for how, _, _ in links):
            runs = {name: tracking.client.get_run(run_id) for name, (_, _, run_id) in zip(names, links, strict=True)}
            return retrain.data.tags["fusar.flow_run_id"], _commands(runs)
    raise NotMeasurable(
        f"{root}: no finished retrain with profile {profile} in which all {len(names)} stages ran",
        "Run `fusar demo` in a fresh clone, then ask again.",
    )


def _commands(runs: Mapping[str, Any]) -> dict[str, float]:
    found = {name: run.data.metrics.get("command_s") for name, run in runs.items()}
    missing = [name for name, seconds in found.items() if seconds is None]
    if missing:
        raise NotMeasurable(
            f"No metric `command_s` in the MLflow runs of {', '.join(missing)}",
            "The retrain is older than the metric, or its outputs lay in the cache before: retrain a fresh clone.",
        )
    return found


def _task_runs(root: Path, flow_run_id: str) -> tuple[float, float, dict[str, float]]:
    """Wall clock of a flow run, time before its first task run and seconds of each task run, by name."""
    from flows.server import prefect_server

    with prefect_server(Home(root)):
        from prefect.client.orchestration import get_client
        from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
        from prefect.client.schemas.sorting import TaskRunSort
        from prefect.exceptions import ObjectNotFound

        with get_client(sync_client=True) as client:
            try:
                flow_run = client.read_flow_run(flow_run_id)
            except ObjectNotFound as error:
                found = f"Prefect's server of {root} does not know flow run {flow_run_id}"
                raise NotMeasurable(found, "Set PREFECT_API_URL to the server that the retrain used.") from error
            of_it = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run.id]))
            runs = client.read_task_runs(flow_run_filter=of_it, sort=TaskRunSort.END_TIME_DESC, limit=200)
    runs = sorted(runs, key=lambda run: run.start_time)
    if flow_run.end_time is None or not runs:
        raise NotMeasurable(f"Prefect knows no end of flow run {flow_run_id}", "Let the retrain finish.")
    wall = (flow_run.end_time - flow_run.start_time).total_seconds()
    planning = (runs[0].start_time - flow_run.start_time).total_seconds()
    return wall, planning, {run.name: (run.end_time - run.start_time).total_seconds() for run in runs}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the share and its parts; exit 1 where the limit is missed or a time is not recorded."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.orchestration.share", description=__doc__)
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="repository with a finished retrain")
    parser.add_argument("--profile", default="laptop", help="of the retrain")
    options = parser.parse_args(arguments)
    try:
        found = compare(times_of(options.root.resolve(), options.profile))
    except FusarError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from error
    Console().print(comparison_table(found))
    raise SystemExit(0 if all(figure.is_met for figure in found) else 1)


if __name__ == "__main__":
    main()
