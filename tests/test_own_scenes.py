"""docs/how-to/your-own-scenes-in-ten-minutes.md, run word for word with real files.

Every `console` block is run by bash as it stands. What differs from a person's machine:
- `~` is a folder made here: it holds `sar/` with the page's three files, copied from the folder of real data; of the
  mosaic only a corner (3 x 4 chips instead of 3072), so that the models are trained in a minute;
- `fusar` and `dvc` are the clone's own, `--profile laptop` is `--profile tiny`, and the page about the data goes by
  tiny's parameters: the few scenes of its catalogue leave a split of the laptop's shares empty;
- the clone is a copy of the session's demo, mended as a copy is; the demo's commit is the one that data.dvc pins.
An output line of the page must be said as it stands; `...` stands for anything, as does the count of mosaic chips.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyogrio
import pyogrio.raw
import pytest
import rasterio
import shapely
from affine import Affine
from pyproj import Transformer
from rasterio.windows import Window

from tests.conftest import ROOT, Clone, Demo

REAL = Path(os.environ.get("FUSAR_REAL_DATA", "unset"))
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not REAL.is_dir(), reason="FUSAR_REAL_DATA names no folder of real data"),
]
PAGE = ROOT / "docs/how-to/your-own-scenes-in-ten-minutes.md"
PYROSAR = "S1A__IW___A_20150309T173017_VV_grd_mli_geo_norm_db"
CHIP = "282D_485L_3_3"
MOSAIC = "los_angeles_s1_vh_mosaic.tif"


@dataclass(frozen=True)
class Step:
    """One section of the page: its commands, and the lines that the page says they answer."""

    title: str
    commands: str
    answers: list[str]


@dataclass
class Reader:
    """A person who follows the page in a clone."""

    clone: Clone
    home: Path
    said: dict[str, str] = field(default_factory=dict)

    def follow(self, step: Step) -> str:
        """Run a section's commands and hold what they say against the page."""
        environment = {**os.environ, "HOME": str(self.home), "PATH": f"{self.home / 'bin'}:{os.environ['PATH']}"}
        environment |= {"OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1", "COLUMNS": "200"}
        for name in ("PYTHONPATH", "MLFLOW_TRACKING_URI"):
            environment.pop(name, None)
        script = "set -e\n" + step.commands.replace("--profile laptop", "--profile tiny")
        script = script.replace("fusar data report", "fusar data report --params profiles/tiny.yaml")
        run = subprocess.run(
            ["bash", "-c", script], cwd=self.clone.root, env=environment, capture_output=True, text=True, check=False
        )
        said = run.stdout + run.stderr
        assert run.returncode == 0, f"{step.title}:\n{said[-6000:]}"
        for answer in step.answers:
            pattern = re.escape(answer).replace(re.escape("..."), ".*").replace("3072", r"\d+")
            assert re.search(f"^{pattern}", said, re.MULTILINE), f"{step.title}: {answer!r} is not in:\n{said}"
        self.said[step.title] = said
        return said


def steps() -> list[Step]:
    """The page's sections that hold `console` blocks."""
    found = []
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        blocks = re.findall(r"```console\n(.*?)```", section, re.DOTALL)
        commands, answers, here = [], [], ""
        for line in (line for block in blocks for line in block.splitlines()):
            if here or line.startswith("$ "):
                commands.append(line.removeprefix("$ "))
                opened = re.search(r"<<'(\w+)'$", line)
                here = opened[1] if opened else "" if line == here else here
            else:
                answers.append(line)
        if commands:
            found.append(Step(section.splitlines()[0], "\n".join(commands), answers))
    return found


