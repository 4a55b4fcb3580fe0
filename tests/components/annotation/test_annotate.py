import shutil
from collections import Counter

import pytest

from components.annotation.injection import corrupt_caption
from components.annotation.stage import STAGES, AnnotationConfig, run_annotate
from components.contract.errors import FusarError
from components.records.families import BY_NAME
from components.records.schemas import ANNOTATIONS, CHIPS, INJECTED
from components.records.tables import read_table, write_table


@pytest.fixture(scope="module")
def config(laptop_params):
    return AnnotationConfig.model_validate(laptop_params["annotate"] | {"corrupt_share": 0.3})


@pytest.fixture(scope="module")
def chips(tmp_path_factory, given):
    """Two scenes of 30 chips each, one in the training split and one in the test split."""
    folder = tmp_path_factory.mktemp("chips")
    for scene, split in (("scene-a", "train"), ("scene-b", "test")):
        write_table(scene_rows(given, scene, split), CHIPS, folder / f"{scene}.parquet")
    return folder


def scene_rows(given, scene, split):
    return [
        given.chip_row(
            chip_id=f"{scene}-{i}",
            scene_id=scene,
            split=split,
            place_id=scene,
            objects=[given.target("ship", 30.0 * (i % 5 + 1), (i + 1, i + 1, i + 8, i + 4))],
        )
        for i in range(30)
    ]


def annotate(chips, folder, config):
    outputs = {name: folder / name for name in STAGES[0].outputs}
    metrics = run_annotate(config, {"chips": chips}, outputs)
    return outputs["annotations"], read_table(outputs["injected"], INJECTED).to_pylist(), metrics


def clauses_of(folder):
    return read_table(folder, ANNOTATIONS).to_pylist()


def test_every_chip_gets_eight_clauses_in_its_scenes_file(chips, tmp_path, config):
    folder, _, metrics = annotate(chips, tmp_path, config)
    assert sorted(path.name for path in folder.iterdir()) == ["scene-a.parquet", "scene-b.parquet"]
    assert Counter(clause["chip_id"] for clause in clauses_of(folder)) == {
        f"{scene}-{i}": 8 for scene in ("scene-a", "scene-b") for i in range(30)
    }
    assert (metrics["clauses"], metrics["captions_ship"], metrics["unknown_share"]) == (480.0, 60.0, 0.0)


def test_the_recorded_swaps_are_exactly_what_differs_from_clean_captions(chips, tmp_path, config):
    dirty, injected, metrics = annotate(chips, tmp_path / "dirty", config)
    clean, none, _ = annotate(chips, tmp_path / "clean", config.model_copy(update={"corrupt_share": 0.0}))
    pairs = [(a, b) for a, b in zip(clauses_of(clean), clauses_of(dirty), strict=True) if a != b]
    assert none == []
    assert len(pairs) == len(injected) == metrics["corrupted_captions"] > 0
    for (true, wrong), record in zip(pairs, injected, strict=True):
        assert true["split"] == "train"
        assert {key for key in true if true[key] != wrong[key]} == {"code", "value"}
        assert (record["chip_id"], record["field"]) == (true["chip_id"], true["field"])
        assert (record["true_code"], record["injected_code"]) == (true["code"], wrong["code"])
        assert (record["true_value"], record["injected_value"]) == (true["value"], wrong["value"])


def test_a_wrong_clause_still_comes_from_its_fields_closed_list_and_is_never_unknown(chips, tmp_path, config):
    _, injected, _ = annotate(chips, tmp_path, config.model_copy(update={"corrupt_share": 1.0}))
    assert len(injected) == 30
    for record in injected:
        values = BY_NAME["ship"].field(record["field"]).values
        assert values[record["injected_code"]] == record["injected_value"] != record["true_value"]
        assert record["injected_code"] != "unknown"


def made_clauses(number, code="0"):
    return [
        {
            "chip_id": f"chip-{number}",
            "split": "train",
            "family": "ship",
            "field": field.name,
            "code": code if field.name == "Count" else next(iter(field.values)),
            "value": "none",
            "annotator": "hcot-rules-1",
        }
        for field in BY_NAME["ship"].fields
    ]


def test_a_tenth_of_captions_is_corrupted_evenly_over_fields_and_another_seed_picks_others():
    picked = {
        seed: {n: record for n in range(8000) if (record := corrupt_caption(made_clauses(n), 0.1, seed))}
        for seed in (1, 2)
    }
    assert 720 < len(picked[1]) < 880  # binomial: 800 +- 3 standard deviations of 27
    fields = Counter(record["field"] for record in picked[1].values())
    assert len(fields) == 8 and 65 < min(fields.values()) <= max(fields.values()) < 135
    assert len(picked[1].keys() & picked[2].keys()) < 130


def test_a_caption_of_unknown_clauses_is_left_alone():
    clauses = [clause | {"code": "unknown"} for clause in made_clauses(1)]
    assert corrupt_caption(clauses, 1.0, 1) is None


def test_a_new_scene_changes_no_byte_of_the_others(chips, tmp_path, config, given):
    before, injected_before, _ = annotate(chips, tmp_path / "before", config)
    more = tmp_path / "chips"
    shutil.copytree(chips, more)
    write_table(scene_rows(given, "scene-0", "train"), CHIPS, more / "scene-0.parquet")
    after, injected_after, _ = annotate(more, tmp_path / "after", config)
    for name in ("scene-a.parquet", "scene-b.parquet"):
        assert (before / name).read_bytes() == (after / name).read_bytes()
    assert [record for record in injected_after if not record["chip_id"].startswith("scene-0-")] == injected_before


def test_a_remembered_scene_is_the_same_bytes_and_is_not_annotated_again(chips, tmp_path, config, monkeypatch):
    monkeypatch.setenv("FUSAR_MEMO", str(tmp_path / "memo"))
    first, injected_first, metrics_first = annotate(chips, tmp_path / "first", config)
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "memo").rglob("*")}
    second, injected_second, metrics_second = annotate(chips, tmp_path / "second", config)
    assert [path.read_bytes() for path in sorted(first.iterdir())] == [
        path.read_bytes() for path in sorted(second.iterdir())
    ]
    assert (injected_first, metrics_first) == (injected_second, metrics_second)
    assert {
        path: path.stat().st_mtime_ns for path in (tmp_path / "memo").rglob("*")
    } == written  # nothing was made anew


def test_a_changed_parameter_is_not_answered_from_the_memo(chips, tmp_path, config, monkeypatch):
    monkeypatch.setenv("FUSAR_MEMO", str(tmp_path / "memo"))
    _, many, _ = annotate(chips, tmp_path / "first", config)
    _, none, _ = annotate(chips, tmp_path / "second", config.model_copy(update={"corrupt_share": 0.0}))
    assert many and not none


def test_a_broken_chips_file_is_named(chips, tmp_path, config):
    shutil.copytree(chips, tmp_path / "chips")
    (tmp_path / "chips" / "scene-a.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(FusarError, match=r"scene-a\.parquet"):
        annotate(tmp_path / "chips", tmp_path / "out", config)
