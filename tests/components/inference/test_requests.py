"""What a served model takes, and how it refuses what it cannot take."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from components.inference.errors import BadRequest
from components.inference.requests import decode_alphaearth, decode_chip, encode_chip

CODES = np.arange(2 * 6 * 8, dtype=np.uint8).reshape(2, 6, 8)


def base64_of(image: Image.Image, kind: str = "PNG") -> str:
    buffer = io.BytesIO()
    image.save(buffer, format=kind)
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.mark.parametrize(("codes", "names"), [(CODES, "VV, VH"), (CODES[:1], "HH")])
def test_codes_survive_the_way_into_a_request_and_out_of_it(codes: np.ndarray, names: str) -> None:
    found, polarizations = decode_chip({"image": encode_chip(codes), "polarizations": names})
    np.testing.assert_array_equal(found, codes)
    assert len(polarizations) == len(codes)
    assert polarizations[0] == names[:2]


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"polarizations": "VV"}, "'image': is missing"),
        ({"image": float("nan"), "polarizations": "VV"}, "'image': is missing"),
        ({"image": "no base64!", "polarizations": "VV"}, "'image': is not base64"),
        ({"image": base64.b64encode(b"GIF89a").decode(), "polarizations": "VV"}, "'image': is no PNG"),
        ({"image": base64_of(Image.new("L", (8, 8)), "JPEG"), "polarizations": "VV"}, "'image': is no PNG"),
        ({"image": base64_of(Image.new("RGB", (8, 8))), "polarizations": "VV"}, "send L or LA"),
        ({"image": base64_of(Image.new("L", (5000, 1))), "polarizations": "VV"}, "sides up to 4096"),
        ({"image": encode_chip(CODES), "polarizations": "VV"}, "names 1 planes, but the image has 2"),
    ],
)
def test_a_bad_chip_is_refused_by_the_name_of_its_column(row: dict[str, object], named: str) -> None:
    with pytest.raises(BadRequest, match=named):
        decode_chip(row)


def test_cells_without_alphaearth_are_missing_and_never_zero_vectors_that_count() -> None:
    vectors = np.ones((2, 2, 64), dtype="<f4")
    vectors[0, 1] = 0
    vectors[1, 0, 5] = np.nan
    found, valid = decode_alphaearth({"alphaearth": base64.b64encode(vectors.tobytes()).decode()})
    assert valid is not None
    assert valid.tolist() == [[True, False], [False, True]]
    assert found is not None
    assert np.isfinite(found).all()
    assert decode_alphaearth({"alphaearth": None}) == (None, None)
    with pytest.raises(BadRequest, match="no G x G grid of 64"):
        decode_alphaearth({"alphaearth": base64.b64encode(b"1234").decode()})
