"""The scenes of a version beside its record: read as written, the same bytes, a map for QGIS."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pyogrio
import shapely

from components.lineage.scene_table import content_digest, read_scenes, write_scenes
from components.lineage.scenes import scenes_of
from components.records.schemas import CHIPS
from components.records.tables import write_table
from tests.components.conftest import chip_row
from tests.components.lineage.records import scene

HERE = scene("a", "p").model_copy(update={"bounds": (8.5, 53.25, 8.75, 53.5)})
NOWHERE = scene("b", "p")


def test_scenes_are_read_as_they_were_written_and_give_the_same_bytes(tmp_path: Path) -> None:
    write_scenes((NOWHERE, HERE), tmp_path / "one.parquet")
    write_scenes((HERE, NOWHERE), tmp_path / "other.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "other.parquet").read_bytes()
    assert read_scenes(tmp_path / "one.parquet") == (HERE, NOWHERE)


def test_another_file_or_fact_is_another_content() -> None:
    changed = [HERE.model_copy(update={"files": ()}), HERE.model_copy(update={"split": "val"}), NOWHERE]
    assert len({content_digest(found) for found in (HERE, *changed)}) == 4
    assert len(content_digest(HERE)) == 16


def test_the_table_is_a_layer_that_gdal_reads_at_its_place(tmp_path: Path) -> None:
    write_scenes((HERE, NOWHERE), tmp_path / "scenes.parquet")
    assert b"footprint" in pq.read_schema(tmp_path / "scenes.parquet").metadata[b"geo"]
    if "Parquet" in pyogrio.list_drivers():
        assert pyogrio.read_info(tmp_path / "scenes.parquet")["crs"] == "EPSG:4326"


def test_the_bounds_hold_all_chips_also_across_the_antimeridian(tmp_path: Path) -> None:
    boxes = {
        "plain": [(8.0, 53.0, 8.1, 53.1), (8.1, 52.9, 8.2, 53.0)],
        "turned": [(179.9, 0, 180.1, 1), (-180, 0, -179.5, 1)],
    }
    rows = [
        chip_row(chip_id=f"{name}-r0000-c{place:04d}", scene_id=name, footprint=shapely.to_wkb(shapely.box(*box)))
        for name, found in boxes.items()
        for place, box in enumerate(found)
    ]
    write_table(rows, CHIPS, tmp_path / "chips/x.parquet")
    plain, turned = scenes_of(tmp_path / "chips", ())
    assert plain.bounds == (8.0, 52.9, 8.2, 53.1)
    assert turned.bounds is not None and np.allclose(turned.bounds, (179.9, 0, 180.5, 1))
