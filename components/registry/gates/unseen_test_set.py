"""What the version was tested on, neither it nor a version that its weights came from was trained on."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from components.lineage.ancestors import Named, with_ancestors
from components.lineage.chips import chip_files, read_chips
from components.lineage.contents import Contents
from components.lineage.errors import LineageError
from components.lineage.record import Content, Evaluation, Lineage, Scene
from components.pictures.hashing import BITS, MOST_BITS, Images
from components.pictures.near_duplicates import LEAST_GRAIN, near_duplicates, picture
from components.pictures.stacks import COLUMNS, stacks
from components.registry.gates.gate import Candidate, Gate, Outcome, Settings

_TRAIN, _TEST = "train", "test"
_SHOWN = 20  # of each kind in the evidence; the reason has the counts


class UnseenTestSet(Settings):
    """The gate has no settings: one chip of the test set that was trained on is one too many."""


def judge(settings: UnseenTestSet, candidate: Candidate, champion: Candidate | None) -> Outcome:
    """Compare places, scenes, bytes and chips of the test set with all training sets, by the records' md5s."""
    try:
        made_of = with_ancestors(candidate.client, candidate.name, candidate.lineage)
        split = tested_split(candidate.evaluation)
        shared = _shared(candidate.lineage, split, made_of)
        contents = Contents(candidate.home.root)
        test = chip_files(contents, candidate.lineage, (split,))
        train = [file for _, record in made_of for file in chip_files(contents, record, (_TRAIN,))]
        chips = _Chips(contents, test, train)
        pairs = chips.pairs()
    except LineageError as error:  # what nobody can look at, nobody may trust
        return Outcome(False, str(error), {"pairs": None})
    limits = {"hash_bits": BITS, "most_bits": MOST_BITS, "least_grain": LEAST_GRAIN}
    evidence = {
        **{kind: found[:_SHOWN] for kind, found in shared.items()},
        "near_duplicates": pairs[:_SHOWN],
        "test_chips": chips.tested,
        "training_chips": chips.trained,
        "versions": [name for name, _ in made_of],
        **limits,
    }
    faults = [f"{len(found)} {kind} ({', '.join(found[:3])})" for kind, found in shared.items() if found]
    if pairs:
        first, doubled = pairs[0], len({pair["test_chip"] for pair in pairs})
        faults.append(f"{doubled} near-duplicate chips ({first['test_chip']} is like {first['training_chip']})")
    if not chips.tested:
        return Outcome(False, "the record names no chip that it was tested on", evidence)
    if faults:
        return Outcome(False, f"trained on what it is tested on: {'; '.join(faults)}", evidence)
    versions = f"training sets of {len(made_of)} versions" if len(made_of) > 1 else "training set"
    return Outcome(
        True, f"{chips.tested} test chips share nothing with {chips.trained} chips of the {versions}", evidence
    )


def _shared(lineage: Lineage, split: str, made_of: Sequence[Named]) -> dict[str, list[str]]:
    """Places, scene ids and names of scenes with the same bytes that stand on both sides, sorted."""
    tested = _scenes([lineage], split)
    trained = _scenes([record for _, record in made_of], _TRAIN)
    bytes_trained = {md5 for scene in trained for md5 in _rasters(scene)}
    return {
        "places": sorted({scene.place_id for scene in tested} & {scene.place_id for scene in trained}),
        "scenes": sorted({scene.scene_id for scene in tested} & {scene.scene_id for scene in trained}),
        "files": sorted(scene.scene_id for scene in tested if bytes_trained.intersection(_rasters(scene))),
    }


def tested_split(evaluation: Evaluation) -> str:
    """The split that an evaluation asked about, as its lock entry has it."""
    for values in evaluation.stage.params.values():
        split = values.get("evaluate", {}).get("split") if isinstance(values, Mapping) else None
        if split is not None:
            return str(split)
    return _TEST


def _scenes(records: Sequence[Lineage], split: str) -> list[Scene]:
    return [scene for lineage in records for scene in lineage.scenes if scene.split == split]


def _rasters(scene: Scene) -> list[str]:
    return [file.md5 for file in scene.files if file.path.startswith("scenes/")]


class _Chips:
    """Pictures of the chips on both sides, read once."""

    def __init__(self, contents: Contents, test: Sequence[Content], train: Sequence[Content]) -> None:
        self._contents = contents
        once = {file.md5: file for file in train}
        self._test, self._train = self._pictures(test), self._pictures(tuple(once.values()))
        self.tested, self.trained = (sum(len(ids) for ids, _ in side.values()) for side in (self._test, self._train))

    def pairs(self) -> list[dict[str, Any]]:
        """Near-duplicates as JSON types; chips of different sizes are never one measurement."""
        found = []
        for shape in sorted(self._test.keys() & self._train.keys()):
            (test_ids, test), (train_ids, train) = self._test[shape], self._train[shape]
            for pair in near_duplicates(test, train):
                ids = {"test_chip": test_ids[pair.left], "training_chip": train_ids[pair.right]}
                found.append({**ids, "bits": pair.bits, "grain": round(pair.grain, 3)})
        return found

    def _pictures(self, files: Sequence[Content]) -> dict[tuple[int, int], tuple[list[str], Images]]:
        """Chip ids and pictures (N, h, w) by the size of the pictures."""
        parts: dict[tuple[int, int], tuple[list[str], list[Images]]] = {}
        for table in read_chips(self._contents, files, ["chip_id", *COLUMNS]):
            names = table["chip_id"].to_pylist()
            for places, planes in stacks(table):
                images = picture(planes)
                ids, pictures = parts.setdefault((images.shape[1], images.shape[2]), ([], []))
                ids += [names[place] for place in places]
                pictures.append(images)
        return {shape: (ids, np.concatenate(pictures)) for shape, (ids, pictures) in parts.items()}


GATE = Gate("unseen_test_set", UnseenTestSet, judge)
