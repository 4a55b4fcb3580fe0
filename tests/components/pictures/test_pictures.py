import io

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from components.pictures.hashing import ORIENTATIONS, frequencies, hashes, orientations, signs, turned
from components.pictures.histograms import planes_of, quantile
from components.pictures.quicklooks import mosaic, quicklook_png
from components.pictures.stacks import stacks
from components.records.schemas import CHIPS

RNG = np.random.default_rng(3)


@pytest.fixture
def table(given):
    def make(*changes):
        return pa.Table.from_pylist([given.chip_row(**change) for change in changes], CHIPS)

    return make


def chip(codes, row=0, col=0, **more):
    planes = np.stack([codes, codes // 2])
    size = {"height": codes.shape[0], "width": codes.shape[1]}
    return {"row": row, "col": col, "backscatter": planes.astype(np.uint8).tobytes(), **size, **more}


def test_chips_of_each_size_are_stacked_with_their_places(table):
    small, large = np.full((16, 16), 8), np.full((32, 16), 9)
    found = list(stacks(table(chip(small), chip(large), chip(small + 2))))
    assert [(places.tolist(), codes.shape) for places, codes in found] == [
        ([0, 2], (2, 2, 16, 16)),
        ([1], (1, 2, 32, 16)),
    ]
    assert found[0][1][1, 0, 0, 0] == 10


def test_signs_hash_to_the_same_words_and_so_do_all_their_orientations():
    images = RNG.integers(1, 255, (20, 64, 64)).astype(np.uint8)
    words = hashes(frequencies(images))
    assert (hashes(signs(words)) == words).all()
    for turn, found in enumerate(orientations(signs(words))):
        assert (found == hashes(frequencies(np.ascontiguousarray(turned(images, turn))))).all()
    assert turn == ORIENTATIONS - 1


def test_histograms_count_every_pixel_of_a_scene_by_polarisation(table):
    codes = np.full((16, 16), 100)
    codes[0] = 0
    counted = list(planes_of(table(chip(codes), chip(codes + 4, col=16), chip(codes, scene_id="scene-b"))))
    assert [(plane.scene_id, plane.polarization) for plane in counted] == [
        ("scene-a", "HV"),
        ("scene-a", "HH"),
        ("scene-b", "HV"),
        ("scene-b", "HH"),
    ]
    first = counted[0].counts
    assert (first[0], first[100], first[104], first[4], first.sum()) == (16, 240, 240, 16, 512)
    assert (quantile(first, 0.4), quantile(first, 0.6)) == (100, 104) and np.isnan(quantile(np.array([5, 0, 0]), 0.5))


def test_a_mosaic_lays_chips_where_they_lie_and_averages_valid_pixels_only(table):
    codes = np.full((16, 16), 40)
    codes[:8] = 0
    found = mosaic(table(chip(codes, row=100, col=200), chip(codes + 60, row=100, col=232)), 12)
    assert found.shape == (4, 12)  # 16 x 48 pixels by four
    assert found[:, 0].tolist() == [0, 0, 40, 40]
    assert found[2].tolist() == [40] * 4 + [0] * 4 + [100] * 4


def test_overlapping_chips_count_once_or_twice_but_never_brighter(table):
    codes = np.full((16, 16), 40)
    assert set(mosaic(table(chip(codes), chip(codes, col=8)), 64).ravel()) == {40}


def test_a_quicklook_is_a_png_and_the_same_bytes_twice(table):
    scene = table(chip(RNG.integers(1, 255, (64, 64))))
    written = quicklook_png(scene, 32)
    assert written == quicklook_png(scene, 32)
    picture = np.asarray(Image.open(io.BytesIO(written)))
    assert picture.shape == (32, 32) and picture.min() == 0 and picture.max() == 255
