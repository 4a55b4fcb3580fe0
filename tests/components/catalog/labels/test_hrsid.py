"""HRSID's real chips through adding, labelling, ingestion, checks and annotation."""

import os
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from cli.app import main
from components.annotation.annotator import annotate_chip
from components.annotation.facts import COLUMNS
from components.annotation.rules import Rules
from components.ingestion.config import IngestConfig
from components.ingestion.stage import run_ingest
from components.records.schemas import CHIPS, VERDICTS
from components.records.tables import read_table
from components.validation.stage import STAGES, CheckChipsConfig

REAL = Path(os.environ.get("FUSAR_REAL_DATA", "unset"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.real_data,
    pytest.mark.skipif(not REAL.is_dir(), reason="FUSAR_REAL_DATA names no folder of real data"),
]
# Ships by the README of the data: by 8-connected component, by colour of the official masks, and their components.
ONE = ("P0001_1200_2000_9600_10400", "P0001_4200_5000_600_1400", "P0001_4800_5600_6000_6800")
BY_COMPONENT = {
    **dict.fromkeys(ONE, 1),
    **dict.fromkeys(("P0011_1800_2600_7200_8000", "P0011_4200_5000_2400_3200", "P0013_3600_4400_0_800"), 1),
    **dict.fromkeys(("P0016_1800_2600_4800_5600", "P0018_1200_2000_3600_4400", "P0021_4200_5000_7200_8000"), 1),
    **dict.fromkeys(("P0003_2400_3200_4800_5600", "P0005_1200_2000_3600_4400", "P0005_2400_3200_5400_6200"), 2),
    **dict.fromkeys(("P0007_3000_3800_1800_2600", "P0009_4200_5000_6600_7400", "P0013_4560_5360_6000_6800"), 2),
    **dict.fromkeys(("P0015_4200_5000_6000_6800", "P0017_2400_3200_4800_5600"), 2),
    "P0008_0_800_9000_9800": 6,
}
BY_COLOUR = {
    "P0094_0_800_3000_3800": 10,
    "P0119_2400_3200_6000_6800": 122,
    "P0123_4800_5600_4800_5600": 8,
    "P0135_1800_2600_4800_5600": 6,
}
SHIPS = BY_COMPONENT | BY_COLOUR


def _run(*arguments: object) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments)])
    assert not ended.value.code


def _ingest(house, chip_size: int) -> dict[str, list[dict]]:
    """Rows of CHIPS by scene."""
    params = yaml.safe_load((house.root / "params.yaml").read_text())["ingest"]
    config = IngestConfig.model_validate(params | {"chip_size": chip_size, "chip_stride": chip_size})
    withdrawn = house.root / "withdrawn.csv"
    withdrawn.write_text("md5,scene_id,reason,name,time\n")
    out = {name: house.root / "out" / name for name in ("chips", "set_aside.parquet")}
    metrics = run_ingest(config, {"data": house.data, "withdrawn": withdrawn}, out)
    assert metrics["scenes_set_aside"] == 0 and metrics["scenes_cut"] == len(SHIPS)
    found: dict[str, list[dict]] = {}
    for row in read_table(out["chips"], CHIPS).to_pylist():
        found.setdefault(row["scene_id"], []).append(row)
    return found


def test_hrsid_keeps_its_pixels_its_ships_and_its_ignorance(house, laptop_params) -> None:
    _run("data", "add", REAL / "hrsid/images", REAL / "hrsid/official")
    _run("data", "label", "mask-components", REAL / "hrsid/masks", "--class", "0,255,0=ship")
    ending = "_instance_id_RGB"
    _run("data", "label", "mask-colours", REAL / "hrsid/official", "--ending", ending, "--class", "instance=ship")
    scenes = _ingest(house, 800)
    assert {name: len(rows[0]["objects"]) for name, rows in scenes.items()} == SHIPS
    for name, (chip,) in scenes.items():
        source = next((REAL / "hrsid").glob(f"*/{name}.[jp][pn]g"), None)
        grey = np.asarray(Image.open(next((REAL / "hrsid/images").glob(f"{name}.*"), source)).convert("RGB"))[..., 0]
        codes = np.frombuffer(chip["backscatter"], np.uint8).reshape(800, 800)
        np.testing.assert_array_equal(codes, np.maximum(grey, 1))
        assert all(
            chip[column] is None for column in ("crs", "affine", "footprint", "longitude", "spacing_m", "datetime")
        )
        assert (chip["place_id"], chip["platform"]) == (f"unplaced:{name[:5]}", "unknown")
    boxes = {(one["x0"], one["y0"], one["x1"], one["y1"]) for one in scenes["P0005_1200_2000_3600_4400"][0]["objects"]}
    assert boxes == {(538, 44, 569, 92), (430, 661, 459, 706)}
    splits: dict[str, set[str]] = {}
    for name, (chip,) in scenes.items():
        splits.setdefault(name[:5], set()).add(chip["split"])
    assert all(len(found) == 1 for found in splits.values()) and len(set.union(*splits.values())) == 3
    config = CheckChipsConfig.model_validate(laptop_params["check_chips"])
    verdicts = house.root / "out/verdicts.parquet"
    inputs = {
        name: house.root / f"out/{file}" for name, file in (("chips", "chips"), ("set_aside", "set_aside.parquet"))
    }
    STAGES[0].run(config, inputs, {"verdicts.parquet": verdicts})
    failed = [row for row in read_table(verdicts, VERDICTS).to_pylist() if not row["success"]]
    assert not [row for row in failed if row["severity"] == "critical"], failed
    rules = Rules.model_validate(laptop_params["annotate"]["rules"])
    words = {0: "0", 1: "1", 2: "2"}
    for row in read_table(house.root / "out/chips", CHIPS, COLUMNS).to_pylist():
        said = {clause["field"]: clause["code"] for clause in annotate_chip(row, rules)}
        assert said["Count"] == words.get(SHIPS[row["scene_id"]], "many")
        assert said["Size"] == said["Category"] == "unknown"