@pytest.fixture(scope="module")
def reader(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    home = tmp_path_factory.mktemp("home")
    root = home / "clone"
    shutil.copytree(demo.clone.root, root, symlinks=True, ignore=shutil.ignore_patterns("worktrees", "incoming"))
    shutil.copytree(demo.clone.root / ".git/worktrees", root / ".git/worktrees", dirs_exist_ok=True)
    clone = Clone(root)
    clone.fusar("doctor", "--mend", check=False)
    clone.git("merge", "--quiet", "--ff-only", clone.git("for-each-ref", "--format=%(objectname)", "refs/fusar/demo/"))
    for name, words in {"fusar": "-m cli.app", "dvc": "-m dvc"}.items():
        command = home / "bin" / name
        command.parent.mkdir(exist_ok=True)
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        command.chmod(0o755)
    (home / "sar/S1RTC").mkdir(parents=True)
    shutil.copy(REAL / f"pyrosar/{PYROSAR}.tif", home / "sar")
    shutil.copy(REAL / f"terramesh/S1RTC/{CHIP}.tif", home / "sar/S1RTC")
    cut_corner(REAL / "sentinel1_los_angeles" / MOSAIC, home / "sar" / MOSAIC)
    return Reader(clone, home)


def cut_corner(source: Path, target: Path) -> None:
    with rasterio.open(source) as file:
        window = Window(512, 1024, 4 * 64, 3 * 64)
        pixels = file.read(window=window)
        profile = {"driver": "GTiff", "count": 1, "height": 3 * 64, "width": 4 * 64, "dtype": "uint8", "crs": file.crs}
        with rasterio.open(target, "w", transform=file.transform @ Affine.translation(512, 1024), **profile) as sink:
            sink.write(pixels)


def digests(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix == ".tif"]
    return {path.name: hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() for path in files}


def test_the_page_has_a_block_for_each_thing_that_the_person_does() -> None:
    told = "\n".join(step.commands for step in steps())
    for command in (
        "dvc checkout",
        "fusar data add",
        "dvc add",
        "git commit",
        "fusar plan",
        "fusar retrain",
        "fusar predict",
    ):
        assert command in told, command


def test_up_to_the_commit_and_the_plan_the_page_is_true(reader: Reader) -> None:
    before = digests(reader.home / "sar")
    for step in steps()[:3]:
        reader.follow(step)
    assert digests(reader.home / "sar") == before
    assert reader.clone.git("status", "--porcelain") == ""
    again = reader.follow(
        Step("again", "fusar data add ~/sar/S1RTC --set platform=sentinel-1\ndvc status data.dvc", [])
    )
    assert "0 added, 1 unchanged" in again and "up to date" in again
    plan = reader.follow(Step("plan", "fusar plan --profile laptop", []))
    assert re.search(r"ingest\s.*run.*data modified", plan), plan
    assert "8 of 8 stages would run" in plan


@pytest.mark.slow
def test_from_the_retrain_to_qgis_the_page_is_true(reader: Reader) -> None:
    whole = steps()
    if whole[0].title not in reader.said:
        for step in whole[:3]:
            reader.follow(step)
    for step in whole[3:]:
        reader.follow(step)
    lineage = reader.said[whole[4].title]
    for name, md5 in digests(reader.home / "sar").items():
        assert md5 in lineage, name
    assert_qgis_would_open(reader.clone.root / "predictions" / f"{CHIP}.gpkg", reader.home / f"sar/S1RTC/{CHIP}.tif")
    assert reader.clone.git("status", "--porcelain") == ""
    assert "simulated and real" in (reader.clone.root / ".fusar/reports/tiny.html").read_text(encoding="utf-8").lower()


def assert_qgis_would_open(package: Path, scene: Path) -> None:
    """GDAL reads both layers, chips lie on the scene, and each layer has a default style."""
    assert pyogrio.read_info(package, layer="chips")["features"] == 16
    assert {pyogrio.read_info(package, layer=layer)["crs"] for layer in ("chips", "boxes")} == {"EPSG:4326"}
    meta, _, _, values = pyogrio.raw.read(package, layer="layer_styles")
    styles = dict(zip(meta["fields"], values, strict=True))
    assert list(styles["f_table_name"]) == ["chips", "boxes"] and all(styles["useAsDefault"])
    chips = shapely.union_all(shapely.from_wkb(pyogrio.raw.read(package, layer="chips")[2]))
    with rasterio.open(scene) as file:
        corners = [file.transform @ corner for corner in ((0, 0), (224, 0), (224, 224), (0, 224))]
        ring = [Transformer.from_crs(file.crs, 4326, always_xy=True).transform(*corner) for corner in corners]
    assert shapely.covers(shapely.Polygon(ring).buffer(1e-6), chips)
    assert chips.area / shapely.Polygon(ring).area > np.square(192 / 224) * 0.99
