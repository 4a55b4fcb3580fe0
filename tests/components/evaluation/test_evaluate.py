import json
import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from components.contract.params import read_params, stage_config
from components.evaluation.ablation import exchange
from components.evaluation.asking import ask, questions_of
from components.evaluation.baselines import Baselines, commonest_caption, training_questions
from components.evaluation.chips import Selection, read_captions, read_chips, read_truths
from components.evaluation.errors import NothingToEvaluate
from components.evaluation.judging import Judge, rows_of
from components.evaluation.stage import STAGES, run_evaluate
from components.records.schemas import ITEMS
from components.records.tables import read_table
from components.scores.bootstrap import Resampling
from components.tasks import TASKS, chip_generator

RESAMPLING = Resampling(200, 3)
ROOT = Path(__file__).parents[3]


class Oracle:
    """Answers each question with the truth of the chip that it recognises by its pixels, or always with one text."""

    def __init__(self, chips, seed, always=None):
        self.always = always
        self.truths = {
            (chip.codes.tobytes(), question.text): question.answer
            for chip in chips
            for task in TASKS
            for question in task.questions(chip.truth, chip_generator(seed, chip.truth.chip_id))
        }

    def answer(self, requests, max_new_tokens):
        if self.always is not None:
            return [self.always] * len(requests)
        return [self.truths[request.codes.tobytes(), request.question] for request in requests]


@pytest.fixture(scope="module")
def chips(inputs):
    return read_chips(inputs["chips"], read_captions(inputs["annotations"], "test"), Selection("test", 100, 3))


@pytest.fixture(scope="module")
def baselines(inputs):
    truths = read_truths(inputs["chips"], read_captions(inputs["annotations"], "train"), Selection("train", 100, 3))
    return Baselines(training_questions(truths, 3))


