"""`fusar data report` as a person runs it: over simulated scenes, some of them broken, one far too bright."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import rasterio

from components.simulation.simulate import simulate
from tests.components.reporting.test_report_in_a_browser import check

ROOT = Path(__file__).resolve().parent.parent
MOST_BYTES = 5_000_000
WIDTHS = (1280, 400)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the tiny catalogue in data/."""
    folder = tmp_path_factory.mktemp("report")
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    shutil.copy(ROOT / "withdrawn.csv", folder / "withdrawn.csv")
    shutil.copy(ROOT / "profiles/tiny.yaml", folder / "params.yaml")
    simulate("tiny", 1, folder / "data")
    return folder


def report(repository: Path) -> tuple[int, dict[str, Any], str]:
    """Exit code, JSON and page."""
    command = [sys.executable, "-m", "cli.app", "data", "report", "--json", "--page", str(repository / "page.html")]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(repository)}
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout), (repository / "page.html").read_text(encoding="utf-8")


def rewritten(repository: Path, scene: str, properties: dict[str, Any], name: str = "") -> None:
    """Write an item of the catalogue with other properties, beside it under another name where one is given."""
    items = repository / "data/items"
    content = json.loads((items / f"{scene}.json").read_text(encoding="utf-8"))
    content |= {"id": name or scene, "properties": content["properties"] | properties}
    (items / f"{name or scene}.json").write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.slow
def test_good_scenes_pass_and_bad_ones_are_named_on_the_page(repository: Path, browser: Any) -> None:
    code, said, page = report(repository)
    assert (code, said["critical"], said["set_aside"], said["scenes"]) == (0, 0, 0, 16)
    assert "not stated" in page  # simulated scenes come under no licence

    (repository / "data/scenes/iowa-c3.tif").write_bytes(b"II*\0" + bytes(200))
    rewritten(repository, "hamburg-c3", {"sar:polarizations": ["VH", "VV"]})
    rewritten(repository, "sydney-c3", {}, "sydney-again")
    rewritten(repository, "genoa-c10", {"license": "CC-BY-4.0"})
    with rasterio.open(repository / "data/scenes/genoa-c10.tif", "r+") as raster:
        raster.write(raster.read() * 1e4)  # 40 dB, as where a calibration constant is left out
    code, said, page = report(repository)
    assert (code, said["set_aside"], said["scenes"]) == (1, 3, 14)
    assert said["critical"] >= 1
    for words in ("No C-band scene is that bright", "radiometry: mean_db_C", "iowa-c3", "CC-BY-4.0"):
        assert words in page, words
    for words in ("which no ground is", "scene sydney-again has the same pixels"):
        assert words in page, words
    assert page.index("Quicklook of genoa-c10") == page.index("Quicklook of ")
    assert len(page) < MOST_BYTES
    for width in WIDTHS:
        check(browser, repository / "page.html", width).close()
