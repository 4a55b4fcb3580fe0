from types import SimpleNamespace

import numpy as np
import pytest
import torch

from components.finetuning.conversations import all_questions, ask_tasks, grouped
from components.finetuning.mirroring import AS_IS, Mirror
from components.finetuning.samples import hold_out_places, read_captions, read_samples
from components.networks.chat import IGNORED, OPENING, Chat, train_tokenizer
from components.tasks import TASKS, chip_generator, chip_truth


@pytest.fixture
def truth(given):
    ship = given.target("ship", 30.0, (4.0, 10.0, 14.0, 16.0))
    row = given.chip_row(objects=[ship], land_cover=given.cover(left=2, right=3, columns=20))
    return chip_truth(row, {"Count": "1", "Location": "upper_left", "Size": "small"})


def test_a_mirrored_chip_has_its_labels_where_the_mirrored_pixels_are(truth):
    image = torch.zeros(1, 64, 64)
    image[0, 10:16, 4:14] = 1
    for mirror in (AS_IS, Mirror(True, False), Mirror(False, True), Mirror(True, True)):
        rows, columns = (found.tolist() for found in mirror.planes(image)[0].nonzero().T)
        box = mirror.truth(truth).objects[0].box
        assert box == (min(columns), min(rows), max(columns) + 1, max(rows) + 1)
        cover = mirror.planes(torch.from_numpy(truth.land_cover.copy())).numpy()
        np.testing.assert_array_equal(mirror.truth(truth).land_cover, cover)


def test_words_and_codes_for_sides_are_mirrored_and_no_others(truth):
    both, sideways = Mirror(True, True), Mirror(True, False)
    assert both.words("largest ship at upper left $ main cover lies downward $") == (
        "largest ship at lower right $ main cover lies upward $"
    )
    assert sideways.truth(truth).clauses == {"Count": "1", "Location": "upper_right", "Size": "small"}
    assert both.words("leftward", "_") == "rightward"
    assert AS_IS.truth(truth).clauses == truth.clauses


def test_answers_about_a_mirrored_chip_are_those_of_the_mirrored_labels(truth):
    by_task = {task.name: task for task in TASKS}
    asked = by_task["locate"].questions(Mirror(True, True).truth(truth), np.random.default_rng(0))
    assert [question.answer for question in asked] == ["lower right"]


def test_questions_are_drawn_by_weight_and_never_twice(truth, params):
    weights = {"count": 1, "locate": 0, "classify": 1, "land_cover": 1, "describe": 0, "detect": 0}
    ask = ask_tasks(params.instruct(questions_per_chip=9, task_weights=weights))
    turns = ask(truth, None, np.random.default_rng(0))
    wanted = [item for item in all_questions(truth, np.random.default_rng(0)) if weights[item.task]]
    assert sorted(turns) == sorted((item.text, item.answer) for item in wanted)


def test_only_answers_and_their_end_are_learned():
    chat = Chat(train_tokenizer(["a b c 1 2 user assistant"], 320))
    row = chat.row("SAR VV 1 m", 4, ["How many?", "Where?"], ["2", "upper left"])
    for branch, answer in ((1, "2"), (2, "upper left")):
        labels = row.labels[row.branches == branch]
        assert labels[labels != IGNORED].tolist() == [*chat.encode(answer), chat.end]
    assert (row.labels[row.branches == OPENING] == IGNORED).all()
    # A label stands one place before its token.
    places = (row.labels != IGNORED).nonzero().squeeze(1)
    assert torch.equal(row.labels[places], row.ids[places + 1])


def test_batches_of_an_epoch_hold_no_chip_twice_and_rows_of_like_length():
    items = [SimpleNamespace(chip=chip, row=SimpleNamespace(ids=range(10 + chip % 7))) for chip in range(50)]
    batches = list(grouped(items, 8, np.random.default_rng(0)))
    chips = [item.chip for some in batches for item in some]
    assert len(batches) == 6 and len(chips) == len(set(chips)) == 48
    assert max(max(len(i.row.ids) for i in some) - min(len(i.row.ids) for i in some) for some in batches) <= 3


def test_training_chips_are_read_with_their_corrected_captions(inputs):
    samples = read_samples(inputs["chips"], read_captions(inputs["corpus"]), "train")
    assert len(samples) == 16 and samples.planes.shape == (16, 2, 64, 64)
    assert samples.sensors[0] == "SAR HV+HH 3 m"
    assert [grid is None for grid in samples.alphaearth] == [number % 4 == 3 for number in range(16)]
    assert samples.captions[0].startswith("ships counted ")
    described = [question for question in all_questions(samples.truths[0], chip_generator(0, "x"))]
    assert samples.captions[0] in [question.answer for question in described]


def test_held_out_places_share_no_place_with_the_rest_and_one_place_is_never_held_out(inputs):
    samples = read_samples(inputs["chips"], read_captions(inputs["corpus"]), "train")
    rest, held = hold_out_places(samples, 5, seed=1)
    places = [{truth.place_id for truth in part.truths} for part in (rest, held)]
    assert places[0].isdisjoint(places[1]) and len(places[1]) == 2
    assert len(rest) + len(held) == len(samples)
    assert len(held.planes) == len(held.captions) == 8
    last, others = hold_out_places(samples, 1000, seed=1)
    assert len({truth.place_id for truth in last.truths}) == 1 and len(others) == 12
