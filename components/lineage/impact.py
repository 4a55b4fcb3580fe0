"""Everything downstream of a scene, of a dataset or of a version: what there is to tell if it turns out to be wrong."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from mlflow import MlflowClient

from components.lineage.derived import Derived, derived_outputs, read_derived
from components.lineage.errors import UnknownSubject, UnknownVersion
from components.lineage.index.answers import IndexedPrediction, IndexedScene, IndexedVersion
from components.lineage.index.questions import Questions
from components.lineage.versions import read_lineage, resolve

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
        unread: versions whose record could not be read, and why: nothing is known of them.
    """

    kind: str
    subject: str
    derived: tuple[Derived, ...]
    versions: tuple[IndexedVersion, ...]
    aliases: Mapping[str, tuple[str, ...]]
    predictions: tuple[IndexedPrediction, ...]
    unread: tuple[tuple[str, str], ...]


class ImpactFinder:
    """Asks the index which versions, MLflow which aliases, and the DVC stores what was made of a scene."""

    def __init__(self, root: Path, client: MlflowClient, index: Questions) -> None:
        """Take the main working tree, the registry, and an index that is up to date."""
        self._root, self._client, self._index = root, client, index

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
            return self._impact("scene", subject, [found for each in scenes for found in each.versions], derived)
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
        return Impact(kind, subject, derived, reached, self._aliases(reached), ordered, self._index.unread())

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

    def _derived(self, scene: IndexedScene, versions: Iterable[IndexedVersion]) -> Iterator[Derived]:
        """One part for each set of outputs that versions rest on."""
        by_outputs: dict[tuple[str, ...], list[str]] = {}
        for version in versions:
            lineage = read_lineage(self._client, resolve(self._client, version.name))
            by_outputs.setdefault(derived_outputs(lineage), []).append(version.name)
        for outputs, names in by_outputs.items():
            yield read_derived(self._root, scene, tuple(names), outputs)


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
