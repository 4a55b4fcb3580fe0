"""The stages upstream of an output, read from dvc.lock alone."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from components.lineage.errors import IncompleteLineage
from components.lineage.record import Content, StageEntry
from components.tracking.keys import input_key

Entries = Mapping[str, Mapping[str, Any]]
_CODE = ("components", "requirements.lock")


def upstream(entries: Entries, stage: str) -> tuple[str, ...]:
    """Names of all stages that made the inputs of `stage`, and itself last; each stands behind what it reads.

    Raises:
        IncompleteLineage: the lock lacks the entry of the stage, or of one that makes its inputs.
    """
    producers = {out["path"]: name for name, entry in entries.items() for out in entry.get("outs", [])}
    ordered: dict[str, None] = {}

    def visit(name: str) -> None:
        if name not in entries:
            raise IncompleteLineage("dvc.lock", (f"lock entry of stage {name}",))
        for dep in sorted(item["path"] for item in entries[name].get("deps", [])):
            producer = _producer(dep, producers)
            if producer is not None and producer not in ordered:
                visit(producer)
        ordered[name] = None

    visit(stage)
    return tuple(ordered)


def orphans(entries: Entries, stages: Sequence[str]) -> tuple[str, ...]:
    """Deps of these stages that lie under outputs/ although no entry of the lock makes them."""
    producers = {out["path"]: name for name, entry in entries.items() for out in entry.get("outs", [])}
    deps = {dep["path"] for name in stages for dep in entries[name].get("deps", [])}
    return tuple(sorted(dep for dep in deps if dep.startswith("outputs/") and _producer(dep, producers) is None))


def chain_digest(entries: Entries, stages: Sequence[str]) -> str:
    """SHA-256 over the lock entries of these stages: the same chain of work has the same digest."""
    content = {name: entries[name] for name in stages}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def external_inputs(entries: Entries, stages: Sequence[str]) -> tuple[Content, ...]:
    """Deps that no stage makes and that are no code, sorted by path: the data and the withdrawals."""
    producers = {out["path"]: name for name, entry in entries.items() for out in entry.get("outs", [])}
    found = {
        dep["path"]: str(dep.get("md5") or "")
        for name in stages
        for dep in entries[name].get("deps", [])
        if _producer(dep["path"], producers) is None and not dep["path"].startswith(_CODE)
    }
    return tuple(Content(path=path, md5=found[path]) for path in sorted(found))


def stage_entry(entries: Entries, name: str, mlflow_run_id: str | None) -> StageEntry:
    """One stage of the lock as a part of the record."""
    entry = entries[name]
    return StageEntry(
        name=name,
        command=str(entry["cmd"]),
        params=json.loads(json.dumps(entry.get("params", {}), default=str)),
        deps=_contents(entry.get("deps", [])),
        outs=_contents(entry.get("outs", [])),
        input_key=input_key(entry),
        mlflow_run_id=mlflow_run_id or "",
    )


def _contents(items: Sequence[Mapping[str, Any]]) -> tuple[Content, ...]:
    return tuple(Content(path=str(item["path"]), md5=str(item.get("md5") or "")) for item in items)


def _producer(dep: str, producers: Mapping[str, str]) -> str | None:
    """The stage that makes a path, or the folder that holds it."""
    parts = dep.split("/")
    prefixes = ("/".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((producers[prefix] for prefix in prefixes if prefix in producers), None)
