"""Everything downstream of a scene, of a dataset or of a version: what there is to tell if it turns out to be wrong."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import yaml
from mlflow import MlflowClient

from components.lineage.championships import Championship, championships_of
from components.lineage.derived import Derived, DerivedReader
from components.lineage.errors import BrokenJournal, UnknownSubject, UnknownVersion
from components.lineage.index.answers import IndexedPrediction, IndexedScene, IndexedVersion
from components.lineage.index.questions import Questions
from components.lineage.versions import resolve
from components.lineage.withdrawals import Withdrawal, withdrawn
from components.revisions.home import Home

_DATASET: Final = re.compile(r"[0-9a-f]{32}\.dir")


@dataclass(frozen=True)
class Impact:
    """What a scene, dataset or version reached.

    Attributes:
        kind: scene, dataset or version.
        subject: as asked.
        derived: chips, annotations and corrected clauses, for a scene only.
        versions: model versions, those that started from one of them included.
        aliases: of each reached version (MODEL/VERSION), its aliases now.
        predictions: batch predictions that used the scene or one of the versions.
        unread: versions and ledgers that could not be read, and why: nothing is known of them.
        championships: of each reached version that was champion, from when to when.
        withdrawals: of the scene's contents.
    """

    kind: str
    subject: str
    derived: tuple[Derived, ...]
    versions: tuple[IndexedVersion, ...]
    aliases: Mapping[str, tuple[str, ...]]
    predictions: tuple[IndexedPrediction, ...]
    unread: tuple[tuple[str, str], ...]
    championships: Mapping[str, tuple[Championship, ...]] = field(default_factory=dict)
    withdrawals: tuple[Withdrawal, ...] = ()


class ImpactFinder:
    """Asks the index which versions, MLflow which aliases, and the DVC stores what was made of a scene."""

    def __init__(self, home: Home, client: MlflowClient, index: Questions) -> None:
        """Take the repository, its registry, and an index that is up to date."""
        self._home, self._client, self._index = home, client, index

    def of(self, subject: str) -> Impact:
        """The impact of a scene (id or md5 of a file of it), a dataset (md5 of `data`, or a .dvc file), or a version.

        Raises:
            UnknownSubject: it is none of these.
        """
        dataset = _dataset_md5(subject)
        if dataset is not None:
            found = self._index.versions_of_dataset(dataset)
            if not found:
                raise UnknownSubject(subject)
            return self._impact("dataset", subject, found)
        scenes = self._index.versions_of_scene(subject)
        if scenes:
            derived = tuple(part for each in scenes for part in self._derived(each.scene, each.versions))
            reached = self._impact("scene", subject, [version for each in scenes for version in each.versions], derived)
            return replace(reached, withdrawals=self._withdrawals(each.scene for each in scenes))
        return self._of_version(subject)

    def _of_version(self, subject: str) -> Impact:
        try:
            version = resolve(self._client, subject)
            found = self._index.version(str(version.name), str(version.version))
        except UnknownVersion as error:
            if self._index.predictions_of_scene(subject):  # no version was made of it, but one was asked about it
                return self._impact("scene", subject, ())
            raise UnknownSubject(subject) from error
        return self._impact("version", found.name, (found,))

    def _impact(
        self, kind: str, subject: str, versions: Iterable[IndexedVersion], derived: tuple[Derived, ...] = ()
    ) -> Impact:
        reached = self._with_children(versions)
        predictions = {found.run_id: found for found in self._predictions(kind, subject, reached)}
        ordered = tuple(sorted(predictions.values(), key=lambda found: (found.at, found.run_id)))
        champions, broken = self._championships(reached)
        unread = (*self._index.unread(), *broken)
        return Impact(kind, subject, derived, reached, self._aliases(reached), ordered, unread, champions)

    def _with_children(self, versions: Iterable[IndexedVersion]) -> tuple[IndexedVersion, ...]:
        reached = {version.name: version for version in versions}
        waiting = list(reached.values())
        while waiting:
            version = waiting.pop()
            for child in self._index.children(version.model, version.version):
                if child.name not in reached:
                    reached[child.name] = child
                    waiting.append(child)
        return tuple(sorted(reached.values(), key=lambda found: (found.model, int(found.version))))

    def _predictions(self, kind: str, subject: str, versions: Iterable[IndexedVersion]) -> Iterator[IndexedPrediction]:
        if kind == "scene":
            yield from self._index.predictions_of_scene(subject)
        for version in versions:
            yield from self._index.predictions_of_version(version.model, version.version)

    def _aliases(self, versions: Iterable[IndexedVersion]) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for model in sorted({version.model for version in versions}):
            numbers: dict[str, list[str]] = {}
            for alias, number in sorted(self._client.get_registered_model(model).aliases.items()):
                numbers.setdefault(str(number), []).append(alias)
            for version in versions:
                if version.model == model and version.version in numbers:
                    found[version.name] = tuple(numbers[version.version])
        return found

    def _championships(
        self, versions: Iterable[IndexedVersion]
    ) -> tuple[dict[str, tuple[Championship, ...]], list[tuple[str, str]]]:
        """By MODEL/VERSION, and the ledgers that cannot be read: then all else is told nevertheless."""
        found: dict[str, tuple[Championship, ...]] = {}
        broken: list[tuple[str, str]] = []
        names = {version.name for version in versions}
        for model in sorted({version.model for version in versions}):
            try:
                held = championships_of(self._home.root, model)
            except BrokenJournal as error:
                broken.append((f"ledger of {model}", str(error)))
                continue
            for each in held:
                name = f"{model}/{each.version}"
                if name in names:
                    found[name] = (*found.get(name, ()), each)
        return found, broken

    def _withdrawals(self, scenes: Iterable[IndexedScene]) -> tuple[Withdrawal, ...]:
        md5s = {file["md5"] for scene in scenes for file in scene.facts["files"]}
        return tuple(found for md5, found in sorted(withdrawn(self._home).items()) if md5 in md5s)

    def _derived(self, scene: IndexedScene, versions: Sequence[IndexedVersion]) -> Iterator[Derived]:
        """One part for each different thing that was made of a scene, with the versions that rest on it."""
        by_outputs: dict[tuple[str, ...], list[str]] = {}
        for version in versions:
            outputs = self._index.outputs_of(version.model, version.version)
            by_outputs.setdefault(outputs, []).append(version.name)
        reader, made = DerivedReader(self._home), list[Derived]()
        for outputs, names in by_outputs.items():
            part = reader.read(scene, (), outputs)
            same = next((known for known in made if replace(known, versions=()) == part), None)
            if same is not None:  # other outputs, which say the same of this scene
                made.remove(same)
            everyone = {*(same.versions if same else ()), *names}
            made.append(replace(part, versions=tuple(found.name for found in versions if found.name in everyone)))
        yield from made


def _dataset_md5(subject: str) -> str | None:
    if _DATASET.fullmatch(subject):
        return subject
    if not subject.endswith(".dvc"):
        return None
    try:
        document: Any = yaml.safe_load(Path(subject).read_text(encoding="utf-8"))
        return str(document["outs"][0]["md5"])
    except (OSError, yaml.YAMLError, KeyError, IndexError, TypeError) as error:
        raise UnknownSubject(subject) from error
