"""Which versions withdrawn scenes reached, asked of the index, and saying so on each of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from mlflow import MlflowClient

from components.lineage.errors import LineageError
from components.lineage.index.questions import Questions
from components.lineage.record import Lineage
from components.lineage.versions import read_lineage, versions_of
from components.lineage.withdrawals import WITHDRAWN_TAG
from components.registry.models import MODELS

RASTERS: Final = "scenes/"
_TAG_LIMIT: Final = 1000


@dataclass(frozen=True)
class Reached:
    """A version that was made with withdrawn scenes, by their ids in it."""

    model: str
    version: str
    scenes: tuple[str, ...]

    @property
    def name(self) -> str:
        """MODEL/VERSION."""
        return f"{self.model}/{self.version}"


def reached_versions(index: Questions, md5s: Iterable[str]) -> tuple[Reached, ...]:
    """Versions that were made with these backscatter files, or started from one that was; the newest first."""
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    for md5 in md5s:
        for each in index.versions_of_scene(md5):
            if md5 in rasters(each.scene.facts["files"]):
                for version in each.versions:
                    found[version.model, -int(version.version)].add(each.scene.scene_id)
    waiting = list(found)
    while waiting:
        model, negative = waiting.pop()
        for child in index.children(model, str(-negative)):
            key = (child.model, -int(child.version))
            if not found[model, negative] <= found[key]:
                found[key] |= found[model, negative]
                waiting.append(key)
    return tuple(Reached(model, str(-number), tuple(sorted(found[model, number]))) for model, number in sorted(found))


def contents_of(index: Questions, scene: str) -> set[tuple[str, str]]:
    """Scene id and md5 of the backscatter of every content that versions were made of, by id or by that md5."""
    return {
        (each.scene.scene_id, md5)
        for each in index.versions_of_scene(scene)
        for md5 in rasters(each.scene.facts["files"])
        if scene in (each.scene.scene_id, md5)
    }


def tag(client: MlflowClient, reached: Iterable[Reached]) -> None:
    """Say on every version which withdrawn scenes it was made with."""
    for version in reached:
        value = ",".join(version.scenes)[:_TAG_LIMIT]
        if client.get_model_version(version.model, version.version).tags.get(WITHDRAWN_TAG) != value:
            client.set_model_version_tag(version.model, version.version, WITHDRAWN_TAG, value)


def readable_records(client: MlflowClient) -> Iterator[Lineage]:
    """The record of every version that has one that can be read."""
    for model in MODELS:
        for version in versions_of(client, model.name):
            try:
                yield read_lineage(client, version)
            except LineageError:  # what it was made of nobody knows; the index lists it as unread
                continue


def rasters(files: Iterable[Any]) -> list[str]:
    """The md5s of backscatter files, of the rows that the index keeps of a scene's files."""
    return [str(file["md5"]) for file in files if str(file["path"]).startswith(RASTERS)]
