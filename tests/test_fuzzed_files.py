"""Damaged files of every kind that `fusar data add` and `ingest` read: taken or set aside by name, nothing else."""

import shutil
import signal
import tempfile
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.catalog.adding import Addition, add_scenes
from components.catalog.given import Given
from components.ingestion.chips import chip_tables
from components.ingestion.config import IngestConfig
from components.ingestion.items import read_scene
from components.ingestion.scenes import Job, process_scene
from components.records.schemas import CHIPS
from components.records.tables import read_table
from tests.components.catalog import safe
from tests.components.catalog.test_worldcereal import numbers
from tests.components.catalog.test_worldcereal import written as netcdf
from tests.components.ingestion.conftest import UTM31, Catalogue

MOST_CPU_S = 20  # an example takes some hundredths
FACTS = {"datetime": "2022-01-02T03:04:05Z", "platform": "x", "fusar:simulated": False}
PLAIN = {**FACTS, "sar:polarizations": ["VV"], "fusar:quantity": "gamma0", "fusar:scale": "decibel"}
CONFIG = IngestConfig(
    chip_size=64, chip_stride=64, min_valid=0.5, alphaearth_grid=4, min_cell_area=0.5, place_cell_deg=0.25,
    split_seed=1, val_share=0.1, test_share=0.2, threads=1, chip_extent_m={},
)  # fmt: skip


def tiff(path: Path) -> None:
    pixels = np.linspace(-30, 5, 96 * 96, dtype=np.float32).reshape(1, 96, 96)
    profile = {"driver": "GTiff", "crs": "EPSG:32631", "transform": UTM31, "compress": "deflate", "tiled": True}
    with rasterio.open(path, "w", count=1, height=96, width=96, dtype="float32", **profile) as sink:
        sink.write(pixels)


def control_points(path: Path) -> None:
    points = [rasterio.control.GroundControlPoint(r, c, 4 + c * 1e-4, 43 - r * 1e-4) for r in (0, 96) for c in (0, 96)]
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=96, width=96, dtype="float32", gcps=points, crs="EPSG:4326"
    ) as sink:
        sink.write(np.linspace(-30, 5, 96 * 96, dtype=np.float32).reshape(1, 96, 96))


# What is damaged, how it is made, the product that is added, and what a person says of it.
Seed = tuple[str, Callable[[Path], None], str, dict[str, object]]
ADDED: dict[str, Seed] = {
    "tiff": ("a.tif", tiff, "a.tif", PLAIN),
    "control points": ("a.tif", control_points, "a.tif", PLAIN),
    "netcdf": ("a.nc", lambda path: netcdf(path, numbers(1)) and None, "a.nc", {"platform": "x"}),
    "safe": (f"{safe.NAME}.zip", lambda path: safe.Safe(("VV",)).zip(path.parent) and None, f"{safe.NAME}.zip", {}),
}


@cache
def content_of(make: Callable[[Path], None], name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder) / name)
        return (Path(folder) / name).read_bytes()


@st.composite
def damage(draw: st.DrawFn, content: bytes) -> bytes:
    """Flipped bytes, a range written over, a part cut off the end; headers and directories stand at the ends."""
    damaged = bytearray(content)
    ends = st.integers(0, min(999, len(content) - 1))
    place = st.one_of(st.integers(0, len(content) - 1), ends, ends.map(lambda back: len(content) - 1 - back))
    for where in draw(st.lists(place, max_size=4)):
        damaged[where] ^= draw(st.integers(1, 255))
    for where in draw(st.lists(place, max_size=2)):
        junk = draw(st.binary(min_size=1, max_size=16) | st.sampled_from([b"\xff" * 16, b"\x00" * 16, b"9" * 12]))
        damaged[where : where + len(junk)] = junk
    return bytes(damaged[: draw(st.just(len(damaged)) | place)])


@contextmanager
def bounded() -> Iterator[None]:
    """Processor time is what a hang costs; a busy machine is none."""

    def give_up(signum: int, frame: types.FrameType | None) -> None:
        raise TimeoutError(f"more than {MOST_CPU_S} s of processor time")

    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_CPU_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder beside which nothing appears."""
    with tempfile.TemporaryDirectory() as above:
        folder = Path(above) / "scratch"
        folder.mkdir()
        yield folder
        assert list(Path(above).iterdir()) == [folder]


def is_added(seed: Seed, content: bytes) -> None:
    name, _, product, facts = seed
    with scratch() as folder, bounded():
        (folder / name).write_bytes(content)
        addition = Addition(
            folder / "data", folder / "incoming",
            lambda item, data: sum(table.num_rows for table in chip_tables(read_scene(item, data), CONFIG)),
            Given(None, facts, {}),
        )  # fmt: skip
        for outcome in add_scenes([folder / product], addition):
            assert outcome.error is None or (outcome.error.code != "scene" and outcome.reason(folder / "incoming"))
        assert not (folder / "incoming").exists()


RING = "[[4.5,43.6],[4.6,43.6],[4.6,43.7],[4.5,43.6]]"
OBJECTS = (
    '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"category":"ship","length_m":30},'
    f'"geometry":{{"type":"Polygon","coordinates":[{RING}]}}}}]}}'
)


@cache
def whole() -> Catalogue:
    """A scene with labels, made once and copied for each example."""
    made = Catalogue(Path(tempfile.mkdtemp(prefix="fusar-fuzz-")))
    made.good("a", 64, 64)
    made.raster("land_cover/a.tif", np.ones((1, 64, 64), np.uint8))
    (made.data / "objects/a.geojson").write_text(OBJECTS)
    places = {"backscatter": "scenes/a.tif", "land_cover": "land_cover/a.tif", "objects": "objects/a.geojson"}
    made.item("a", {name: f"../{place}" for name, place in places.items()})
    return made


INGESTED = ("items/a.json", "scenes/a.tif", "land_cover/a.tif", "objects/a.geojson")


def is_ingested(file: str, content: bytes) -> None:
    with scratch() as folder, bounded():
        shutil.copytree(whole().data, folder / "data")
        (folder / "data" / file).write_bytes(content)
        (folder / "chips").mkdir()
        job = Job(CONFIG, folder / "data", folder / "chips", frozenset(), "fuzz")
        outcome = process_scene(folder / "data/items/a.json", job)
        written = list((folder / "chips").iterdir())
        if outcome.kind == "cut":
            assert read_table(written[0], CHIPS).num_rows == 1
        else:
            assert outcome.set_aside is not None and outcome.set_aside["code"] != "scene" and not written


def runs(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def fuzz_add(kind: str, examples: int) -> None:
    name, make, *_ = ADDED[kind]
    runs(examples)(given(damage(content_of(make, name)))(lambda content: is_added(ADDED[kind], content)))()


def fuzz_ingest(file: str, examples: int) -> None:
    content = (whole().data / file).read_bytes()
    runs(examples)(given(damage(content))(lambda damaged: is_ingested(file, damaged)))()


@pytest.mark.parametrize("kind", ADDED)
def test_damaged_products_are_added_or_set_aside(kind: str) -> None:
    fuzz_add(kind, 15)


@pytest.mark.parametrize("file", INGESTED)
def test_damaged_scenes_are_cut_or_set_aside(file: str) -> None:
    fuzz_ingest(file, 30)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ADDED)
def test_many_damaged_products(kind: str) -> None:
    fuzz_add(kind, 600)


@pytest.mark.slow
@pytest.mark.parametrize("file", INGESTED)
def test_many_damaged_scenes(file: str) -> None:
    fuzz_ingest(file, 1500)
