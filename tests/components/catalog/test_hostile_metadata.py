"""Readers of metadata on bytes that nobody meant: each answers, or sets the file aside by name; none crashes."""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.catalog.metadata.xml import read_xml
from components.catalog.products import capella, gaofen3, iceye
from components.catalog.sentinel1.annotation import read_annotation
from components.catalog.sentinel1.tables import read_calibration, read_noise
from components.rasters.errors import SceneError
from tests.components.catalog import safe
from tests.components.catalog.test_vendor_products import META, TAGS, extended

FAST = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
TEXTS = {
    "annotation": safe.annotation("VV"),
    "calibration": safe.calibration(lambda *at: 500, lambda *at: 400),
    "noise": safe.noise(lambda *at: 900.0, [(0, 59, 0, 49, (0, 40), (1.0, 3.0))]),
    "old noise": safe.old_noise(9.0),
    "gaofen": META,
}


def read(kind: str, path: Path) -> None:
    if kind == "annotation":
        read_annotation(path)
    elif kind == "calibration":
        read_calibration(path, "sigma0", 200)
    elif kind == "gaofen":
        root = read_xml(path)
        gaofen3._facts(root), gaofen3._offset_db(root, "HH")
    else:
        read_noise(path, 200).at(np.arange(10, 20))


def answers(content: bytes, kind: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "metadata.xml"
        path.write_bytes(content)
        try:
            read(kind, path)
        except SceneError as error:
            assert error.path == path and error.problem


@FAST
@given(st.sampled_from(sorted(TEXTS)), st.data())
def test_metadata_with_a_part_replaced_is_read_or_set_aside(kind: str, data: st.DataObject) -> None:
    content = TEXTS[kind].encode()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 200)))
    words = [b"-1", b"1e308", b"NaN", b"9" * 400, b"<a>", b""]
    junk = data.draw(st.one_of(st.binary(max_size=40), st.sampled_from(words)))
    answers(content[:start] + junk + content[end:], kind)


@FAST
@given(st.sampled_from(sorted(TEXTS)), st.binary(max_size=300))
def test_any_bytes_are_no_metadata(kind: str, content: bytes) -> None:
    answers(content, kind)


@FAST
@given(st.sampled_from([*TAGS, "ICEYE_PROPERTIES"]), st.text(max_size=60))
def test_any_tag_of_iceye_is_read_or_set_aside(name: str, value: str) -> None:
    try:
        iceye._facts(Path("x.tif"), iceye._said(Path("x.tif"), {**TAGS, name: value}))
    except SceneError as error:
        assert error.problem


WORDS = st.none() | st.booleans() | st.floats() | st.text(max_size=9)
JSON = st.recursive(WORDS, lambda inner: st.lists(inner, max_size=3))


@FAST
@given(st.sampled_from(["collect", "product_type"]), st.sampled_from(["image", "radar", "state", "platform"]), JSON)
def test_any_json_of_capella_is_read_or_set_aside(outer: str, inner: str, value: Any) -> None:
    content = extended()
    if outer == "collect":
        content["collect"][inner] = value
    else:
        content[outer] = value
    try:
        capella._parse(Path("x.json"), json.dumps(content))
    except SceneError as error:
        assert error.problem
