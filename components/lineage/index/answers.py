"""What the index answers with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class IndexedVersion:
    """A model version and the dataset that made it.

    Attributes:
        model: registered name.
        version: its number.
        chain: digest of the work that made it.
        dataset: md5 of `data`, as DVC has it.
    """

    model: str
    version: str
    chain: str
    dataset: str

    @property
    def name(self) -> str:
        """MODEL/VERSION."""
        return f"{self.model}/{self.version}"


@dataclass(frozen=True)
class IndexedScene:
    """One content of a scene: its facts and files at some time.

    Attributes:
        scene_id: of its STAC item.
        facts: place_id, split, platform, frequency_band, polarizations, datetime, simulated, chips, files, bounds; as
            the record has them.
    """

    scene_id: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class SceneVersions:
    """The versions that one content of a scene made."""

    scene: IndexedScene
    versions: tuple[IndexedVersion, ...]


@dataclass(frozen=True)
class SceneDifference:
    """How the scenes of one version differ from those of another; a scene with other files is in both lists.

    Attributes:
        added: contents that only the second version has, by scene id; at most the limit.
        removed: contents that only the first has; at most the limit.
        added_count: of all that were added.
        removed_count: of all that were removed.
    """

    added: tuple[IndexedScene, ...]
    removed: tuple[IndexedScene, ...]
    added_count: int
    removed_count: int


@dataclass(frozen=True)
class IndexedPrediction:
    """A batch prediction: which version answered, when (UTC, ISO 8601), and what it wrote (path to md5)."""

    run_id: str
    model: str
    version: str
    at: str
    outputs: Mapping[str, str]
