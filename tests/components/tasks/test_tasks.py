import json
from collections import Counter

import numpy as np
import pytest

from components.records.families import BY_NAME
from components.records.landcover import LAND_COVER
from components.tasks import TASKS, TRUTH_COLUMNS, chip_generator, chip_truth, classify, count, describe, detect, locate
from components.tasks.grid import CELLS, cell_index, cell_slices
from components.tasks.land_cover import main_cover

SIZE = 64
CODE = {name: code for code, name in LAND_COVER.items()}


def box(category, x, y, half=3.0):
    return {
        "category": category,
        "length_m": 20.0,
        "width_m": 6.0,
        "x0": x - half,
        "y0": y - half,
        "x1": x + half,
        "y1": y + half,
    }


def row(cover="water", objects=(), **changes):
    packed = None if cover is None else np.full((SIZE, SIZE), CODE[cover], dtype=np.uint8).tobytes()
    listed = None if objects is None else list(objects)
    values = {
        "chip_id": "scene-r0-c0",
        "place_id": "p1",
        "platform": "sim-c10",
        "height": SIZE,
        "width": SIZE,
        "spacing_m": 10.0,
        "land_cover": packed,
        "objects": listed,
    }
    assert set(values) == set(TRUTH_COLUMNS)
    return values | changes


def clauses(family):
    return {field.name: next(iter(field.values)) for field in BY_NAME[family].fields}


@pytest.fixture
def chips():
    ships = [[box("ship", 8 + 12 * i, 40) for i in range(n)] for n in range(5)]
    rows = [row("water", found) for found in ships]
    rows += [row("grassland", [box("apron", 32, 32, 20), box("aircraft", 20, 20)])]
    rows += [row(cover) for cover in CODE if cover != "water"]
    return [
        chip_truth(values | {"chip_id": f"s-r{i}-c0"}, clauses(chip_truth(values).family))
        for i, values in enumerate(rows)
    ]


def asked(task, chips):
    return [question for chip in chips for question in task.questions(chip, chip_generator(3, chip.chip_id))]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_who_always_says_the_truth_scores_one(task, chips):
    questions = asked(task, chips)
    assert questions
    assert all(task.score(question.answer, question.answer) == 1.0 for question in questions)


@pytest.mark.parametrize("task", [task for task in TASKS if task.is_exact], ids=lambda task: task.name)
def test_a_constant_answer_scores_its_share(task, chips):
    answers = [question.answer for question in asked(task, chips)]
    commonest, times = Counter(answers).most_common(1)[0]
    mean = sum(task.score(commonest, answer) for answer in answers) / len(answers)
    assert mean == pytest.approx(times / len(answers))


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
@pytest.mark.parametrize("nonsense", ["", "   ", "no idea", "[[[", "[" * 5000, "{}", "\x00", "None of these"])
def test_an_answer_that_cannot_be_parsed_scores_zero(task, nonsense, chips):
    assert all(task.score(nonsense, question.answer) == 0.0 for question in asked(task, chips))


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_chip_without_labels_is_asked_nothing(task):
    assert task.questions(chip_truth(row(None, None)), chip_generator(3, "x")) == []


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_answers_are_short_and_end_without_punctuation(task, chips):
    for question in asked(task, chips):
        assert question.task == task.name
        assert question.answer == question.answer.strip()
        assert not question.answer.endswith((".", ",", ";"))


def test_zero_ships_on_open_water_are_counted():
    chip = chip_truth(row("water"))
    assert [question.answer for question in count.questions(chip, chip_generator(0, "a"))] == ["0"]


def test_a_landform_chip_is_not_asked_for_a_count():
    assert count.questions(chip_truth(row("trees")), chip_generator(0, "a")) == []


def test_the_count_is_the_first_number_of_the_answer():
    assert count.score("there are 3 ships, not 4", "3") == 1.0
    assert count.score("three", "3") == 0.0


def test_the_fullest_cell_is_named_first():
    chip = chip_truth(row("water", [box("ship", 5, 5), box("ship", 60, 60), box("ship", 50, 60)]))
    (question,) = locate.questions(chip, chip_generator(0, "a"))
    assert question.answer == "lower right, upper left"
    assert locate.top_1("lower right", question.answer) == 1.0
    assert locate.accuracy_50("lower right", question.answer) == 1.0
    assert locate.accuracy_100("lower right", question.answer) == 0.0
    assert locate.accuracy_100("upper left, lower right", question.answer) == 1.0


