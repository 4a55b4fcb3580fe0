"""A comparison of new scenes with a version, for the command and for the flow: cut, compared, shown, told."""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.contract.errors import ParamsError
from components.revisions.home import Home

if TYPE_CHECKING:
    from components.monitoring.watching import Watched

DRIFT_FOUND = "fusar.drift.found"
_MOST_SCENES = 100  # that an event names: one that grows with a catalogue would be refused
REPORTS = "reports"


@dataclass(frozen=True)
class Request:
    """What is to be compared.

    Attributes:
        model: MODEL@ALIAS or MODEL/VERSION.
        scenes: data folder of new scenes; None compares none.
        predictions: folder that `fusar predict` wrote; None compares none.
    """

    model: str
    scenes: Path | None
    predictions: Path | None

    @property
    def in_words(self) -> str:
        """Which folders."""
        named = {"scenes of": self.scenes, "predictions of": self.predictions}
        return ", ".join(f"{what} {folder}" for what, folder in named.items() if folder)


@dataclass(frozen=True, eq=False)
class Seen:
    """A comparison, and the scenes that could not be used: file and reason."""

    watched: "Watched"
    set_aside: tuple[tuple[str, str], ...]

    @property
    def scenes(self) -> tuple[str, ...]:
        """Ids of the new scenes, sorted."""
        comparison = self.watched.comparison
        ids = {scene.scene_id for scene in comparison.scenes.observations}
        return tuple(sorted(ids | {found.scene_id for found in comparison.answers.new}))

    @property
    def reason(self) -> str:
        """What has drifted, in one line."""
        said = self.watched.drift.in_words()
        more = f" and {len(said) - 5} more" if len(said) > 5 else ""
        return "; ".join(said[:5]) + more

    def summary(self) -> dict[str, Any]:
        """As JSON types."""
        drift = self.watched.drift
        return {
            "version": self.watched.version.name,
            "drift": drift.is_found,
            "found": list(drift.in_words()),
            "level": drift.level,
            "scenes": len(self.scenes),
            "known": list(self.watched.known),
            "set_aside": [{"file": file, "reason": reason} for file, reason in self.set_aside],
            "not_compared": list(drift.untested),
            "tests": [finding.entry() for finding in drift.findings],
        }


def look(home: Home, request: Request) -> Seen:
    """Cut the new scenes as the version's own were cut, and compare them with its baseline.

    Raises:
        NothingToCompare: nothing was given, or there is nothing in it.
        NoBaseline: the version keeps none.
        ParamsError: the version's parameters of `ingest` are no longer understood.
    """
    from components.monitoring.champion import bring_version
    from components.monitoring.errors import NothingToCompare
    from components.monitoring.policy import read_monitoring_policy
    from components.monitoring.watching import watch

    if not (request.scenes or request.predictions):
        raise NothingToCompare("")
    policy = read_monitoring_policy(home.root)
    with tempfile.TemporaryDirectory(prefix="fusar-monitor-") as scratch:
        version = bring_version(home.root, request.model, Path(scratch))
        with _chips(home, request, version.ingest, Path(scratch)) as (chips, set_aside):
            return Seen(watch(version, chips, request.predictions, policy), set_aside)


def payload_of(seen: Seen, commit: str) -> dict[str, Any]:
    """What the event of a drift says: automations start a retrain of `revision` with `profile`."""
    model, _, version = seen.watched.version.name.partition("/")
    return {
        "model": model,
        "version": version,
        "reason": seen.reason,
        "profile": seen.watched.version.profile,
        "revision": commit,
        "scenes": list(seen.scenes[:_MOST_SCENES]),
        "scenes_in_all": len(seen.scenes),
    }


def key_of_scenes(seen: Seen) -> str:
    """Digest of which scenes were compared with which version: found again, it is the same drift."""
    return hashlib.sha256("\n".join((seen.watched.version.name, *seen.scenes)).encode()).hexdigest()


@contextmanager
def _chips(
    home: Home, request: Request, params: Mapping[str, Any], scratch: Path
) -> Iterator[tuple[Path | None, tuple[tuple[str, str], ...]]]:
    from pydantic import ValidationError

    from components.ingestion.config import IngestConfig
    from components.ingestion.errors import NoScenes
    from components.ingestion.stage import STAGES
    from components.monitoring.errors import NothingToCompare
    from components.records.schemas import SET_ASIDE
    from components.records.tables import read_table

    if request.scenes is None:
        yield None, ()
        return
    try:
        config = IngestConfig.model_validate(params)
    except ValidationError as error:
        raise ParamsError("params.yaml of the version", (str(error),)) from error
    chips, aside = scratch / "chips", scratch / "set_aside.parquet"
    inputs = {"data": request.scenes, "withdrawn": home.root / STAGES[0].inputs["withdrawn"]}
    try:
        STAGES[0].run(config, inputs, {"chips": chips, "set_aside.parquet": aside})
    except NoScenes as error:
        raise NothingToCompare(str(request.scenes)) from error
    yield chips, tuple((row["file"], row["reason"]) for row in read_table(aside, SET_ASIDE).to_pylist())
