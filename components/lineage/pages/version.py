"""The page of a version: what made it, down to the scenes, static and offline."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from components.lineage.pages.figures import readings
from components.lineage.pages.graph import lineage_graph, stage_anchor, stages_of
from components.lineage.pages.scenes import scenes_section
from components.lineage.record import Evaluation, Lineage, StageEntry, Verdict, made_by_hand
from components.pages.page import Front, Part, Section, render_page
from components.pages.parts import Branch, CardRow, Notice, Table, Tone, Tree

LINEAGE_PAGE: Final = "lineage.html"  # among the files of a version
_SIMULATED: Final = "All scenes behind this version are simulated: its figures prove the path, not what real SAR gives."
_SOME_SIMULATED: Final = "Some of the scenes behind this version are simulated."


def write_version_page(lineage: Lineage, folder: Path) -> None:
    """Put the page of a version that has no number yet among its files, as `lineage.html`."""
    (folder / LINEAGE_PAGE).write_text(version_page(lineage.model, lineage, lineage.evaluation), encoding="utf-8")


def version_page(name: str, lineage: Lineage, evaluation: Evaluation) -> str:
    """HTML of one version's lineage; every text in it is escaped, and the same record gives the same bytes.

    Args:
        name: MODEL/VERSION, or MODEL alone while the version has no number yet.
        lineage: what made it.
        evaluation: its newest evaluation.
    """
    sections = [
        Section("Graph", "", (lineage_graph(name, lineage),), "graph"),
        scenes_section(lineage.scenes, "Scenes", "Every acquisition that the version was made and judged by."),
        Section("Stages", "What ran, on what, and what came of it.", (Tree("", list(_stages(lineage))),), "stages"),
        Section("Checks", _checked(lineage), [_verdict(verdict) for verdict in lineage.verdicts], "checks"),
        _evaluation(lineage.model, evaluation),
        Section("Origin", "Commit, profile, runs, inputs and parents.", list(_origin(lineage)), "origin"),
    ]
    return render_page(_front(name, lineage), sections)


def _front(name: str, lineage: Lineage) -> Front:
    retrain, scenes = lineage.retrain, lineage.scenes
    places = len({scene.place_id for scene in scenes})
    hand = made_by_hand(lineage)
    text = (
        f"{len(scenes)} scenes at {places} places were cut into {sum(scene.chips for scene in scenes)} chips; "
        f"{len(lineage.stages)} stages made the weights of them. "
        + (f"No run answers for {', '.join(hand)}: made by hand." if hand else "A run answers for every stage.")
    )
    subtitle = f"Commit {retrain.commit}, profile {retrain.profile}, chain {lineage.chain[:12]}"
    return Front(f"What made {name}", subtitle, _banner(lineage), text)


def _banner(lineage: Lineage) -> str:
    if not lineage.simulated:
        return ""
    return _SIMULATED if all(scene.simulated for scene in lineage.scenes) else _SOME_SIMULATED


def _stages(lineage: Lineage) -> Iterator[Branch]:
    for place, stage in enumerate(stages_of(lineage)):
        run = f"MLflow run {stage.mlflow_run_id}" if stage.mlflow_run_id else "no run: made by hand"
        values = _flat(stage.params)
        params = Branch("Parameters", str(len(values)), "", ("parameter", "value"), values)
        rows = [("command", stage.command, ""), ("input key", "", stage.input_key), *_contents(stage)]
        yield Branch(stage.name, run, stage_anchor(place), ("", "what", "md5 or digest"), rows, (params,))


def _contents(stage: StageEntry) -> Iterator[tuple[str, str, str]]:
    yield from (("reads", dep.path, dep.md5) for dep in stage.deps)
    yield from (("writes", out.path, out.md5) for out in stage.outs)


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key in sorted(values):
        name, value = f"{prefix}{key}", values[key]
        rows += _flat(value, f"{name}.") if isinstance(value, Mapping) and value else [(name, str(value))]
    return rows


def _checked(lineage: Lineage) -> str:
    return f"{sum(verdict.checks for verdict in lineage.verdicts)} expectations were checked between the stages."


def _verdict(verdict: Verdict) -> Notice:
    points = [CardRow((text,), "bad") for text in verdict.critical_failures]
    points += [CardRow((text,), "doubt") for text in verdict.warnings]
    tone: Tone = "bad" if verdict.critical_failures else "doubt" if verdict.warnings else "good"
    badge = {"bad": "critical failure", "doubt": "warnings", "good": "passed"}[tone]
    return Notice(verdict.stage, badge, tone, f"{verdict.checks} expectations", points)


def _evaluation(model: str, evaluation: Evaluation) -> Section:
    text = f"On {evaluation.item_rows} items of held-out places; their table has md5 {evaluation.items.md5}."
    rows = [(name, f"{evaluation.metrics[name]:.6g}") for name in sorted(evaluation.metrics)]
    table = Table("Every metric", ("metric", "value"), rows, f"All {len(rows)} metrics")
    return Section("Evaluation", text, (*readings(model, evaluation.metrics), table), "evaluation")


def _origin(lineage: Lineage) -> Iterator[Part]:
    retrain = lineage.retrain
    rows = [
        ("git commit", retrain.commit),
        ("profile", retrain.profile),
        ("SHA-256 of params.yaml", retrain.params_sha256),
        ("SHA-256 of requirements.lock", retrain.requirements_sha256),
        ("flow run", retrain.flow_run_id),
        ("MLflow run of the retrain", retrain.mlflow_run_id),
        ("base model", lineage.base_model),
        *((f"md5 of {content.path}", content.md5) for content in lineage.inputs),
        (f"md5 of {lineage.model_folder.path}", lineage.model_folder.md5),
        *((f"starts from {parent.model}/{parent.version}", f"chain {parent.chain}") for parent in lineage.parents),
    ]
    yield Table("Where it comes from", ("", "value"), rows)
    if lineage.set_aside:
        aside = [(scene.scene_id, scene.code) for scene in lineage.set_aside]
        yield Table("Scenes that could not be used", ("scene", "reason"), aside, f"{len(aside)} scenes set aside")