def test_naming_every_cell_wins_nothing():
    answer = ", ".join(CELLS)
    assert locate.accuracy_50(answer, "upper left") == locate.accuracy_100(answer, "upper left") == 0.0


def test_the_nine_cells_cover_a_chip_once_and_agree_with_points():
    for size in (64, 96, 65):
        seen = np.zeros((size, size), dtype=int)
        for index in range(9):
            seen[cell_slices(index, size, size)] += 1
        assert (seen == 1).all()
        for y, x in ((0, 0), (21, 22), (size - 1, 43), (30, size - 1)):
            rows, columns = cell_slices(cell_index(x + 0.5, y + 0.5, size, size), size, size)
            assert rows.start <= y < rows.stop and columns.start <= x < columns.stop


def test_main_cover_ignores_unknown_pixels_and_gives_up_when_most_are():
    codes = np.zeros((10, 10), dtype=np.uint8)
    codes[:3] = CODE["trees"]
    codes[3:5] = CODE["water"]
    assert main_cover(codes) == CODE["trees"]
    codes[4] = 0
    assert main_cover(codes) is None


def test_a_target_decides_the_class_before_the_cover():
    assert classify.class_of(chip_truth(row("water", [box("ship", 9, 9)]))) == "ships"
    assert classify.class_of(chip_truth(row("water"))) == "open water"


def test_boxes_are_written_as_the_released_prompt_asks():
    chip = chip_truth(row("water", [box("ship", 10.3, 20.0, 2.5)]))
    (question,) = detect.questions(chip, chip_generator(0, "a"))
    assert json.loads(question.answer) == [{"bbox_2d": [7, 17, 13, 23], "label": "ship"}]
    assert detect.questions(chip_truth(row("water")), chip_generator(0, "a"))[0].answer == "None"


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ("'''json\n[{\"bbox_2d\": [7, 17, 13, 23], \"label\": \"ship\"}]\n'''", 1.0),
        ('[{"bbox_2d": [8, 17, 13, 23], "label": "ship"}]', 1.0),
        ('[{"bbox_2d": [7, 17, 13, 23], "label": "plane"}]', 0.0),
        ('[{"bbox_2d": [13, 17, 7, 23], "label": "ship"}]', 0.0),
        ('[{"bbox_2d": [true, 17, 13, 23], "label": "ship"}]', 0.0),
        ('[{"bbox_2d": [NaN, 17, 13, 23], "label": "ship"}]', 0.0),
        ('[{"bbox_2d": [7, 17, 13, 23], "label": "ship"}, {"bbox_2d": [40, 40, 50, 50], "label": "ship"}]', 2 / 3),
        ("None", 0.0),
    ],
)
def test_detection_scores_f1_at_a_quarter_overlap(answer, score):
    truth = '[{"bbox_2d": [7, 17, 13, 23], "label": "ship"}]'
    assert detect.score(answer, truth) == pytest.approx(score)


def test_a_caption_with_half_of_its_clauses_right_scores_one_half():
    chip = chip_truth(row("trees"), clauses("landform"))
    (question,) = describe.questions(chip, chip_generator(0, "a"))
    half = "$".join(question.answer.split("$")[:4]) + "$"
    assert describe.score(half, question.answer) == 0.5


def test_a_caption_of_the_wrong_family_scores_zero():
    (truth,) = describe.questions(chip_truth(row("trees"), clauses("landform")), chip_generator(0, "a"))
    (answer,) = describe.questions(chip_truth(row("water"), clauses("ship")), chip_generator(0, "a"))
    assert describe.score(answer.answer, truth.answer) == 0.0


def test_a_chip_draws_the_same_numbers_whatever_was_drawn_before():
    first = chip_generator(1, "a").integers(1000, size=5).tolist()
    chip_generator(1, "b").integers(1000, size=5)
    assert chip_generator(1, "a").integers(1000, size=5).tolist() == first
    assert chip_generator(2, "a").integers(1000, size=5).tolist() != first
