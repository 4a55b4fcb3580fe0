"""How two versions differ: scenes, parameters, code, packages, and what they are worth on the same items."""

import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from components.lineage.index.answers import SceneDifference
from components.lineage.index.index import open_index
from components.lineage.record import Lineage
from components.registry.gates.gate import Candidate
from components.registry.gates.items import as_json
from components.registry.gates.not_worse import paired
from components.revisions import git
from components.revisions.errors import GitFailed
from components.revisions.history import ChangedFile, Commit, commits_between, files_between
from components.revisions.home import Home
from components.scores.bootstrap import Resampling, difference

RESAMPLING: Final = Resampling(draws=2000, seed=1117)
_LOCK: Final = "requirements.lock"
_PINNED: Final = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)
_ABSENT: Final = ""


@dataclass(frozen=True)
class Change:
    """A named value that differs; empty on the side that has none."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Code:
    """The commits of two versions and what lies between.

    Attributes:
        range: `FIRST..SECOND`, as git takes it.
        commits: that only the second has, the newest first.
        undone: that only the first has: the versions come of different branches.
        files: that differ.
        unknown: why git could not say, empty where it could.
    """

    range: str
    commits: tuple[Commit, ...]
    undone: tuple[Commit, ...]
    files: tuple[ChangedFile, ...]
    unknown: str = ""


@dataclass(frozen=True)
class Paired:
    """Mean score [1] of the second version minus that of the first on the items that both answered.

    Attributes:
        task: of the evaluation.
        variant: of the items.
        items_not_shared: items that only one version answered, or that were about other bytes.
        estimate: value, low, high (95 % over places), n, places; None without a shared item.
    """

    task: str
    variant: str
    items_not_shared: int
    estimate: Mapping[str, float | int | None] | None


@dataclass(frozen=True)
class VersionDifference:
    """What changed from the first version to the second; metrics only between versions of one model."""

    first: str
    second: str
    scenes: SceneDifference
    params: tuple[Change, ...]
    code: Code
    packages: tuple[Change, ...]
    metrics: tuple[Change, ...]
    paired: tuple[Paired, ...]


def difference_of(home: Home, client: MlflowClient, first: ModelVersion, second: ModelVersion) -> VersionDifference:
    """Compare two versions of the registry; scenes beyond the index's limit are counted, not listed.

    Raises:
        LineageError: a version has no readable record.
    """
    with open_index(home) as index:
        index.refresh(client)
        scenes = index.difference_between(_key(first), _key(second))
    with tempfile.TemporaryDirectory(prefix="fusar-diff-") as scratch:
        old, new = (
            Candidate(client, version, Path(scratch) / str(place), home)
            for place, version in enumerate((first, second))
        )
        for side in (old, new):
            side.scratch.mkdir()
        commits = (old.lineage.retrain.commit, new.lineage.retrain.commit)
        is_one_model = first.name == second.name
        return VersionDifference(
            first=old.name,
            second=new.name,
            scenes=scenes,
            params=_changes(_params(old.lineage), _params(new.lineage)),
            code=_code(home.root, *commits),
            packages=_changes(*(_packages(home.root, commit) for commit in commits)),
            metrics=_metrics(old, new) if is_one_model else (),
            paired=tuple(_paired(old, new)) if is_one_model else (),
        )


def _key(version: ModelVersion) -> tuple[str, str]:
    return str(version.name), str(version.version)


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Change, ...]:
    pairs = ((name, before.get(name, _ABSENT), after.get(name, _ABSENT)) for name in sorted({*before, *after}))
    return tuple(Change(*pair) for pair in pairs if pair[1] != pair[2])


def _params(lineage: Lineage) -> dict[str, str]:
    """Every parameter of every stage, `pretrain.vision.depth` to its value; one of two stages stands once."""
    stages = (*lineage.stages, lineage.evaluation.stage)
    return {name: value for stage in stages for file in stage.params.values() for name, value in _flat("", file)}


def _flat(prefix: str, values: Any) -> Iterator[tuple[str, str]]:
    if isinstance(values, Mapping) and values:
        for key, value in values.items():
            yield from _flat(f"{prefix}.{key}" if prefix else str(key), value)
    else:
        yield prefix, str(values)


def _code(root: Path, first: str, second: str) -> Code:
    name = f"{first}..{second}"
    try:
        ahead, behind = commits_between(root, first, second), commits_between(root, second, first)
        return Code(name, ahead, behind, files_between(root, first, second))
    except GitFailed as error:
        return Code(name, (), (), (), str(error))


def _packages(root: Path, commit: str) -> dict[str, str]:
    """Package to version, as requirements.lock of a commit pins them; none where git has no such commit."""
    text = (git.blob(root, commit, _LOCK) or b"").decode(errors="replace")
    return {match[1].lower().replace("_", "-"): match[2] for match in _PINNED.finditer(text)}


def _metrics(old: Candidate, new: Candidate) -> tuple[Change, ...]:
    """Main figures of the model that differ, with their intervals."""
    before, after = (_main(side) for side in (old, new))
    return _changes(before, after)


def _main(side: Candidate) -> dict[str, str]:
    metrics, prefix = side.evaluation.metrics, f"{side.version.name}."
    names = [name for name in metrics if name.startswith(prefix) and name.count(".") == 1]
    return {name: _with_interval(metrics, name) for name in names}


def _with_interval(metrics: Mapping[str, float], name: str) -> str:
    low, high = metrics.get(f"{name}.low"), metrics.get(f"{name}.high")
    interval = f" ({low:.3f} to {high:.3f})" if low is not None and high is not None else ""
    return f"{metrics[name]:.3f}{interval}"


def _paired(old: Candidate, new: Candidate) -> Iterator[Paired]:
    """One paired difference for each task and variant that either version was asked."""
    for task, variant in sorted(_asked(old) | _asked(new)):
        pairs, not_shared = paired(task, variant, new, old)
        if not pairs:
            yield Paired(task, variant, not_shared, None)
            continue
        scores = ([after["score"] for after, _ in pairs], [before["score"] for _, before in pairs])
        found = difference(*scores, [after["place_id"] for after, _ in pairs], RESAMPLING)
        yield Paired(task, variant, not_shared, as_json(found))


def _asked(side: Candidate) -> set[tuple[str, str]]:
    kinds = side.items.group_by(["task", "variant"]).aggregate([]).to_pylist() if len(side.items) else []
    return {(row["task"], row["variant"]) for row in kinds}
