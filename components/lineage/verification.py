"""Whether every byte that made a version is still where it was, and still the same."""

import tempfile
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from components.contract.errors import FusarError
from components.contract.progress import progress
from components.lineage import committed
from components.lineage.artifact_files import ArtifactFiles
from components.lineage.before_manifests import entries_of_record
from components.lineage.chain import chain_digest
from components.lineage.contents import listing_md5
from components.lineage.errors import LineageError
from components.lineage.evaluations import EVALUATION_TAG, EVALUATIONS_FOLDER
from components.lineage.manifest import (
    MANIFEST_FILE,
    MANIFEST_TAG,
    FileEntry,
    later_evaluation,
    read_manifest,
)
from components.lineage.objects import Digests, Objects, side_by_side
from components.lineage.problems import Problem as Problem
from components.lineage.problems import Verification as Verification
from components.lineage.record import Content, Lineage
from components.lineage.versions import CHAIN_TAG, fetch, read_lineage
from components.lineage.withdrawals import purged
from components.revisions.home import Home
from components.revisions.lock import LOCK_FILE, read_lock

# Serving loads these folders, so nothing may lie in them that the manifest does not name.
_LOADED: Final = ("artifacts/", "code/")
_PLACES: Final = {"remote": "the DVC remote", "artifacts": "the artifact store", "commit": "git"}


def verify(home: Home, client: MlflowClient, version: ModelVersion) -> Verification:
    """Read every file of a version, each once, and compare it with what made the version; nothing is written.

    Raises:
        LineageError: MLflow cannot be asked for the version's files.
        BrokenJournal: an entry about purged files was changed.
    """
    return _Audit(home, client, version).run()


