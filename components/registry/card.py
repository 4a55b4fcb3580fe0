"""The model cards of the registry's pages: of a model in general, and of one version with its figures and data."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from mlflow.models import ModelSignature

from components.lineage.pages.footprints import footprints_of
from components.lineage.record import UNKNOWN_TIME, Lineage, Scene
from components.pages.maps import footprint_png
from components.registry.card_head import with_head
from components.registry.card_licence import LICENSE, licence_of
from components.registry.card_slices import weakest_slices
from components.registry.costs import Cost, costs_table
from components.registry.models import RegisteredModel
from components.tracking.addresses import HERE, run_address, version_address
from components.tracking.figures import figures_table, main_figures
from components.tracking.markdown import Markdown, code, escaped, link, table

# MLflow keeps 5000 letters of a version's description on a database server.
LONGEST: Final = 5000
README_FILE: Final = "README.md"
MAP_FILE: Final = "places.png"
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


def version_card(
    model: RegisteredModel,
    lineage: Lineage,
    version: str,
    report: Path,
    experiment_id: str,
    costs: Sequence[Cost] = (),
) -> str:
    """What one version is worth and what made it; at most LONGEST letters.

    Args:
        model: which model.
        lineage: its record.
        version: its number; empty while it has none.
        report: report.json of its evaluation.
        experiment_id: MLflow's, for the links.
        costs: of the stages, in their order.
    """
    parts = list(_parts(model, lineage, version, report, experiment_id))
    whole = "\n\n".join([*parts[:-2], *_costs(costs), *parts[-2:]])
    if len(whole) <= LONGEST:
        return whole
    # README.md among the version's files has all of it.
    text = "\n\n".join(parts)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def write_readme(
    model: RegisteredModel, lineage: Lineage, report: Path, experiment_id: str, costs: Sequence[Cost], folder: Path
) -> None:
    """Put the whole card among a version's files: README.md with a head for programs, and the map `places.png`.

    Args:
        model: which model.
        lineage: its record.
        report: report.json of its evaluation.
        experiment_id: MLflow's, for the links.
        costs: of the stages, in their order.
        folder: of the version's files.
    """
    footprints = footprints_of(lineage.scenes)
    if footprints:
        (folder / MAP_FILE).write_bytes(footprint_png(footprints))
    parts = list(_parts(model, lineage, "", report, experiment_id))
    slices = weakest_slices(report, model.name)
    extra = [*(("## Weakest slices", slices) if slices else ()), *_costs(costs)]
    picture = [f"![Map of the scenes by sensor and split]({MAP_FILE})"] if footprints else []
    text = "\n\n".join([f"# {escaped(model.name)}", *picture, *parts[:-2], *extra, *parts[-2:]])
    figures = [figure for figure in main_figures(report) if figure.model == model.name]
    (folder / README_FILE).write_text(with_head(text, lineage, figures, LICENSE), encoding="utf-8")


def _parts(model: RegisteredModel, lineage: Lineage, version: str, report: Path, experiment_id: str) -> Iterator[str]:
    figures = [figure for figure in main_figures(report) if figure.model == model.name]
    yield model.summary
    yield from _warning(lineage.scenes)
    yield "## Figures on held-out places"
    yield figures_table(figures) if figures else "None."
    yield "## Data"
    yield from _data(lineage)
    yield "## What made it"
    yield from _origin(model, lineage, version, experiment_id)
    yield f"## Limits\n\n{_LIMITS}"
    yield f"## Licence\n\n{licence_of(lineage)}"


def _costs(costs: Sequence[Cost]) -> Iterator[str]:
    if costs:
        yield "## Energy and time"
        yield "Each stage by the run that made its outputs. Energy: the whole machine's, where a counter was readable."
        yield costs_table(costs)


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
    times = sorted(scene.datetime[:10] for scene in scenes if scene.datetime != UNKNOWN_TIME)
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
    name = f"{model.name}/{version}" if version else f"{model.name}/VERSION"
    lines = [
        f"Commit {code(retrain.commit)}, profile {code(retrain.profile)}, {run}",
        f"Base model: {escaped(lineage.base_model)}",
        *(f"Starts from {_version(parent.model, parent.version)}" for parent in lineage.parents),
        f"The chain down to the scenes: {code(f'fusar lineage show {name}')}",
        f"Against the policy of today: {code(f'fusar promote check {name}')}",
    ]
    yield "\n".join(f"- {line}" for line in lines)


def _version(model: str, version: str) -> Markdown:
    return link(f"{model}/{version}", version_address(HERE, model, version))


def _names(names: Iterable[str]) -> str:
    """The most frequent names, with how often each comes."""
    counted = Counter(names).most_common()
    shown = ", ".join(f"{escaped(name)} ({count})" for name, count in counted[:_MOST_NAMES])
    return shown + (f" and {len(counted) - _MOST_NAMES} more" if len(counted) > _MOST_NAMES else "")
