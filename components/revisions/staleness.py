"""What is out of date, asked of DVC once and through its Python graph: nothing is run and no bytes move."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.revisions.errors import UnknownStage, UnreadableGraph, UnsafeOutput


@dataclass(frozen=True)
class StageState:
    """Whether one stage of the graph has to run.

    Attributes:
        name: the stage's name in dvc.yaml.
        is_stale: what it depends on differs from its lock entry, or may differ after a stage above it ran.
        reasons: why, in words for people; empty when it is up to date.
        needs: paths of its deps that other stages or .dvc files make, relative to the checkout.
        absent: paths of its outputs that do not lie on disk; where it is up to date, they can be pulled.
    """

    name: str
    is_stale: bool
    reasons: tuple[str, ...]
    needs: tuple[str, ...]
    absent: tuple[str, ...]


def ask(folder: Path, force: Collection[str] = ()) -> tuple[StageState, ...]:
    """State of every stage of the checkout in `folder`, in an order in which they can run.

    Args:
        folder: root of a checkout; its dvc.lock may be old and its outputs may be missing.
        force: stages that count as stale whatever DVC says.

    Raises:
        UnreadableGraph: DVC refuses dvc.yaml, dvc.lock or a .dvc file.
        UnsafeOutput: an output would be written outside the checkout.
        UnknownStage: a forced stage is not in the graph.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(folder)) as repo, repo.lock:
            graph = repo.index.graph
            _refuse_outputs_elsewhere(folder, graph)
            for source in (stage for stage in graph if stage.is_data_source):
                _drop_foreign_outputs(source)
            states = tuple(_walk(graph, force))
    except DvcException as error:
        raise UnreadableGraph(str(folder), str(error)) from error
    names = tuple(state.name for state in states)
    for stage in force:
        if stage not in names:
            raise UnknownStage(stage, names)
    return states


def _walk(graph: Any, force: Collection[str]) -> Iterator[StageState]:
    """States in topological order; DVC's edges lead from a stage to what it needs."""
    import networkx as nx

    stale: set[Any] = set()
    order = nx.lexicographical_topological_sort(graph.reverse(), key=lambda stage: stage.addressing)
    for stage in order:
        if stage.is_data_source:
            continue
        upstream = list(graph.successors(stage))
        made = {out.fs_path: out.hash_info for other in upstream for out in other.outs}
        # `allow_missing`: an absent output is up to date when its recorded hash still fits what is upstream.
        reasons = _reasons(stage, made) if stage.changed(allow_missing=True, upstream=upstream) else []
        reasons += ["forced"] if stage.name in force else []
        reasons += [f"{other.name} runs before it" for other in upstream if other in stale]
        if reasons:
            stale.add(stage)
        else:
            _drop_foreign_outputs(stage)
        needs = tuple(sorted(dep.def_path for dep in stage.deps if dep.fs_path in made))
        absent = tuple(sorted(out.def_path for out in stage.outs if not out.exists))
        yield StageState(stage.name, bool(reasons), tuple(reasons), needs, absent)


def _reasons(stage: Any, made: dict[str, Any]) -> list[str]:
    """What differs from the lock entry, one phrase for each difference."""
    if not any(out.hash_info for out in stage.outs):
        return ["it has not run yet"]
    reasons = ["command changed"] if stage.cmd_changed else []
    for dep in stage.deps:
        status = dep.status().get(str(dep))
        if isinstance(status, dict):  # a params file: what happened to each key of it
            reasons += _changed_keys(dep.hash_info.value or {}, dep.read_params(), "")
        elif status == "deleted" and dep.fs_path in made and made[dep.fs_path] != dep.hash_info:
            reasons.append(f"{dep.def_path} modified")
        elif status and status != "deleted":
            reasons.append(f"{dep.def_path} {status}")
    for out in stage.outs:
        status = out.status().get(str(out))
        if status and status not in ("not in cache", "deleted"):
            reasons.append(f"output {out.def_path} {status}")
    return reasons or ["changed"]


def _changed_keys(before: dict[str, Any], now: dict[str, Any], prefix: str) -> list[str]:
    """Phrases for the parameters that differ, by their dotted names."""
    phrases: list[str] = []
    for key in sorted({*before, *now}):
        old, new = before.get(key), now.get(key)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            phrases += _changed_keys(old, new, f"{prefix}{key}.")
        else:
            phrases.append(f"{prefix}{key} changed from {old!r} to {new!r}")
    return phrases


def _drop_foreign_outputs(stage: Any) -> None:
    """Remove outputs on disk that the lock does not record: a run pulls the right ones, and the checkout is ours."""
    for out in stage.outs:
        if out.exists and out.changed_checksum():
            out.remove(ignore_remove=False)


def _refuse_outputs_elsewhere(folder: Path, graph: Any) -> None:
    """DVC writes through a committed symbolic link (treeverse/dvc#11101), so none may lie on the way to an output."""
    root = folder.resolve()
    for stage in graph:
        for out in stage.outs:
            parent = Path(out.fs_path).parent
            if not Path(out.fs_path).is_relative_to(folder) or not parent.resolve().is_relative_to(root):
                raise UnsafeOutput(out.def_path)
            if parent.resolve() != root / parent.relative_to(folder):
                raise UnsafeOutput(out.def_path)


def entry_before_run(folder: Path, name: str) -> dict[str, Any]:
    """What dvc.lock will say of a stage that is about to run: its command, deps and params; outs are not known yet.

    Args:
        folder: root of the checkout; what other stages make is taken from the lock, everything else from disk.
        name: the stage.
    """
    from dvc.repo import Repo
    from dvc.stage.utils import split_params_deps

    with Repo(str(folder)) as repo:
        stages = repo.index.stages
        stage = next(stage for stage in stages if getattr(stage, "name", None) == name)
        made = {out.fs_path: out.hash_info for other in stages if other is not stage for out in other.outs}
        params, deps = split_params_deps(stage)
        rows = [{"path": dep.def_path, "md5": (made.get(dep.fs_path) or dep.get_hash()).value} for dep in deps]
        return {"cmd": stage.cmd, "deps": rows, "params": {dep.def_path: dep.get_hash().value for dep in params}}
