"""Which version answered about which scenes, and what it wrote: each batch prediction is a run in MLflow."""

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from components.lineage.record import Content
from components.tracking.runs import KIND, Tracking

PREDICTION: Final = "prediction"
PREDICTION_FILE: Final = "prediction.json"
MODEL_VERSION: Final = "fusar.model_version"
_PAGE: Final = 500


@dataclass(frozen=True)
class AskedScene:
    """A scene that was asked about, by the md5 of its backscatter file."""

    scene_id: str
    md5: str


@dataclass(frozen=True)
class Prediction:
    """One batch prediction.

    Attributes:
        run_id: its run in MLflow.
        model: registered name.
        version: number of the version that answered.
        scenes: what it was asked about.
        outputs: what it wrote; paths relative to the folder that the person named.
        at: UTC time, ISO 8601.
    """

    run_id: str
    model: str
    version: str
    scenes: tuple[AskedScene, ...]
    outputs: tuple[Content, ...]
    at: str


def record_prediction(
    tracking: Tracking, version: tuple[str, str], scenes: Sequence[AskedScene], outputs: Sequence[Content]
) -> Prediction:
    """Make the run of a batch prediction that is done.

    Args:
        tracking: the runs of the repository.
        version: registered name and number of the version that answered.
        scenes: what it was asked about.
        outputs: what it wrote.
    """
    model, number = version
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    content = {
        "model": model,
        "version": number,
        "scenes": [vars(scene) for scene in scenes],
        "outputs": [output.model_dump() for output in outputs],
        "at": at,
    }
    client = tracking.client
    tags = {KIND: PREDICTION, MODEL_VERSION: f"{model}/{number}"}
    run = client.create_run(tracking.experiment_id, tags=tags, run_name=f"predict {len(scenes)} scenes")
    with tempfile.TemporaryDirectory(prefix="fusar-prediction-") as folder:
        path = Path(folder) / PREDICTION_FILE
        path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        client.log_artifact(run.info.run_id, str(path))
    client.log_metric(run.info.run_id, "scenes", len(scenes))
    client.set_terminated(run.info.run_id, "FINISHED")  # last: only finished runs are read
    return _prediction(run.info.run_id, content)


def read_predictions(client: MlflowClient, after: str = "") -> tuple[Prediction, ...]:
    """All finished batch predictions, the oldest first.

    Args:
        client: of the registry.
        after: UTC time, ISO 8601; only those that ended later, "" for all.
    """
    condition = f"tags.`{KIND}` = '{PREDICTION}' and attributes.status = 'FINISHED'"
    if after:
        # A run begins before the time that it states: those of the last minute are asked for again and left out below.
        since = int((datetime.fromisoformat(after).timestamp() - 60) * 1000)
        condition += f" and attributes.start_time > {since}"
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    found: list[Prediction] = []
    token = None
    while True:
        page = client.search_runs(experiments, condition, max_results=_PAGE, page_token=token)
        found += filter(None, map(_read, page))
        token = page.token
        if not token:
            break
    later = (prediction for prediction in found if prediction.at > after)
    return tuple(sorted(later, key=lambda prediction: (prediction.at, prediction.run_id)))


def _read(run: Run) -> Prediction | None:
    """What a run recorded; None, said on stderr, where its file is gone or torn: the others are read all the same."""
    with tempfile.TemporaryDirectory(prefix="fusar-prediction-") as folder:
        uri = f"{run.info.artifact_uri}/{PREDICTION_FILE}"
        try:
            path = mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=folder)
            return _prediction(run.info.run_id, json.loads(Path(path).read_text(encoding="utf-8")))
        except (MlflowException, OSError, ValueError, KeyError, TypeError) as error:
            print(f"prediction {run.info.run_id}: {PREDICTION_FILE} cannot be read ({error})", file=sys.stderr)
            return None


def _prediction(run_id: str, content: dict[str, Any]) -> Prediction:
    scenes = tuple(AskedScene(str(scene["scene_id"]), str(scene["md5"])) for scene in content["scenes"])
    outputs = tuple(Content(path=output["path"], md5=output["md5"]) for output in content["outputs"])
    return Prediction(run_id, str(content["model"]), str(content["version"]), scenes, outputs, str(content["at"]))
