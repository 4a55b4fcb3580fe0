"""New scenes and predictions beside a version: from folders to a comparison."""

from dataclasses import dataclass
from pathlib import Path

from components.monitoring.answers import answers_of_predictions
from components.monitoring.champion import WatchedVersion
from components.monitoring.comparing import Comparison, NewAnswers, NewScenes
from components.monitoring.embeddings import embed_scenes
from components.monitoring.errors import NothingToCompare
from components.monitoring.findings import Drift
from components.monitoring.observing import observe, platform_of
from components.monitoring.policy import MonitoringPolicy


@dataclass(frozen=True, eq=False)
class Watched:
    """A comparison that was made.

    Attributes:
        version: that the scenes were compared with.
        comparison: both sides, for plots.
        drift: what came out.
        known: new scenes that are part of the baseline, and were left out.
    """

    version: WatchedVersion
    comparison: Comparison
    drift: Drift
    known: tuple[str, ...]


def watch(version: WatchedVersion, chips: Path | None, predictions: Path | None, policy: MonitoringPolicy) -> Watched:
    """Compare the chips of new scenes, predictions, or both with a version's baseline.

    Args:
        version: with its baseline.
        chips: folder of CHIPS files, one a scene; None compares no scenes.
        predictions: folder that `fusar predict` wrote; None compares no answers.
        policy: how sure it must be.

    Raises:
        NothingToCompare: there is neither a scene nor an answer that the baseline does not hold.
        WrongSchema: a file is none of chips or of predictions.
    """
    known = {scene.observation.scene_id for scene in version.baseline.scenes}
    arrived = [scene for scene, _ in observe(chips)] if chips else []
    new = [scene for scene in arrived if scene.scene_id not in known]
    answers = NewAnswers()
    if predictions:
        platforms = {scene.scene_id: platform_of(scene.sensor) for scene in arrived}
        given = [found for found in answers_of_predictions(predictions, platforms) if found.scene_id not in known]
        answers = NewAnswers(version.answers, given)
    if not new and not answers.new:
        raise NothingToCompare(", ".join(str(folder) for folder in (chips, predictions) if folder))
    files = {scene.scene_id: chips / f"{scene.scene_id}.parquet" for scene in new} if chips else {}
    images = embed_scenes(version.klip_folder, files, policy.chips_per_scene) if files else {}
    comparison = Comparison(version.baseline, NewScenes(new, images), answers, policy)
    old = tuple(scene.scene_id for scene in arrived if scene.scene_id in known)
    return Watched(version, comparison, comparison.run(), old)
