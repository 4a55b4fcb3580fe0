"""A batch prediction from the scenes that a person names to files, a summary and an edge of the lineage."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from components.inference.batch.answering import Job, answer_all
from components.inference.batch.collecting import SetAside, collect
from components.inference.batch.writing import Done, write_done
from components.inference.errors import NoAnswers
from components.lineage.contents import content_md5
from components.lineage.events.telling import tell_prediction
from components.lineage.predictions import AskedScene, record_prediction
from components.lineage.record import Content
from components.lineage.versions import logged_model_id, open_registry, resolve
from components.revisions.home import Home
from components.tracking.runs import Tracking

SUMMARY: Final = "predictions.json"
_MOST_MODELS: Final = 4  # each takes 0.6 GB and the cores that it finds


@dataclass(frozen=True)
class Request:
    """What a person asks for.

    Attributes:
        sources: files, folders and STAC documents.
        model: MODEL@ALIAS or MODEL/VERSION.
        polarizations: of all scenes, "" for each item's own.
        scale: of all scenes, "" for each item's own.
        folder: where answers go; a second call with the same goes on from what is there.
    """

    sources: Sequence[Path]
    model: str
    polarizations: str
    scale: str
    folder: Path


def predict_all(home: Home, request: Request) -> dict[str, Any]:
    """Ask a registered version about many scenes; the summary, which is also written to predictions.json.

    Raises:
        UnknownVersion: the registry has no such version.
        NothingToPredict: there is no scene.
        NoAnswers: every scene was set aside.
    """
    client = open_registry(home.root)
    version = resolve(client, request.model)
    collected = collect(request.sources, request.polarizations, request.scale)
    name, folder = f"{version.name}/{version.version}", request.folder.resolve()
    threads = min(len(os.sched_getaffinity(0)), len(collected.scenes), _MOST_MODELS) or 1
    outcomes = answer_all(collected.scenes, Job(home.root, name, logged_model_id(version), folder, threads))
    done = [outcome for outcome in outcomes if isinstance(outcome, Done)]
    aside = [*collected.set_aside, *(outcome for outcome in outcomes if isinstance(outcome, SetAside))]
    if not done:
        raise NoAnswers(tuple(scene.reason for scene in aside))
    _record_new(home, (str(version.name), str(version.version)), done, folder)
    return _summary(name, done, aside, folder)


def record_one(home: Home, version: str, scene: Path, outputs: Sequence[Path]) -> None:
    """Tell the lineage of one scene that was asked about by itself (version as MODEL/VERSION)."""
    model, _, number = version.partition("/")
    asked = AskedScene(scene.stem, content_md5(scene))
    _record(home, (model, number), [asked], [Content(path=path.name, md5=content_md5(path)) for path in outputs])


def _record_new(home: Home, version: tuple[str, str], done: Sequence[Done], folder: Path) -> None:
    """Tell the lineage of all scenes that no prediction has told it of: those of a run that was killed, too."""
    new = [scene for scene in done if not scene.run_id]
    if not new:
        return
    asked = [AskedScene(scene.scene_id, scene.md5) for scene in new]
    outputs = [Content(path=path, md5=md5) for scene in new for path, md5 in scene.outputs.items()]
    run_id = _record(home, version, asked, outputs)
    for scene in new:
        write_done(folder, replace(scene, run_id=run_id))


def _record(home: Home, version: tuple[str, str], asked: Sequence[AskedScene], outputs: Sequence[Content]) -> str:
    run_id = record_prediction(Tracking(home.root), version, asked, outputs).run_id
    scenes = [Content(path=f"scenes/{scene.scene_id}.tif", md5=scene.md5) for scene in asked]
    tell_prediction(home, run_id, version, scenes, outputs)
    return run_id


def _summary(version: str, done: Sequence[Done], aside: Sequence[SetAside], folder: Path) -> dict[str, Any]:
    summary = {
        "model": version,
        "scenes": len(done),
        "chips": sum(scene.chips for scene in done),
        "boxes": sum(scene.boxes for scene in done),
        "set_aside": [vars(scene) for scene in aside],
        "folder": str(folder),
    }
    partial = folder / f".{SUMMARY}.partial"
    partial.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    partial.replace(folder / SUMMARY)
    return summary
