"""A small repository to add scenes to, and a folder of a person's own files: good ones, and ones named after a flaw."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from cli.app import main

ROOT = Path(__file__).resolve().parents[3]
UTM31 = Affine(10.0, 0.0, 620000.0, 0.0, -10.0, 4830000.0)


def ramp(bands: int = 1, side: int = 128) -> np.ndarray:
    """Decibels from -30 to +5, every pixel another; the first band is the brightest, as VV is beside VH."""
    return np.linspace(-30, 5, bands * side * side, dtype=np.float32).reshape(bands, side, side)[::-1]


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str


class House:
    """A repository with data/, and beside it the folder `own` of someone's files."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root / "house"
        self.own = root / "own"
        self.data = self.root / "data"
        self._capsys = capsys
        self.own.mkdir()
        self.root.mkdir()
        subprocess.run(["git", "init", "--quiet"], cwd=self.root, check=True)
        shutil.copy(ROOT / "params.yaml", self.root)

    def raster(self, name: str, pixels: np.ndarray, tags: dict[str, str] | None = None, **profile: Any) -> Path:
        path = self.own / name
        path.parent.mkdir(parents=True, exist_ok=True)
        bands, height, width = pixels.shape
        settings = {"driver": "GTiff", "crs": "EPSG:32631", "transform": UTM31, "dtype": pixels.dtype, **profile}
        with rasterio.open(path, "w", count=bands, height=height, width=width, **settings) as sink:
            sink.write(pixels)
            if tags:  # a tag written late moves the directory to the file's end
                sink.update_tags(**tags)
        return path

    def add(self, *arguments: object) -> Said:
        """Run `fusar data add` as the command line would."""
        with pytest.raises(SystemExit) as ended:
            main(["data", "add", *map(str, arguments)])
        captured = self._capsys.readouterr()
        return Said(int(ended.value.code or 0), captured.out, captured.err)

    def item(self, scene_id: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.data / f"items/{scene_id}.json").read_text())
        return content


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> House:
    made = House(tmp_path, capsys)
    monkeypatch.chdir(made.root)
    return made
