"""The graph of a record: sensors, inputs, stages, the version with its parents and its evaluation."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from components.lineage.pages.footprints import sensor_of
from components.lineage.pages.scenes import sensor_anchors
from components.lineage.record import FROM_SCRATCH, Lineage, Scene, StageEntry
from components.pages.graph import Graph, Node, lay_out

DATA: Final = "data"
MD5_SHOWN: Final = 8
MOST_SENSORS: Final = 10
_CAPTION: Final = (
    "Click a box to see what is behind it. Scenes by sensor, the inputs as DVC pins them, the stages with the "
    "beginnings of their outputs' md5, the version, and what it starts from. Dashed: the evaluation behind its verdict."
)


def lineage_graph(name: str, lineage: Lineage) -> Graph:
    """The graph whose boxes lead to the sections and folds of the same page.

    Args:
        name: of the version.
        lineage: its record.
    """
    stages = stages_of(lineage)
    nodes = [*_sensors(lineage.scenes), *_inputs(lineage), *_stages(stages), *_versions(name, lineage)]
    known = {node.key for node in nodes}
    edges = [edge for edge in _edges(lineage, stages) if known.issuperset(edge)]
    alt = f"Lineage of {name}: {DATA}, then {', '.join(stage.name for stage in stages)}, then the version."
    return lay_out(_CAPTION, alt, nodes, edges)


def stages_of(lineage: Lineage) -> tuple[StageEntry, ...]:
    """The stages upstream in the order of the work, and the evaluation."""
    known = {stage.name for stage in lineage.stages}
    evaluation = lineage.evaluation.stage
    return lineage.stages if evaluation.name in known else (*lineage.stages, evaluation)


def stage_anchor(place: int) -> str:
    """The anchor of a stage's fold, by its place in `stages_of`."""
    return f"stage-{place}"


def _sensors(scenes: Sequence[Scene]) -> Iterator[Node]:
    counts = Counter(sensor_of(scene) for scene in scenes)
    anchors = list(sensor_anchors(scenes).items())
    for name, anchor in anchors[:MOST_SENSORS]:
        places = len({scene.place_id for scene in scenes if sensor_of(scene) == name})
        yield Node(f"sensor {name}", 0, name, (f"{counts[name]} scenes at {places} places",), anchor=anchor)
    rest = anchors[MOST_SENSORS:]
    if rest:
        line = f"{sum(counts[name] for name, _ in rest)} scenes"
        yield Node("sensors", 0, f"{len(rest)} more sensors", (line,), anchor="scenes")


def _inputs(lineage: Lineage) -> Iterator[Node]:
    for content in lineage.inputs:
        yield Node(f"input {content.path}", 1, content.path, (content.md5[:MD5_SHOWN],), anchor="origin")
    if lineage.base_model != FROM_SCRATCH:
        yield Node("base", 1, "base model", (lineage.base_model,), anchor="origin")


def _stages(stages: Sequence[StageEntry]) -> Iterator[Node]:
    for place, stage in enumerate(stages):
        outs = [out for out in stage.outs if not out.path.endswith("/metrics.json")]
        lines = [f"{out.path.rpartition('/')[2]}  {out.md5[:MD5_SHOWN]}" for out in outs]
        yield Node(f"stage {stage.name}", 2, stage.name, lines, anchor=stage_anchor(place))


def _versions(name: str, lineage: Lineage) -> Iterator[Node]:
    for parent in lineage.parents:
        lines = ("starts from it", f"chain {parent.chain[:MD5_SHOWN]}")
        yield Node(f"parent {parent.model}", 3, f"{parent.model}/{parent.version}", lines, anchor="origin")
    lines = (f"weights {lineage.model_folder.md5[:MD5_SHOWN]}", f"chain {lineage.chain[:MD5_SHOWN]}")
    yield Node("version", 3, name, lines, f"stage {_maker(lineage)}", "top")


def _maker(lineage: Lineage) -> str:
    """The stage that made the weights."""
    made = (stage.name for stage in lineage.stages if lineage.model_folder.path in {out.path for out in stage.outs})
    return next(made, lineage.stages[-1].name if lineage.stages else "")


def _edges(lineage: Lineage, stages: Sequence[StageEntry]) -> Iterator[tuple[str, str]]:
    producers = {out.path: stage.name for stage in stages for out in stage.outs}
    inputs = {content.path for content in lineage.inputs}
    for name in (*(f"sensor {name}" for name in sensor_anchors(lineage.scenes)), "sensors"):
        yield name, f"input {DATA}"
    for stage in stages:
        paths = sorted(dep.path for dep in stage.deps)
        yield from ((f"input {path}", f"stage {stage.name}") for path in paths if path in inputs)
        sources = dict.fromkeys(producer for path in paths if (producer := _producer(path, producers)))
        yield from ((f"stage {source}", f"stage {stage.name}") for source in sources if source != stage.name)
    maker = f"stage {_maker(lineage)}"
    yield "base", maker
    yield maker, "version"
    yield f"stage {lineage.evaluation.stage.name}", "version"


def _producer(path: str, producers: dict[str, str]) -> str | None:
    """The stage that makes a path, or the folder that holds it."""
    parts = path.split("/")
    prefixes = ("/".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((producers[prefix] for prefix in prefixes if prefix in producers), None)
