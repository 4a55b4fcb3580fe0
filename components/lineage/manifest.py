"""Every file that made a version, on the version: where it lies, its size, its md5 as DVC has it and its sha256."""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal, get_args

import pyarrow as pa
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from components.contract.errors import FusarError
from components.contract.progress import progress
from components.lineage.errors import ChangedOutput, IncompleteLineage
from components.lineage.evaluations import EVALUATION_TAG, EVALUATIONS_FOLDER
from components.lineage.objects import Digests, Objects, digests_of_file, side_by_side
from components.lineage.record import LINEAGE_FILE, Content, Lineage
from components.lineage.scene_table import SCENES_FILE
from components.lineage.versions import fetch, versions_of
from components.lineage.warm_starts import warm_starts
from components.records.tables import read_table, write_table
from components.revisions import git
from components.revisions.checkout import PARAMS_FILE
from components.revisions.lock import LOCK_FILE

MANIFEST_FILE: Final = "manifest.parquet"
MANIFEST_TAG: Final = "fusar.manifest"  # of the version and of its files: sha256 of the manifest
EVALUATION_MANIFEST_TAG: Final = "fusar.evaluation_manifest"  # of the version: `<evaluation>:<sha256>`, of a later one
REQUIREMENTS_FILE: Final = "requirements.lock"
Role = Literal["input", "stage output", "model file", "record", "evaluation", "lock", "params", "requirements"]
Store = Literal["remote", "artifacts", "commit"]
_ROLES: Final[Mapping[str, Role]] = {
    LOCK_FILE: "lock",
    PARAMS_FILE: "params",
    LINEAGE_FILE: "record",
    SCENES_FILE: "record",
}


@dataclass(frozen=True)
class FileEntry:
    """One file of a manifest.

    Attributes:
        role: what it was to the version.
        store: where it lies: the DVC remote (by md5), the artifacts of the version (by path) or the commit.
        path: in the repository, or inside the version's artifacts.
        md5: as DVC has it; that of a folder's listing ends in `.dir`.
        sha256: of the same bytes.
        size: [bytes].
    """

    role: Role
    store: Store
    path: str
    md5: str
    sha256: str
    size: int


def _field(name: str, kind: pa.DataType, meaning: str) -> pa.Field:
    return pa.field(name, kind, nullable=False, metadata={"description": meaning})


SCHEMA: Final = pa.schema(
    [
        _field("role", pa.string(), f"What the file was to the version: {', '.join(get_args(Role))}."),
        _field("store", pa.string(), "remote: the DVC remote, by md5; artifacts: the version's own; commit: git."),
        _field("path", pa.string(), "In the repository, or inside the version's artifacts."),
        _field("md5", pa.string(), "As DVC has it; of a folder's listing it ends in `.dir`."),
        _field("sha256", pa.string(), "Of the same bytes, hexadecimal."),
        _field("size", pa.int64(), "Size [bytes]."),
    ],
    metadata={"fusar.schema": "manifest", "fusar.version": "1", "description": "One row per file of a version."},
)
Known = Mapping[str, Digests]


def manifest_of(lineage: Lineage, checkout: Path, folder: Path, known: Known) -> tuple[FileEntry, ...]:
    """Every file that made a version, sorted by store and path.

    Args:
        lineage: the version's record.
        checkout: the finished checkout that it came of.
        folder: all files that will be the version's artifacts, as they will be uploaded.
        known: digests of contents that were read before, by md5: what a version costs is what is new in it.

    Raises:
        IncompleteLineage: a content is neither in the cache nor in the remote.
        ChangedOutput: what is kept under an md5 are other bytes.
    """
    commit = tuple(_of_commit(lineage, checkout))
    tracked: list[tuple[Role, Content]] = [
        ("input", item) for item in lineage.inputs if item.path not in {entry.path for entry in commit}
    ]
    tracked += [("input", item) for item in warm_starts(lineage.stages)]
    outs: list[tuple[Role, Content]] = [("stage output", item) for stage in lineage.stages for item in stage.outs]
    entries = (*_of_remote([*tracked, *outs], Objects(checkout), known), *commit, *files_of(folder))
    return tuple(sorted(entries, key=lambda entry: (entry.store, entry.path)))