class _Audit:
    """One version under examination."""

    def __init__(self, home: Home, client: MlflowClient, version: ModelVersion) -> None:
        self.home, self.client, self.version = home, client, version
        self.name = f"{version.name}/{version.version}"
        self.artifacts = ArtifactFiles(client, version)
        self.objects = Objects(home.root)
        self.purged = purged(home)
        self.notes: list[str] = []
        self.files = self.bytes = 0

    def run(self) -> Verification:
        entries, problems = self._entries()
        problems += self._files(entries)
        problems += self._unlisted(entries)
        problems += self._record(entries)
        if self.lineage is not None:
            problems += [Problem("commit", *found) for found in committed.problems(self.home, self.name, self.lineage)]
        ordered = tuple(sorted(set(problems), key=lambda problem: (problem.path, problem.kind, problem.sentence)))
        return Verification(self.name, ordered, self.files, self.bytes, tuple(self.notes))

    @cached_property
    def lineage(self) -> Lineage | None:
        """The version's record, None where it is damaged: its file is then among the problems."""
        try:
            return read_lineage(self.client, self.version)
        except (FusarError, ValueError):
            return None

    def _entries(self) -> tuple[tuple[FileEntry, ...], list[Problem]]:
        """What should be there; a version of before there were manifests has only the md5s of its lock."""
        if MANIFEST_TAG not in self.version.tags:
            self.notes.append(
                f"{self.name} was registered before versions had a manifest: only what its record has an md5 of is "
                "checked, and no sha256. A version of a new retrain has one."
            )
            if self.lineage is None:
                return (), [Problem("record", "lineage.json", f"cannot be read, and {self.name} has no manifest.")]
            return entries_of_record(self.lineage, self.objects), []
        problems = list(self._manifests())
        try:
            return read_manifest(self.client, self.version), problems
        except FusarError as error:
            return (), [*problems, Problem("unreadable", MANIFEST_FILE, f"{error} Nothing else could be checked.")]

    def _manifests(self) -> Iterator[Problem]:
        """The manifests against what MLflow's database has of them: who edits files cannot edit the list as well."""
        wanted = {MANIFEST_FILE: self.version.tags[MANIFEST_TAG]}
        if later := later_evaluation(self.version):
            wanted[f"{EVALUATIONS_FOLDER}/{self.version.tags[EVALUATION_TAG]}/{MANIFEST_FILE}"] = later
        for path, sha256 in wanted.items():
            found = self.artifacts.digests(path)
            if found is None:
                yield self._missing("artifacts", path)
            elif found.sha256 != sha256:
                yield Problem("changed", path, f"is not the list that {self.name} was registered with (its tag says).")

    def _files(self, entries: tuple[FileEntry, ...]) -> Iterator[Problem]:
        answers = side_by_side(self._read, entries)
        for entry, found in progress(zip(entries, answers, strict=True), "verify", len(entries), self._read_so_far):
            if isinstance(found, str):
                yield Problem("unreadable", entry.path, f"cannot be read from {_PLACES[entry.store]}: {found}.")
                continue
            self.files, self.bytes = self.files + 1, self.bytes + (found.size if found else 0)
            if found is None:
                yield self._missing(entry.store, entry.path, entry.md5)
            elif found.md5 != entry.md5 or (entry.sha256 and found.sha256 != entry.sha256):
                yield _changed(entry, found)

    def _read_so_far(self) -> str:
        return f"{self.bytes / 1e6:.0f} MB"

    def _read(self, entry: FileEntry) -> Digests | str | None:
        try:
            if entry.store == "remote":
                return self.objects.in_remote(entry.md5)
            if entry.store == "artifacts":
                return self.artifacts.digests(entry.path)
            return committed.digests(self.home, self.version.tags.get("fusar.commit", ""), entry.path)
        except (MlflowException, FusarError, OSError) as error:
            return f"{type(error).__name__} {error}".strip()

    def _missing(self, store: str, path: str, md5: str = "") -> Problem:
        if store == "remote" and md5 in self.purged:
            return Problem("purged", path, f"{self.purged[md5]}.")
        place = f"is no longer in {_PLACES[store]}"
        if store == "remote" and (here := self.objects.in_cache(md5)) is not None and here.md5 == md5:
            return Problem("missing", path, f"{place} (md5 {md5}); this machine's cache has it: `dvc push` there.")
        return Problem("missing", path, f"{place}{f' (md5 {md5})' if md5 else ''}. Bring it back from a copy.")

    def _unlisted(self, entries: tuple[FileEntry, ...]) -> Iterator[Problem]:
        named = {entry.path for entry in entries if entry.store == "artifacts"}
        if MANIFEST_TAG not in self.version.tags or not named:
            return
        for path in sorted(self.artifacts.paths - named):
            # Whoever loads a version from a folder in place has Python leave these beside its code.
            if path.startswith(_LOADED) and "/__pycache__/" not in path:
                yield Problem("unlisted", path, "was not there when the version was registered, and serving loads it.")

    def _record(self, entries: tuple[FileEntry, ...]) -> Iterator[Problem]:
        """Record and lock against the digest of the chain that MLflow's database has; weights against the record."""
        lineage, tag = self.lineage, self.version.tags.get(CHAIN_TAG, "")
        if lineage is None:
            yield Problem("record", "lineage.json", "cannot be read as the record of a version.")
            return
        if lineage.chain != tag:
            yield Problem("record", "lineage.json", f"tells of chain {lineage.chain[:12]}, the version of {tag[:12]}.")
        yield from self._lock(lineage)
        folder = f"artifacts/{Path(lineage.model_folder.path).name}/"
        inside = [entry for entry in entries if entry.store == "artifacts" and entry.path.startswith(folder)]
        found = listing_md5([Content(path=entry.path.removeprefix(folder), md5=entry.md5) for entry in inside])
        if found != lineage.model_folder.md5:
            wanted = lineage.model_folder
            yield Problem("changed", wanted.path, f"the listed weights have md5 {found}, the stage wrote {wanted.md5}.")
        named = {entry.md5 for entry in entries if entry.store == "remote"}
        for content in (item for stage in lineage.stages for item in stage.outs):
            if content.md5 not in named:
                yield Problem("record", content.path, f"md5 {content.md5} made the version, but no manifest names it.")

    def _lock(self, lineage: Lineage) -> Iterator[Problem]:
        with tempfile.TemporaryDirectory() as scratch:
            try:
                found = read_lock(fetch(self.client, self.version, LOCK_FILE, Path(scratch)))
            except LineageError:
                yield self._missing("artifacts", LOCK_FILE)
                return
            except Exception as error:  # whatever DVC's reader makes of a file that is no lock
                yield Problem("lock", LOCK_FILE, f"cannot be read as a lock ({type(error).__name__}).")
                return
        edited = tuple(_edited(found, lineage))
        stages = [stage.name for stage in lineage.stages]
        if edited or chain_digest(found, stages) != self.version.tags.get(CHAIN_TAG):
            where = ", ".join(edited) or "an entry"
            yield Problem("lock", LOCK_FILE, f"was edited after the version was registered: {where}.")


def _edited(lock: Mapping[str, Any], lineage: Lineage) -> Iterator[str]:
    """What a lock says otherwise than the record: `stage path`."""
    for stage in lineage.stages:
        entry = lock.get(stage.name, {})
        if entry.get("cmd") != stage.command:
            yield f"{stage.name} cmd"
        for kind, contents in (("deps", stage.deps), ("outs", stage.outs)):
            here = {str(item.get("path")): str(item.get("md5")) for item in entry.get(kind, ())}
            yield from (f"{stage.name} {content.path}" for content in contents if here.get(content.path) != content.md5)


def _changed(entry: FileEntry, found: Digests) -> Problem:
    what = f"md5 {entry.md5}, found {found.md5}" if found.md5 != entry.md5 else f"sha256 {entry.sha256[:12]} of old"
    place = _PLACES[entry.store]
    where = f"{place} under {entry.md5}" if entry.store == "remote" else place
    return Problem("changed", entry.path, f"other bytes in {where} ({what}). Bring the file back from a copy.")
