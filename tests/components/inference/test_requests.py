"""What a served model takes, and how it refuses what it cannot take."""

import base64

import numpy as np
import pandas as pd
import pytest

from components.inference.errors import BadRequest
from components.inference.refusing import Refused, read_rows
from components.inference.requests import decode_alphaearth, decoded, question_of, spacing_of, text_of


def grid(vectors: np.ndarray) -> dict[str, str]:
    return {"alphaearth": base64.b64encode(vectors.astype("<f4").tobytes()).decode()}


def test_cells_without_alphaearth_are_missing_and_never_zero_vectors_that_count() -> None:
    vectors = np.full((2, 2, 64), 0.125)
    vectors[0, 1] = 0
    vectors[1, 0, 5] = np.nan
    found, valid = decode_alphaearth(grid(vectors))
    assert valid is not None
    assert valid.tolist() == [[True, False], [False, True]]
    assert found is not None
    assert np.isfinite(found).all()
    assert decode_alphaearth({"alphaearth": None}) == (None, None)


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"alphaearth": base64.b64encode(b"1234").decode()}, "no G x G grid of 64"),
        (grid(np.full((2, 3, 64), 0.1)), "no G x G grid of 64"),
        (grid(np.full((65, 65, 64), 0.1)), "with G up to 64"),
        (grid(np.full((2, 2, 64), 1e30)), "beyond -1 to 1"),
        ({"alphaearth": "é"}, "not base64"),
    ],
)
def test_bad_alphaearth_is_refused_by_name(row: dict[str, str], named: str) -> None:
    with pytest.raises(BadRequest, match=f"'alphaearth': .*{named}"):
        decode_alphaearth(row)


def test_the_spacing_is_the_columns_or_else_the_grids() -> None:
    assert spacing_of({"spacing_m": 10.0}, 3.0) == 10.0
    assert spacing_of({"spacing_m": float("nan")}, 3.0) == 3.0
    assert spacing_of({}, 3.0) == 3.0
    with pytest.raises(BadRequest, match="'spacing_m': is missing"):
        spacing_of({"spacing_m": None}, None)


@pytest.mark.parametrize("spacing_m", [0.0, -3.0, 1000.1, float("inf")])
def test_a_spacing_that_no_chip_has_is_refused(spacing_m: float) -> None:
    with pytest.raises(BadRequest, match="'spacing_m': is "):
        spacing_of({"spacing_m": spacing_m}, 3.0)


def test_text_that_is_missing_too_long_or_not_base64_is_refused() -> None:
    with pytest.raises(BadRequest, match="'question': is missing"):
        text_of({"question": float("nan")}, "question")
    with pytest.raises(BadRequest, match="'question': is 5, which is no text"):
        text_of({"question": 5}, "question")
    with pytest.raises(BadRequest, match="'question': has 2001 characters"):
        question_of({"question": "?" * 2001})
    with pytest.raises(BadRequest, match="'image': is not base64"):
        decoded({"image": "no base64!"}, "image")


def test_one_bad_row_refuses_the_request_by_its_number_and_column() -> None:
    frame = pd.DataFrame({"question": ["How many ships?", None, None]})
    with pytest.raises(Refused, match="row 2 of 3, column 'question': is missing or empty"):
        read_rows(frame, question_of)