@pytest.fixture(scope="module")
def results(inputs, made, tmp_path_factory):
    folders = [tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")]
    names = STAGES[0].outputs
    metrics = [run_evaluate(made.config(), inputs, {name: folder / name for name in names}) for folder in folders]
    return folders, metrics


def test_who_always_says_the_truth_scores_one_on_every_task(chips, baselines, made):
    items = ask(Oracle(chips, 3), chips, made.config())
    assert {row["score"] for row in rows_of(items, baselines)} == {1.0}
    main = [metric for metric in Judge(baselines, RESAMPLING, 5).metrics(items) if metric.key.count(".") == 1]
    assert {metric.task for metric in main} == {task.name for task in TASKS}
    assert all((metric.estimate.value, metric.estimate.low) == (1.0, 1.0) for metric in main)


def test_a_constant_answer_scores_the_share_of_that_answer(chips, baselines, made):
    items = ask(Oracle(chips, 3, always="water"), chips, made.config())
    metrics = {metric.key: metric for metric in Judge(baselines, RESAMPLING, 5).metrics(items)}
    truths = [
        item.question.answer for item in items if item.question.task == "land_cover" and item.variant == "correct"
    ]
    assert metrics["fusar-gpt.land_cover"].estimate.value == pytest.approx(Counter(truths)["water"] / len(truths))
    assert metrics["fusar-gpt.land_cover"].differences["shuffled"].value == 0
    assert metrics["fusar-gpt.count"].estimate.value == metrics["fusar-gpt.detect"].estimate.value == 0
    assert metrics["fusar-gpt.count.unparsed"].estimate.value == 1


def test_answers_that_cannot_be_read_score_zero(chips, baselines, made):
    items = ask(Oracle(chips, 3, always="[[{"), chips, made.config())
    assert {row["score"] for row in rows_of(items, baselines)} == {0.0}


def test_shuffled_alphaearth_never_comes_from_the_chips_own_place(chips):
    place_of = {chip.alphaearth.vectors.tobytes(): chip.truth.place_id for chip in chips if chip.alphaearth}
    for seed in range(50):
        exchanged = exchange(chips, seed)
        assert len(exchanged) == len(place_of) == 20
        for chip in chips:
            given = exchanged.get(chip.truth.chip_id)
            assert (given is None) == (chip.alphaearth is None)
            assert given is None or place_of[given.vectors.tobytes()] != chip.truth.place_id


def test_a_place_that_holds_most_chips_leaves_those_out_that_find_no_other_place(chips):
    with_own = [chip for chip in chips if chip.alphaearth]
    assert exchange(with_own[:4], 0) == {}


def test_a_chip_without_alphaearth_is_asked_in_one_variant_only(chips, made):
    items = ask(Oracle(chips, 3), chips, made.config())
    lacking = {chip.truth.chip_id for chip in chips if chip.alphaearth is None}
    assert lacking
    assert {item.variant for item in items if item.chip.truth.chip_id in lacking} == {"correct"}


def test_the_majority_is_learned_from_training_places_for_each_wording(chips, baselines, inputs):
    truths = read_truths(inputs["chips"], {}, Selection("train", 100, 3))
    answers = [
        question.answer for question in training_questions(truths, 3) if question.text == "Which class is this chip?"
    ]
    (question,) = next(task for task in TASKS if task.name == "classify").questions(
        chips[0].truth, chip_generator(3, "a")
    )
    assert Counter(answers)[baselines.majority(question)] == max(Counter(answers).values())


def test_the_majority_caption_takes_each_fields_commonest_value():
    first = "terrain is coast $ used for port $"
    texts = [
        first,
        "terrain is coast $ used for farming $",
        "terrain is plain $ used for farming $",
        "ships counted one $",
    ]
    assert commonest_caption(texts) == "terrain is coast $ used for farming $"


def test_fewer_chips_are_a_subset_of_more(chips, made):
    task = TASKS[0]
    few, many = (
        {
            chip.truth.chip_id
            for chip, _ in questions_of(task, chips, made.config().tasks["count"].model_copy(update={"chips": most}), 3)
        }
        for most in (3, 8)
    )
    assert len(few) == 3 and few < many


def test_two_evaluations_write_the_same_bytes(results):
    (first, second), metrics = results
    assert metrics[0] == metrics[1]
    for name in STAGES[0].outputs:
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_every_figure_stands_with_its_size_its_interval_and_its_baselines(results):
    (folder, _), (metrics, _) = results
    report = json.loads((folder / "report.json").read_text())
    assert report["simulated"] is True and "simulated" in report["data"]
    for entry in report["metrics"]:
        assert entry["n"] > 0 and entry["places"] > 0
        assert entry["places"] == 1 or entry["low"] <= entry["value"] <= entry["high"]
        assert entry["baselines"]
        assert metrics[entry["key"]] == entry["value"]
    gpt = [entry for entry in report["metrics"] if entry["key"] == "fusar-gpt.land_cover"]
    assert set(gpt[0]["baselines"]) == {"majority", "chance", "shuffled", "absent"}
    assert {"difference_to_shuffled", "difference_to_majority", "difference_to_absent"} <= set(gpt[0])
    assert set(report["slices"]["fusar-gpt.count"]) == {"platform", "family"}
    assert set(report["confusions"]) == {"count", "classify", "land_cover"}


def test_the_flat_metrics_name_what_a_policy_asks_for(results):
    _, (metrics, _) = results
    wanted = {"fusar-klip.i2t_r5", "fusar-klip.i2t_r5.chance", "fusar-klip.t2i_r1", "scio.auroc", "scio.auroc.low"}
    wanted |= {"scio.clean_changed", "scio.restored", "fusar-gpt.count", "fusar-gpt.count.majority"}
    wanted |= {"fusar-gpt.land_cover.minus_shuffled.low", "fusar-gpt.classify.minus_majority.low", "fusar-gpt.detect"}
    assert wanted <= set(metrics)
    assert np.isfinite(list(metrics.values())).all()


def test_items_repeat_the_reports_means(results):
    (folder, _), (metrics, _) = results
    items = read_table(folder / "items.parquet", ITEMS).to_pylist()
    for task, key in (
        ("count", "fusar-gpt.count"),
        ("i2t_r5", "fusar-klip.i2t_r5"),
        ("scio_restored", "scio.restored"),
    ):
        scores = [row["score"] for row in items if row["task"] == task and row["variant"] in ("correct", "none")]
        assert np.mean(scores) == pytest.approx(metrics[key])


def test_a_split_without_chips_is_named_with_the_remedy(inputs, made, tmp_path):
    with pytest.raises(NothingToEvaluate, match="'val'") as caught:
        run_evaluate(made.config(split="val"), inputs, {name: tmp_path / name for name in STAGES[0].outputs})
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize(
    ("task", "settings"),
    [
        ("count", {"chips": 5, "max_new_tokens": 2, "variants": ["shuffled"]}),
        ("count", {"chips": 5, "max_new_tokens": 2, "variants": ["correct", "correct"]}),
        ("sing", {"chips": 5, "max_new_tokens": 2, "variants": ["correct"]}),
    ],
)
def test_a_task_that_cannot_be_judged_is_refused(task, settings, made):
    with pytest.raises(ValidationError):
        made.config(tasks=made.raw["tasks"] | {task: settings})


@pytest.mark.parametrize("name", ["params.yaml", "profiles/tiny.yaml"])
def test_the_profiles_fit_the_stage(name):
    path = ROOT / name
    assert stage_config(STAGES[0], read_params(path), path)


def test_the_stage_is_declared_without_importing_torch():
    code = "import sys, components.evaluation.stage; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
