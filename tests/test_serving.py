"""A champion of the demo, served by the commands of README's section "Serve"."""

import base64
import importlib.metadata
import json
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.windows import Window

from components.inference.chips import encode_chip
from components.inference.sensing import Bands, bands_of
from components.rasters.calibration import read_codes
from components.rasters.opening import open_raster
from tests.conftest import Demo
from tests.serving import ENVIRONMENT_FOLDER, Server, in_this_environment, serve, start_lines, stop

WITHOUT_A_CHIP = {"image": None, "polarizations": None, "spacing_m": None}


@pytest.fixture(scope="module")
def gpt(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(demo.clone.root, tmp_path_factory.mktemp("gpt"), in_this_environment(start_lines())) as server:
        print(f"fusar-gpt answered after {server.seconds_to_ready:.1f} s")
        yield server


@pytest.fixture(scope="module")
def klip(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(demo.clone.root, tmp_path_factory.mktemp("klip"), klip_lines()) as server:
        yield server


def klip_lines() -> list[str]:
    """What serves the other champion."""
    lines = [line.replace("fusar-gpt", "fusar-klip") for line in in_this_environment(start_lines())]
    return [line for line in lines if "artifacts download" not in line]


def cut_from_a_scene(demo: Demo, path: Path) -> Bands:
    """Write the middle 64 x 64 pixels of a scene of the demo as a GeoTIFF."""
    scene = next(demo.clone.root.glob(".fusar/worktrees/*-tiny/data/scenes/*-c3.tif"))
    with rasterio.open(scene) as source:
        col, row = source.width // 2, source.height // 2
        shape = {"driver": "GTiff", "width": 64, "height": 64, "count": source.count, "dtype": source.dtypes[0]}
        affine = source.transform @ Affine.translation(col, row)
        with rasterio.open(path, "w", crs=source.crs, transform=affine, nodata=source.nodata, **shape) as chip:
            chip.write(source.read(window=Window(col, row, 64, 64)))
    return bands_of(scene, "", "")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_champion_answers_the_readmes_curl_line(gpt: Server) -> None:
    said = gpt.curl()
    assert said.returncode == 0, said.stderr
    answers = json.loads(said.stdout)["predictions"]
    assert [type(answer) for answer in answers] == [str]


def test_the_request_that_came_with_the_model_is_answered(gpt: Server) -> None:
    status, answer = gpt.ask(gpt.example)
    assert status == 200
    assert len(answer["predictions"]) == 1


def test_a_batch_with_alphaearth_in_some_rows_is_answered_row_by_row(gpt: Server) -> None:
    vectors = base64.b64encode(np.full((4, 4, 64), 0.125, "<f4").tobytes()).decode()
    rows = [{**gpt.example, "alphaearth": vectors if number % 2 else None} for number in range(8)]
    status, answer = gpt.ask(*rows, params={"max_new_tokens": 4})
    assert status == 200
    assert len(answer["predictions"]) == 8


def test_a_geotiff_of_the_served_folder_says_its_spacing_itself(gpt: Server, demo: Demo) -> None:
    bands = cut_from_a_scene(demo, gpt.files / "chip.tif")
    row = {"path": "chip.tif", "scale": bands.scale, "polarizations": ",".join(bands.polarizations)}
    status, answer = gpt.ask({**row, "question": "How many ships are in this chip?"})
    assert status == 200, answer
    status, answer = gpt.ask({**row, "scale": None, "question": "How many ships are in this chip?"})
    assert (status, "'scale'" in answer["message"]) == (400, True)


@pytest.mark.parametrize(
    ("change", "column", "problem"),
    [
        ({"image": None}, "image", "give exactly one of 'image' and 'path'"),
        ({"image": "no base64!"}, "image", "is not base64"),
        ({"image": encode_chip(np.full((2, 60, 64), 90, np.uint8))}, "image", "has 60 x 64 pixels"),
        ({"question": None}, "question", "is missing or empty"),
        ({"spacing_m": None}, "spacing_m", "is missing"),
        ({"spacing_m": -3.0}, "spacing_m", "is -3.0"),
        ({"polarizations": "VV,VV"}, "polarizations", "is 'VV,VV'"),
        ({"alphaearth": "AAAA"}, "alphaearth", "holds 3 bytes"),
        ({"image": None, "path": "absent.png"}, "path", "is no file of the served folder"),
    ],
)
def test_one_bad_row_refuses_the_request_by_row_and_column(
    gpt: Server, change: dict[str, Any], column: str, problem: str
) -> None:
    status, answer = gpt.ask(gpt.example, {**gpt.example, **change})
    assert status == 400
    assert answer["message"].startswith(f"row 2 of 2, column {column!r}: ")
    assert problem in answer["message"]
    assert set(answer) == {"error_code", "message"}, "nothing of the server's inside"


@pytest.mark.parametrize(
    "asked", ["../log.txt", "deep/../../log.txt", "out.txt", "/etc/hostname", "log.txt\0.png", "%2e%2e/log.txt"]
)
def test_no_path_leads_out_of_the_served_folder(gpt: Server, asked: str) -> None:
    if not (gpt.files / "out.txt").is_symlink():
        (gpt.files / "out.txt").symlink_to(gpt.folder / "log.txt")
    status, answer = gpt.ask({**gpt.example, "image": None, "path": asked})
    assert status == 400
    assert "is no file of the served folder" in answer["message"]
    assert str(gpt.folder) not in answer["message"]


def test_what_is_no_request_is_refused(gpt: Server) -> None:
    for body in (b"not json", b"{}", b"[1]"):
        assert gpt.post(body)[0] == 400
    without_question = {name: value for name, value in gpt.example.items() if name != "question"}
    status, answer = gpt.ask(without_question)
    assert (status, "Model is missing inputs ['question']" in answer["message"]) == (400, True)
    status, answer = gpt.ask(gpt.example, params={"max_new_tokens": 0})
    assert (status, "'max_new_tokens': is 0" in answer["message"]) == (400, True)


def test_klip_gives_one_vector_for_a_chip_in_the_request_and_the_same_chip_in_the_folder(
    klip: Server, demo: Demo
) -> None:
    bands = cut_from_a_scene(demo, klip.files / "chip.tif")
    with open_raster(klip.files / "chip.tif") as raster:
        image = encode_chip(read_codes(raster, bands.scale))
    (klip.files / "chip.png").write_bytes(base64.b64decode(image))
    names = {"polarizations": ",".join(bands.polarizations)}
    status, answer = klip.ask(
        {"image": image, **names},
        {"path": "chip.png", **names},
        {"path": "chip.tif", "scale": bands.scale, **names},
        {"text": "Two ships lie on open water."},
    )
    assert status == 200, answer
    vectors = np.array(answer["predictions"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(vectors[0], vectors[1])
    np.testing.assert_array_equal(vectors[0], vectors[2])
    assert abs(vectors[0] @ vectors[3]) < 0.999
    assert klip.ask({"text": "a", "image": image, **names})[0] == 400


def test_a_stopped_server_leaves_nothing_behind(klip: Server) -> None:
    stop(klip.process)
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{klip.port}/ping", timeout=5)


@pytest.mark.slow
def test_a_clean_environment_of_the_models_own_requirements_serves_both_champions(demo: Demo, tmp_path: Path) -> None:
    with serve(demo.clone.root, tmp_path / "gpt", start_lines()) as gpt:
        print(f"clean environment: first answer after {gpt.seconds_to_ready:.0f} s")
        environment = gpt.folder / ENVIRONMENT_FOLDER
        assert _imports_no_repository(environment)
        assert _versions(environment).items() <= _locked_here().items()
        status, answer = gpt.ask(gpt.example)
        assert (status, len(answer["predictions"])) == (200, 1)
        stop(gpt.process)
        lines = [f"source {environment}/bin/activate", *klip_lines()]
        with serve(demo.clone.root, tmp_path / "klip", lines) as klip:
            status, answer = klip.ask({"text": "Two ships lie on open water."})
            assert status == 200
            assert np.linalg.norm(answer["predictions"][0]) == pytest.approx(1, abs=1e-5)


def _imports_no_repository(environment: Path) -> bool:
    command = [environment / "bin/python", "-c", "import components"]
    said = subprocess.run(command, cwd=environment, capture_output=True, text=True, check=False)
    return said.returncode != 0 and "No module named 'components'" in said.stderr


def _versions(environment: Path) -> dict[str, str]:
    command = [environment / "bin/pip", "list", "--format=json"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return {_canonical(item["name"]): item["version"] for item in found if item["name"] not in ("pip", "setuptools")}


def _locked_here() -> dict[str, str]:
    """Versions of the platform's own environment: requirements.lock, with the local version that torch has here."""
    return {_canonical(found.metadata["Name"]): found.version for found in importlib.metadata.distributions()}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
