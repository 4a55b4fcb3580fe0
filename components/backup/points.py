"""What a backup folder holds: objects and artifacts, which only grow, and a point for each time it was filled."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from components.backup.errors import NoBackup

POINTS, OBJECTS, RUNS, ARTIFACTS = "points", "objects", "runs", "artifacts"
BUNDLE, DATABASE, LOCKS, JOURNALS = "repository.bundle", "mlflow.db", "locks", "journals"
POINT_FILE: Final = "backup.json"


class Point(BaseModel):
    """One filling of a backup folder; written last, so that who finds it has all of it.

    Attributes:
        schema_version: of this file.
        at: when it began, UTC, ISO 8601.
        head: branch that was checked out (refs/heads/main), or the commit where none was.
        origin: address of the git remote, without a password; empty where there is none.
        files: sha256 of each file of the point, by its path in it.
        objects: md5s of DVC's objects at that time.
        artifacts: size of each file of MLflow's artifact store at that time [bytes], by its path in it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    at: str
    head: str
    origin: str
    files: Mapping[str, str]
    objects: tuple[str, ...]
    artifacts: Mapping[str, int]

    @property
    def counts(self) -> dict[str, int]:
        """How many objects, artifacts and files it has."""
        return {"objects": len(self.objects), "artifacts": len(self.artifacts), "files": len(self.files)}


def newest_point(folder: Path) -> tuple[Path, Point]:
    """The newest whole point of a backup, every file of it as it was written.

    Raises:
        NoBackup: there is none, or a file of it was changed.
    """
    found = sorted((folder / POINTS).glob(f"*/{POINT_FILE}"))
    if not found:
        raise NoBackup(str(folder), "holds no whole backup")
    place = found[-1].parent
    try:
        point = Point.model_validate_json(found[-1].read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        raise NoBackup(str(found[-1]), "is of another format") from error
    for path, sha256 in point.files.items():
        if not (place / path).is_file() or sha256_of(place / path) != sha256:
            raise NoBackup(str(place / path), "is not the file that was backed up")
    return place, point


def write_point(place: Path, point: Point) -> None:
    """Make a point whole."""
    partial = place / f".{POINT_FILE}.partial"
    partial.write_text(json.dumps(point.model_dump(mode="json"), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    partial.replace(place / POINT_FILE)


def sha256_of(file: Path) -> str:
    """Of a file's bytes."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
