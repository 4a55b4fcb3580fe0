"""The model cards of the registry's pages: of a model in general, and of one version with its figures and data."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from mlflow.models import ModelSignature

from components.lineage.record import FROM_SCRATCH, Lineage, Scene
from components.registry.models import RegisteredModel
from components.tracking.addresses import HERE, run_address, version_address
from components.tracking.figures import figures_table, main_figures
from components.tracking.markdown import Markdown, code, escaped, link, table

LICENSE: Final = "Apache-2.0"
# MLflow keeps 5000 letters of a version's description on a database server.
LONGEST: Final = 5000
_MOST_NAMES: Final = 8
_SIMULATED: Final = "**All scenes are simulated**: the figures prove the path, not what real SAR would give."
_SOME_SIMULATED: Final = "**Some of the scenes are simulated**: the figures do not say what real SAR alone would give."
_LIMITS: Final = (
    "The figures are for places that training never saw, of the sensors and the ground of its own catalogue: elsewhere "
    "expect less. A wrong answer looks like a right one. Do not rest a decision about people on an answer alone."
)


def model_card(model: RegisteredModel, signature: ModelSignature) -> str:
    """What a registered model is, what it takes and gives, its licence and its limits, whatever the version."""
    return "\n\n".join(
        (
            model.summary,
            "`models:/" + model.name + "@champion` is the version that passed every gate of promotion.yaml; each "
            "version's page has its figures, its data and what made it.",
            *_interface(signature),
            f"## Limits\n\n{_LIMITS}",
            f"## Licence\n\nCode and weights trained from scratch: {LICENSE}.",
        )
    )


def version_card(model: RegisteredModel, lineage: Lineage, version: str, report: Path, experiment_id: str) -> str:
    """What one version is worth and what made it; at most LONGEST letters.

    Args:
        model: which model.
        lineage: its record.
        version: its number.
        report: report.json of its evaluation.
        experiment_id: MLflow's, for the links.
    """
    figures = [figure for figure in main_figures(report) if figure.model == model.name]
    parts = [
        model.summary,
        *_warning(lineage.scenes),
        "## Figures on held-out places",
        figures_table(figures) if figures else "None.",
        "## Data",
        *_data(lineage),
        "## What made it",
        *_origin(model, lineage, version, experiment_id),
        f"## Limits\n\n{_LIMITS}",
        f"## Licence\n\n{_licence(lineage)}",
    ]
    text = "\n\n".join(parts)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _interface(signature: ModelSignature) -> Iterator[str]:
    """The signature in words."""
    yield "## What it takes"
    columns = [
        [column.name, str(column.type).removeprefix("DataType."), "" if column.required else "optional"]
        for column in signature.inputs.inputs
    ]
    yield table(["column", "type", ""], columns)
    if signature.params is not None:
        given = ", ".join(f"{param.name} ({param.default})" for param in signature.params.params)
        yield f"Parameters with their defaults: {escaped(given)}."
    outputs = [escaped(str(column.type).removeprefix("DataType.").lower()) for column in signature.outputs.inputs]
    yield f"## What it answers\n\nFor each row: {', '.join(outputs)}. The page on serving describes every column."


def _warning(scenes: Iterable[Scene]) -> Iterator[str]:
    simulated = [scene.simulated for scene in scenes]
    if any(simulated):
        yield _SIMULATED if all(simulated) else _SOME_SIMULATED


def _data(lineage: Lineage) -> Iterator[str]:
    scenes = lineage.scenes
    times = sorted(scene.datetime[:10] for scene in scenes)
    splits = Counter(scene.split for scene in scenes)
    lines = [
        f"{len(scenes)} scenes ({', '.join(f'{splits[name]} {escaped(name)}' for name in sorted(splits))}) at "
        f"{len({scene.place_id for scene in scenes})} places, {sum(scene.chips for scene in scenes)} chips",
        f"Platforms: {_names(scene.platform for scene in scenes)}",
        f"Bands: {_names(scene.frequency_band for scene in scenes)}; polarizations: "
        f"{_names(name for scene in scenes for name in scene.polarizations)}",
    ]
    if times:
        lines.append(f"Acquired {escaped(times[0])} to {escaped(times[-1])}")
    if lineage.set_aside:
        lines.append(f"Set aside: {len(lineage.set_aside)} ({_names(scene.code for scene in lineage.set_aside)})")
    checks = sum(verdict.checks for verdict in lineage.verdicts)
    critical = sum(len(verdict.critical_failures) for verdict in lineage.verdicts)
    warnings = sum(len(verdict.warnings) for verdict in lineage.verdicts)
    lines.append(f"{checks} expectations checked: {critical} critical failures, {warnings} warnings")
    lines += [f"{escaped(content.path)}: md5 {escaped(content.md5)}" for content in lineage.inputs]
    yield "\n".join(f"- {line}" for line in lines)


def _origin(model: RegisteredModel, lineage: Lineage, version: str, experiment_id: str) -> Iterator[str]:
    retrain = lineage.retrain
    run = link("run of the retrain", run_address(HERE, experiment_id, retrain.mlflow_run_id))
    lines = [
        f"Commit {code(retrain.commit)}, profile {code(retrain.profile)}, {run}",
        f"Base model: {escaped(lineage.base_model)}",
        *(f"Starts from {_version(parent.model, parent.version)}" for parent in lineage.parents),
        f"The chain down to the scenes: {code(f'fusar lineage show {model.name}/{version}')}",
        f"Against the policy of today: {code(f'fusar promote check {model.name}/{version}')}",
    ]
    yield "\n".join(f"- {line}" for line in lines)


def _version(model: str, version: str) -> Markdown:
    return link(f"{model}/{version}", version_address(HERE, model, version))


def _licence(lineage: Lineage) -> str:
    if lineage.base_model == FROM_SCRATCH:
        return f"{LICENSE}."
    return f"Our part: {LICENSE}. It starts from {escaped(lineage.base_model)}, whose licence holds too."


def _names(names: Iterable[str]) -> str:
    """The most frequent names, with how often each comes."""
    counted = Counter(names).most_common()
    shown = ", ".join(f"{escaped(name)} ({count})" for name, count in counted[:_MOST_NAMES])
    return shown + (f" and {len(counted) - _MOST_NAMES} more" if len(counted) > _MOST_NAMES else "")
