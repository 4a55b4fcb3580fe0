"""One row of plain values per chip: Great Expectations knows tables, not rasters."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import shapely

from components.records.backscatter import NODATA_CODE, decode_decibels
from components.records.families import family_of, water_share
from components.records.schemas import CHIPS, UNPLACED
from components.records.tables import read_table

METRES_PER_DEGREE = 111_320.0
_NAMES = ("chip_id", "scene_id", "place_id", "split", "crs", "quantity", "platform", "frequency_band")
_PLAIN = [*_NAMES, "spacing_m", "incidence_deg", "valid_share"]
_PLACE = ("crs", "affine", "footprint", "longitude", "latitude", "spacing_m")  # all of them, or none
_HEAVY = ["datetime", "polarizations", "affine", "longitude", "latitude", "footprint", "backscatter"]
_CODE_DECIBELS = np.nan_to_num(decode_decibels(np.arange(256, dtype=np.uint8))).astype(np.float64)


MEASURED = pa.schema(
    [
        *((name, pa.string()) for name in _NAMES),
        ("acquired_us", pa.int64()),
        ("spacing_m", pa.float64()),
        ("incidence_deg", pa.float64()),
        ("valid_share", pa.float64()),
        ("polarizations", pa.string()),
        ("longitude", pa.float64()),
        ("latitude", pa.float64()),
        ("half_placed", pa.int64()),
        ("mean_db", pa.float64()),
        ("footprint_offset_m", pa.float64()),
    ]
)
LABELLED = pa.schema(
    [("chip_id", pa.string()), ("split", pa.string()), ("label_family", pa.string()), ("label_water", pa.float64())]
)


def measured_chips(file: Path) -> pa.Table:
    """The metadata of each chip of a scene with what was measured on it: one row a chip, in their order.

    Columns beside those of CHIPS: `mean_db` (of all channels; missing for uncalibrated amplitude and for nodata),
    `acquired_us` (time of acquisition, UTC), `footprint_offset_m` (from the footprint's centroid to the chip's
    longitude and latitude), `half_placed` (1 where the chip has a part of what says its place but not all, or none of
    it and yet a place) and `polarizations` joined by `+`. A spacing or a share that is no number becomes -1:
    expectations skip what is missing, as the place of a chip without one is.
    """
    table = read_table(file, CHIPS, [*_PLAIN, *_HEAVY])
    frame: pd.DataFrame = table.select(_PLAIN).to_pandas()
    frame["polarizations"] = ["+".join(names) for names in table["polarizations"].to_pylist()]
    frame["acquired_us"] = pd.array(table["datetime"].cast(pa.int64()).to_pylist(), dtype="Int64")
    mean_db = np.array([_mean_db(codes.as_buffer()) for codes in table["backscatter"]], dtype=np.float64)
    frame["mean_db"] = np.where(frame["quantity"] == "amplitude", np.nan, mean_db)
    absent = np.array([table[name].is_null().to_numpy() for name in _PLACE])
    nowhere = absent.all(axis=0) & frame["place_id"].str.startswith(UNPLACED).to_numpy()
    frame["half_placed"] = (absent.any(axis=0) & ~nowhere).astype(np.int64)
    frame["longitude"], frame["latitude"] = (table[name].to_numpy() for name in ("longitude", "latitude"))
    frame["footprint_offset_m"] = np.where(nowhere, np.nan, _footprint_offset_m(table))
    frame["spacing_m"] = np.where(nowhere, np.nan, frame["spacing_m"].astype(np.float64).fillna(-1.0))
    frame["valid_share"] = frame["valid_share"].astype(np.float64).fillna(-1.0)
    return pa.Table.from_pandas(frame, MEASURED, preserve_index=False)


def labelled_chips(file: Path) -> pa.Table:
    """What the labels of each chip of a scene ask of its texts: chip_id, split, label_family and label_water (its
    share; missing where land cover is not labelled). Where nothing is labelled, no family is asked for.
    """
    table = read_table(file, CHIPS, ["chip_id", "split", "land_cover", "objects"])
    families, waters = [], []
    for codes, objects in zip(table["land_cover"], table["objects"].to_pylist(), strict=True):
        cover = np.frombuffer(codes.as_buffer(), np.uint8) if codes.is_valid else None
        families.append(None if objects is None and cover is None else family_of(objects, cover).name)
        waters.append(np.nan if cover is None else water_share(cover))
    water = pa.array(np.array(waters, dtype=np.float64), from_pandas=True)
    return pa.table([table["chip_id"], table["split"], pa.array(families, pa.string()), water], schema=LABELLED)


def _mean_db(codes: pa.Buffer) -> float:
    counts = np.bincount(np.frombuffer(codes, np.uint8), minlength=256)
    counts[NODATA_CODE] = 0
    return float(counts @ _CODE_DECIBELS / counts.sum()) if counts.any() else np.nan


def _footprint_offset_m(table: pa.Table) -> npt.NDArray[np.float64]:
    centroids = shapely.centroid(shapely.from_wkb(table["footprint"].to_pylist(), on_invalid="ignore"))
    longitude, latitude = (table[name].to_numpy().astype(np.float64) for name in ("longitude", "latitude"))
    east = (shapely.get_x(centroids) - longitude + 180) % 360 - 180
    north = shapely.get_y(centroids) - latitude
    offset = METRES_PER_DEGREE * np.hypot(east * np.cos(np.radians(latitude)), north)
    # No footprint at all lies as far away as can be.
    return np.asarray(np.nan_to_num(offset, nan=np.inf), dtype=np.float64)