def files_of(folder: Path, inside: str = "") -> tuple[FileEntry, ...]:
    """The files of a folder that becomes artifacts of a version, or its part `inside`; a manifest is not its own."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [f"{inside}/{path.relative_to(folder).as_posix()}".lstrip("/") for path in found]
    return tuple(
        _entry(role_of(name), "artifacts", name, digests_of_file(path))
        for name, path in zip(names, found, strict=True)
        if name != MANIFEST_FILE
    )


def role_of(path: str) -> Role:
    """What a file among a version's artifacts is."""
    return "evaluation" if path.startswith(f"{EVALUATIONS_FOLDER}/") else _ROLES.get(path, "model file")


def write_manifest(entries: Iterable[FileEntry], folder: Path) -> str:
    """Write the manifest into a folder of files, and answer its sha256."""
    path = folder / MANIFEST_FILE
    write_table([asdict(entry) for entry in entries], SCHEMA, path)
    return digests_of_file(path).sha256


def read_manifest(client: MlflowClient, version: ModelVersion) -> tuple[FileEntry, ...]:
    """The files of a version and of its newest evaluation; empty for a version of before there were manifests.

    Raises:
        LineageError: the version should have a manifest and has none.
    """
    if MANIFEST_TAG not in version.tags:
        return ()
    with tempfile.TemporaryDirectory() as scratch:
        entries = read_entries(fetch(client, version, MANIFEST_FILE, Path(scratch)))
        if later_evaluation(version) is None:
            return entries
        path = f"{EVALUATIONS_FOLDER}/{version.tags[EVALUATION_TAG]}/{MANIFEST_FILE}"
        return (*entries, *read_entries(fetch(client, version, path, Path(scratch))))


def later_evaluation(version: ModelVersion) -> str | None:
    """Sha256 of the manifest of the newest evaluation, where that came after the version itself; else None."""
    evaluation, _, sha256 = version.tags.get(EVALUATION_MANIFEST_TAG, "").partition(":")
    return sha256 if sha256 and evaluation == version.tags.get(EVALUATION_TAG) else None


def read_entries(path: Path) -> tuple[FileEntry, ...]:
    """The rows of a manifest on disk.

    Raises:
        FusarError: it is no manifest.
    """
    return tuple(FileEntry(**row) for row in read_table(path, SCHEMA).to_pylist())


def known_digests(client: MlflowClient, models: Iterable[str]) -> dict[str, Digests]:
    """Digests of all contents in the remote that the newest versions of these models name, by md5."""
    entries: list[FileEntry] = []
    for version in (version for model in models for version in versions_of(client, model)[:1]):
        with suppress(FusarError):  # a damaged manifest saves no reading
            entries += read_manifest(client, version)
    return {entry.md5: Digests(entry.md5, entry.sha256, entry.size) for entry in entries if entry.store == "remote"}


def _of_commit(lineage: Lineage, checkout: Path) -> Iterator[FileEntry]:
    """Inputs that git keeps, and requirements.lock."""
    wanted: list[tuple[Role, str]] = [("requirements", REQUIREMENTS_FILE)]
    wanted += [("input", item.path) for item in lineage.inputs]
    for role, path in wanted:
        content = git.blob(checkout, lineage.retrain.commit, path)
        if content is not None:
            sha256 = hashlib.sha256(content).hexdigest()
            md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
            yield FileEntry(role, "commit", path, md5, sha256, len(content))


def _of_remote(wanted: Iterable[tuple[Role, Content]], objects: Objects, known: Known) -> Iterator[FileEntry]:
    files = [(role, file) for role, content in wanted for file in objects.files(content)]

    def read(item: tuple[Role, Content]) -> FileEntry:
        role, file = item
        found = known.get(file.md5) or objects.anywhere(file.md5)
        if found is None:
            raise IncompleteLineage(file.path, (f"object {file.md5} in the DVC cache or remote",))
        if found.md5 != file.md5:
            raise ChangedOutput(file.path, file.md5, found.md5)
        return _entry(role, "remote", file.path, found)

    yield from progress(side_by_side(read, files), "manifest", len(files))


def _entry(role: Role, store: Store, path: str, found: Digests) -> FileEntry:
    return FileEntry(role, store, path, found.md5, found.sha256, found.size)
