"""A retrain told in Markdown, for Prefect's page and for MLflow's; all that comes from outside is escaped."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.contract.stage import OUTPUTS_FOLDER
from components.tracking.addresses import run_address, version_address
from components.tracking.figures import REPORT, figures_table, main_figures
from components.tracking.markdown import Markdown, code, escaped, link, table
from flows.result import Registration

SIMULATED = Markdown("**The scenes are simulated**: the figures prove the path, not what real SAR would give.")


@dataclass(frozen=True)
class StageRow:
    """How one stage stands.

    Attributes:
        name: the stage.
        outcome: waiting, running, ran, restored, unchanged, failed, or not reached where another one failed.
        why: why it was stale.
        seconds: wall clock [s].
        figures: its main metrics in one line.
        mlflow_run_id: of the run that made its outputs; empty where it is not known (yet).
    """

    name: str
    outcome: str
    why: str
    seconds: float
    figures: str = ""
    mlflow_run_id: str = ""


@dataclass(frozen=True)
class Story:
    """What is told of a retrain.

    Attributes:
        commit: full id.
        profile: name of its parameter set.
        seconds: since the flow took it up [s].
        stages: every stage in order.
        failure: why it did not end well; empty when it did.
        registration: versions and verdicts; None before them.
        checkout: folder with its outputs.
        report: path of the report page, as the person should type it.
        runs: ids in MLflow: of the experiment and of the retrain's run; None where it needed no run.
        log: what the failed stage said, as the person should type it; empty where no stage failed.
    """

    commit: str
    profile: str
    seconds: float
    stages: Sequence[StageRow]
    failure: str
    registration: Registration | None
    checkout: Path
    report: str
    runs: tuple[str, str] | None
    log: str = ""


def told(story: Story, mlflow: str, others: Sequence[Markdown] = ()) -> Markdown:
    """The whole retrain.

    Args:
        story: what happened.
        mlflow: root of MLflow's page, or components.tracking.addresses.HERE.
        others: further links of the first lines.
    """
    return Markdown("\n\n".join((*_head(story, mlflow, others), *_verdicts(story, mlflow), *_tables(story, mlflow))))


def stage_cells(row: StageRow, experiment_id: str, mlflow: str) -> dict[str, str]:
    """One row of the table of stages; its cells are Markdown."""
    seconds = f"{row.seconds:.1f}" if row.seconds else ""
    run = link("run", run_address(mlflow, experiment_id, row.mlflow_run_id)) if row.mlflow_run_id else ""
    cells = {"stage": row.name, "outcome": row.outcome, "time [s]": seconds, "MLflow": run}
    cells |= {"why it was stale": row.why, "figures": row.figures}  # the long ones last: they push others off the page
    return {name: escaped(value) for name, value in cells.items()}


def outcome_in_words(stages: Sequence[StageRow]) -> str:
    """`3 ran, 1 restored, 4 unchanged`."""
    outcomes = [stage.outcome for stage in stages]
    return ", ".join(f"{outcomes.count(outcome)} {outcome}" for outcome in dict.fromkeys(outcomes))


def models_in_words(registration: Registration | None) -> str:
    """`fusar-klip/1 champion, fusar-gpt/1 challenger`."""
    verdicts = registration.verdicts if registration else ()
    return ", ".join(f"{verdict['model']}/{verdict['version']} {verdict['state']}" for verdict in verdicts)


def figures_of(checkout: Path, stage: str) -> Path:
    """Where a stage leaves its metrics."""
    return checkout / OUTPUTS_FOLDER / stage / "metrics.json"


def _head(story: Story, mlflow: str, others: Sequence[Markdown]) -> Iterator[str]:
    if story.failure:
        yield f"**Failed**: {escaped(story.failure)}" + (f"\n\nAll it said: {code(story.log)}" if story.log else "")
    yield (
        f"{'' if story.failure else '**Finished**. '}Commit {code(story.commit[:12])}, profile {code(story.profile)}; "
        f"{outcome_in_words(story.stages)}; {story.seconds:.0f} s."
    )
    if story.registration and any(version.get("simulated") for version in story.registration.versions):
        yield SIMULATED
    own = [link("Run in MLflow", run_address(mlflow, *story.runs))] if story.runs and mlflow else []
    report = [f"Report page: {code(story.report)}"] if story.report else []
    if own or others or report:
        yield " · ".join((*own, *others, *report))


def _verdicts(story: Story, mlflow: str) -> Iterator[str]:
    if story.registration is None:
        return
    known = {(verdict["model"], str(verdict["version"])): verdict for verdict in story.registration.verdicts}
    rows = [_version(version, known, mlflow) for version in story.registration.versions]
    yield "## Models"
    yield table(["version", "new", "state", "gates passed"], rows)
    gates = [_gate(verdict, gate) for verdict in known.values() for gate in verdict["gates"]]
    if gates:
        yield "## Gates"
        yield table(["version", "gate", "answer", "reason"], gates)


def _version(version: Mapping[str, Any], known: Mapping[tuple[str, str], Any], mlflow: str) -> list[object]:
    model, number = str(version["model"]), str(version["version"])
    verdict = known.get((model, number), {"state": "", "gates": ()})
    passed = [gate["outcome"]["passed"] for gate in verdict["gates"]]
    shown = link(f"{model}/{number}", version_address(mlflow, model, number))
    return [shown, "yes" if version.get("is_new") else "no", verdict["state"], f"{sum(passed)} of {len(passed)}"]


def _gate(verdict: Mapping[str, Any], gate: Mapping[str, Any]) -> list[object]:
    outcome = gate["outcome"]
    waits = outcome.get("waits_for_people")  # unknown to what an older flow recorded
    answer = "passed" if outcome["passed"] else Markdown("**waits**") if waits else Markdown("**refused**")
    return [f"{verdict['model']}/{verdict['version']}", gate["gate"], answer, outcome["reason"]]


def _tables(story: Story, mlflow: str) -> Iterator[str]:
    figures = main_figures(story.checkout / REPORT) if story.registration else ()
    if figures:
        yield "## Figures on held-out places"
        yield figures_table(figures)
    experiment_id = story.runs[0] if story.runs else ""
    cells = [stage_cells(row, experiment_id, mlflow) for row in story.stages]
    yield "## Stages"
    yield table(list(cells[0]), [list(row.values()) for row in cells])
