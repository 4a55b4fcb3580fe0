"""Sections about how it was made: the lineage graph, the outputs by md5, parameters and packages."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from components.lineage.chain import external_inputs, upstream
from components.pages.graph import Node, lay_out
from components.pages.page import Part, Section
from components.pages.parts import Table
from components.reporting.evidence import Evidence

# Which stage makes a model's weights, and where; a test holds it to components/registry.
MODELS: Mapping[str, tuple[str, str]] = {
    "fusar-klip": ("pretrain", "outputs/pretrain/klip"),
    "fusar-gpt": ("instruct", "outputs/instruct/gpt"),
}
DATA = "data"
MD5_SHOWN = 8
CAPTION = (
    "Scenes by sensor, the data as DVC pins it, the stages with the beginnings of their outputs' md5, and the model "
    "versions. A coloured rail leads from a stage to its later readers; dashed: the evaluation behind a verdict."
)


def lineage(evidence: Evidence) -> Section:
    """The way from scenes by sensor through the stages to the versions, and the whole md5 of every output."""
    if not evidence.lock:
        return Section("Lineage", "This checkout has no dvc.lock: nothing says what its outputs were made of.")
    stages = _in_order(evidence.lock)
    nodes = [*_sensors(evidence), *_inputs(evidence), *_stages(evidence.lock, stages), *_versions(evidence, stages)]
    known = {node.key for node in nodes}
    edges = [edge for edge in _edges(evidence, stages) if known.issuperset(edge)]
    graph = lay_out(CAPTION, f"Lineage: data, then {', '.join(stages)}, then the model versions.", nodes, edges)
    outs = [(name, out) for name in stages for out in evidence.lock[name].get("outs", ())]
    rows = [(name, out["path"], str(out.get("md5", "")), f"{out.get('size', 0) / 1e6:.3f}") for name, out in outs]
    table = Table("Outputs as dvc.lock has them", ("stage", "output", "md5", "MB"), rows, "Every output with its md5")
    text = "What made these versions. fusar lineage show MODEL/VERSION --all goes down to each scene's md5."
    return Section("Lineage", text, (graph, table))


def _in_order(lock: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(name for stage in sorted(lock) for name in upstream(lock, stage)))


def _sensors(evidence: Evidence) -> Iterator[Node]:
    names = ("platform", "scene_id", "place_id")
    scenes: dict[str, set[str]] = {}
    places: dict[str, set[str]] = {}
    counts: dict[str, int] = {}
    for platform, scene, place in zip(*(evidence.chips[name].to_pylist() for name in names), strict=True):
        scenes.setdefault(platform, set()).add(scene)
        places.setdefault(platform, set()).add(place)
        counts[platform] = counts.get(platform, 0) + 1
    for name in sorted(scenes):
        lines = (f"{len(scenes[name])} scenes at {len(places[name])} places", f"{counts[name]} chips")
        yield Node(f"sensor {name}", 0, name, lines)


def _inputs(evidence: Evidence) -> Iterator[Node]:
    sizes = {dep["path"]: dep for entry in evidence.lock.values() for dep in entry.get("deps", ())}
    for content in external_inputs(evidence.lock, tuple(evidence.lock)):
        files = sizes[content.path].get("nfiles")
        size = _bytes(int(sizes[content.path].get("size", 0)))
        lines = (content.md5[:MD5_SHOWN], f"{files} files, {size}" if files else size)
        yield Node(content.path, 1, content.path, lines)


def _bytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count} bytes"


def _stages(lock: Mapping[str, Any], stages: Sequence[str]) -> Iterator[Node]:
    for name in stages:
        outs = [out for out in lock[name].get("outs", ()) if not out["path"].endswith("/metrics.json")]
        lines = [f"{out['path'].rpartition('/')[2]}  {str(out.get('md5', ''))[:MD5_SHOWN]}" for out in outs]
        yield Node(name, 2, name, lines)


def _versions(evidence: Evidence, stages: Sequence[str]) -> Iterator[Node]:
    versions = {version["model"]: version["version"] for version in evidence.registered.versions}
    states = {verdict["model"]: verdict["state"] for verdict in evidence.registered.verdicts}
    md5s = {out["path"]: str(out.get("md5", "")) for entry in evidence.lock.values() for out in entry.get("outs", ())}
    for model, (stage, path) in MODELS.items():
        if stage in stages:
            title = f"{model}/{versions[model]}" if model in versions else model
            state = states.get(model, "registered" if model in versions else "not registered")
            yield Node(f"model {model}", 3, title, (state, f"weights {md5s.get(path, '')[:MD5_SHOWN]}"), stage)


def _edges(evidence: Evidence, stages: Sequence[str]) -> Iterator[tuple[str, str]]:
    lock = evidence.lock
    producers = {out["path"]: name for name in stages for out in lock[name].get("outs", ())}
    for name in sorted(set(evidence.chips["platform"].to_pylist())):
        yield f"sensor {name}", DATA
    for content in external_inputs(lock, tuple(lock)):
        yield from ((content.path, name) for name in stages if content.path in _deps(lock[name]))
    for name in stages:
        for source in dict.fromkeys(producers[path] for path in _deps(lock[name]) if path in producers):
            yield source, name
    for model, (stage, _) in MODELS.items():
        yield stage, f"model {model}"
        yield stages[-1], f"model {model}"


def _deps(entry: Mapping[str, Any]) -> list[str]:
    return sorted(dep["path"] for dep in entry.get("deps", ()))


def parameters(evidence: Evidence) -> Section:
    """Every parameter of every stage, and the packages that ran them; folded."""
    parts: list[Part] = []
    for stage, values in evidence.params.items():
        rows = list(_flat("", values))
        parts.append(Table(f"Parameters of {stage}", ("parameter", "value"), rows, f"{stage}: {len(rows)} parameters"))
    packages = [tuple(line.split("==", 1)) for line in evidence.packages]
    if packages:
        fold = f"requirements.lock: {len(packages)} packages"
        parts.append(Table("Packages", ("package", "version"), packages, fold))
    return Section("Parameters and packages", "docs/reference/params.md says what each parameter means.", parts)


def _flat(prefix: str, values: Any) -> Iterator[tuple[str, str]]:
    if isinstance(values, Mapping) and values:
        for name, value in values.items():
            yield from _flat(f"{prefix}.{name}" if prefix else str(name), value)
    else:
        yield prefix, "none" if values is None else str(values)
