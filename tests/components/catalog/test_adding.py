import hashlib
import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from components.catalog import errors
from components.catalog.items import REQUIRED
from components.catalog.products import NAMES
from components.ingestion.config import IngestConfig
from components.ingestion.items import Properties
from components.ingestion.stage import run_ingest
from components.records.schemas import CHIPS
from components.records.tables import read_table
from tests.components.catalog.conftest import ROOT, House, ramp

GOOD = "S1A__IW___A_20150309T173017_VV_gamma0-rtc_db"
FACTS = ("datetime=2022-01-02T03:04:05Z", "platform=x", "sar:polarizations=VV", "fusar:quantity=gamma0",
         "fusar:scale=decibel", "fusar:simulated=false")  # fmt: skip
SAID = tuple(word for fact in FACTS for word in ("--set", fact))
ALPHAEARTH = np.full((64, 40, 40), 16, np.int8)


def digests(folder: Path) -> dict[str, tuple[str, int]]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {
        str(p.relative_to(folder)): (hashlib.sha256(p.read_bytes()).hexdigest(), p.stat().st_mtime_ns) for p in files
    }


def ingested(house: House, tmp_path: Path, laptop: dict[str, object]) -> list[dict[str, object]]:
    withdrawn = tmp_path / "withdrawn.csv"
    withdrawn.write_text("md5,scene_id,reason,name,time\n")
    outputs = {name: tmp_path / "out" / name for name in ("chips", "set_aside.parquet")}
    metrics = run_ingest(IngestConfig.model_validate(laptop), {"data": house.data, "withdrawn": withdrawn}, outputs)
    assert metrics["scenes_set_aside"] == 0
    rows: list[dict[str, object]] = read_table(outputs["chips"], CHIPS).to_pylist()
    return rows


def test_what_is_added_is_what_ingestion_cuts_with_every_companion(house: House, tmp_path, laptop_params) -> None:
    house.raster(f"{GOOD}.tif", ramp(), nodata=-99)
    house.raster(f"{GOOD}_land_cover.tif", np.ones((1, 128, 128), np.uint8))
    house.raster(f"{GOOD}_alphaearth.tif", ALPHAEARTH, nodata=-128)
    (house.own / f"{GOOD}_objects.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": []}))
    said = house.add(house.own)
    assert said.out.splitlines()[:2] == [
        f"added      {GOOD}  sentinel-1-pyrosar  4 chips",
        "1 added, 0 unchanged, 0 set aside.",
    ]
    assert "Next: dvc add data" in said.out
    chips = ingested(house, tmp_path, laptop_params["ingest"])
    assert len(chips) == 4
    for chip in chips:
        assert (chip["simulated"], chip["quantity"], chip["objects"], chip["incidence_deg"]) == (
            False,
            "gamma0",
            [],
            None,
        )
        assert set(chip["land_cover"]) == {1}
    assert any(chip["alphaearth"] is not None for chip in chips)


def test_a_companion_may_lie_elsewhere_and_its_year_stands_in_the_template(house: House, tmp_path) -> None:
    scene = house.raster(f"{GOOD}.tif", ramp())
    tile = house.raster("tiles/aef_2018.tif", ALPHAEARTH, nodata=-128)
    template = house.own / "t.json"
    template.write_text(json.dumps({"assets": {"alphaearth": {"fusar:year": 2018, "href": "/etc/passwd"}}}))
    assert house.add(scene, "--asset", f"alphaearth={tile}", "--template", template).code == 0
    asset = house.item(GOOD)["assets"]["alphaearth"]
    assert (asset["fusar:year"], asset["href"]) == (2018, f"../alphaearth/{GOOD}.tif")


def test_a_second_time_nothing_changes_not_even_a_time_stamp(house: House) -> None:
    house.raster(f"{GOOD}.tif", ramp())
    house.add(house.own)
    before = digests(house.data)
    again = house.add(house.own)
    assert (again.code, again.out) == (
        0,
        f"unchanged  {GOOD}  sentinel-1-pyrosar\n0 added, 1 unchanged, 0 set aside.\n",
    )
    assert digests(house.data) == before
    assert not (house.root / ".fusar/incoming").exists()


def test_the_persons_file_stays_as_it_is_and_shares_no_inode_that_dvc_would_make_read_only(house: House) -> None:
    path = house.raster(f"{GOOD}.tif", ramp())
    path.chmod(0o640)
    before = (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns, path.stat().st_nlink)
    house.add(house.own)
    assert (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns, path.stat().st_nlink) == before
    assert (house.data / f"scenes/{GOOD}.tif").read_bytes() == before[0]


def truncated(house: House) -> Path:
    path = house.raster("truncated.tif", ramp(), compress="deflate")
    path.write_bytes(path.read_bytes()[:-9000])
    return path


def missing_crs(house: House) -> Path:
    return house.raster("missing_crs.tif", ramp(), crs=None)


def all_nan(house: House) -> Path:
    return house.raster("all_nan.tif", np.full((1, 128, 128), np.nan, np.float32))


def two_bands_for_one_polarisation(house: House) -> Path:
    return house.raster("two_bands.tif", ramp(2))


def vrt_in_disguise(house: House) -> Path:
    path = house.own / "vrt.tif"
    path.write_text('<VRTDataset rasterXSize="64" rasterYSize="64"><SRS>EPSG:4326</SRS></VRTDataset>')
    return path


def display_stretch(house: House) -> Path:
    return house.raster("stretch.tif", np.full((1, 64, 64), 120, np.uint8))


def linear_power_called_decibels(house: House) -> Path:
    return house.raster("wrong_scale.tif", np.full((1, 64, 64), 99.0, np.float32))


def too_small(house: House) -> Path:
    return house.raster("small.tif", ramp(side=40))


def name_with_a_space(house: House) -> Path:
    return house.raster("my scene.tif", ramp())


def pipe(house: House) -> Path:
    os.mkfifo(house.own / "pipe.tif")
    return house.own / "pipe.tif"


def land_cover_of_other_codes(house: House) -> Path:
    house.raster("covered_land_cover.tif", np.full((1, 128, 128), 9, np.uint8))
    return house.raster("covered.tif", ramp())


def land_cover_of_another_grid(house: House) -> Path:
    house.raster("shifted_land_cover.tif", np.ones((1, 128, 127), np.uint8))
    return house.raster("shifted.tif", ramp() - 1)


@pytest.mark.parametrize(
    ("flawed", "code"),
    [
        (truncated, "truncated"),
        (missing_crs, "missing-crs"),
        (all_nan, "empty-scene"),
        (two_bands_for_one_polarisation, "wrong-polarization"),
        (vrt_in_disguise, "not-a-geotiff"),
        (display_stretch, "wrong-sample-type"),
        (linear_power_called_decibels, "wrong-scale"),
        (too_small, "smaller-than-a-chip"),
        (name_with_a_space, "unusable-name"),
        (pipe, "no-such-file"),
        (land_cover_of_other_codes, "unknown-land-cover"),
        (land_cover_of_another_grid, "grid-mismatch"),
    ],
)
def test_a_flawed_file_gets_one_line_with_its_code_and_its_good_neighbour_is_added(house: House, flawed, code) -> None:
    bad, good = flawed(house), house.raster("good.tif", ramp())
    said = house.add(bad, good, *SAID)
    assert said.code == 0
    lines = [line for line in said.err.splitlines() if line.startswith("set aside")]
    assert len(lines) == 1 and lines[0].startswith(f"set aside  {bad}: {code}: ")
    assert "incoming" not in said.err
    assert "1 added, 0 unchanged, 1 set aside." in said.out
    assert sorted(path.name for path in house.data.rglob("*") if path.is_file()) == ["good.json", "good.tif"]
    alone = house.add(bad, *SAID)
    assert (alone.code, alone.err.splitlines()[-1]) == (
        1, "error: nothing was added: 1 set aside, each with its remedy above.",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["../../escaped", "/etc/escaped", "a/b", ".hidden", "", "x" * 101, "-rf", "a\nb"])
def test_a_name_cannot_lead_out_of_the_data(house: House, name: str) -> None:
    scene = house.raster("good.tif", ramp())
    said = house.add(scene, *SAID, "--set", f"id={json.dumps(name)}")
    assert said.code == 1 and "unusable-name" in said.err
    assert not house.data.exists() and list(house.root.parent.rglob("*escaped*")) == []


def test_another_scene_of_the_same_name_is_not_overwritten(house: House) -> None:
    house.add(house.raster("one/scene.tif", ramp()), *SAID)
    other = house.raster("two/scene.tif", ramp() + 1)
    before = digests(house.data)
    said = house.add(other, *SAID)
    assert said.code == 1 and "name-taken: data/scenes/scene.tif is there already" in said.err
    assert digests(house.data) == before
    assert house.add(other, *SAID, "--set", "id=scene-2").code == 0


def test_the_same_raster_with_other_facts_is_not_rewritten_behind_the_back(house: House) -> None:
    scene = house.raster("scene.tif", ramp())
    house.add(scene, *SAID)
    said = house.add(scene, *SAID, "--set", "view:incidence_angle=33")
    assert said.code == 1 and "name-taken: data/items/scene.json" in said.err
    (house.data / "items/scene.json").unlink()
    assert house.add(scene, *SAID, "--set", "view:incidence_angle=33").code == 0
    assert house.item("scene")["properties"]["view:incidence_angle"] == 33


def test_a_scene_that_is_there_under_another_name_is_named_and_its_neighbour_is_added(house: House) -> None:
    first = house.raster(f"{GOOD}.tif", ramp())
    house.add(first)
    copy = house.own / "copy/scene (1).tif"
    copy.parent.mkdir()
    copy.write_bytes(first.read_bytes())
    house.raster("copy/other.tif", ramp() - 1)
    said = house.add(copy, "--set", "id=again", *SAID)
    assert (said.code, f"same-scene: scene {GOOD} has the same pixels" in said.err) == (1, True)
    said = house.add(copy.with_name("other.tif"), *SAID)
    assert (said.code, sorted(path.stem for path in (house.data / "items").iterdir())) == (0, [GOOD, "other"])
    assert not (house.data / "scenes/again.tif").exists()


def test_one_scene_twice_in_one_command_comes_in_once(house: House) -> None:
    house.raster("a.tif", ramp())
    (house.own / "b.tif").write_bytes((house.own / "a.tif").read_bytes())
    said = house.add(house.own, *SAID)
    assert "1 added, 0 unchanged, 1 set aside." in said.out and "same-scene: scene a has the same pixels" in said.err


def test_a_raster_that_a_kill_left_without_its_item_is_no_scene(house: House) -> None:
    path = house.raster("a.tif", ramp())
    house.add(path, *SAID)
    (house.data / "items/a.json").unlink()
    assert house.add(path, "--set", "id=b", *SAID).code == 0


def test_patterns_and_folders_name_each_file_once_and_leave_companions_to_their_scene(house: House) -> None:
    house.raster(f"deep/er/{GOOD}.TIF", ramp())
    house.raster(f"deep/er/{GOOD}_land_cover.tif", np.ones((1, 128, 128), np.uint8))
    said = house.add(house.own, house.own / "**/*.TIF", house.own / "nothing*.tif")
    assert "1 added, 0 unchanged, 1 set aside." in said.out
    assert "nothing*.tif: no-such-file" in said.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--set", "platform"), "not NAME=VALUE"),
        (("--set", "datetime=yesterday"), "datetime 'yesterday' is not a time"),
        (("--set", "sar:polarizations=5"), "sar:polarizations '5' is not a list"),
        (("--set", "view:incidence_angle=120"), "view:incidence_angle"),
        (("--template", "absent.json"), "absent.json: cannot be read"),
        (("--asset", "dem=x.tif"), "not NAME=FILE"),
        (("--asset", "objects=absent.geojson"), "missing"),
    ],
)
def test_what_a_person_says_wrongly_is_named(house: House, arguments: tuple[str, ...], said: str) -> None:
    answer = house.add(house.raster("good.tif", ramp()), *SAID, *arguments)
    assert answer.code == 1 and said in answer.err


@pytest.mark.parametrize("content", ["[]", "{", '{"properties": 3}', '{"assets": {"objects": 3}}', '{"id": 3}', "NaN"])
def test_a_broken_template_is_refused_by_name(house: House, content: str) -> None:
    template = house.own / "t.json"
    template.write_text(content)
    said = house.add(house.raster("good.tif", ramp()), "--template", template)
    assert said.code == 1 and said.err.startswith("error: ")


def test_a_scale_that_is_none_is_refused_by_name(house: House) -> None:
    said = house.add(house.raster("good.tif", ramp()), *SAID, "--set", "fusar:scale=loud")
    assert "fusar:scale 'loud' is not one of linear, decibel" in said.err


def test_an_id_belongs_to_one_scene(house: House) -> None:
    house.raster("one.tif", ramp())
    house.raster("two.tif", ramp())
    assert "2 files were given" in house.add(house.own, *SAID, "--set", "id=one").err


def test_scenes_that_are_pinned_but_not_checked_out_are_spoken_of(house: House) -> None:
    (house.root / "data.dvc").write_text("outs: []\n")
    assert "dvc checkout data.dvc" in house.add(house.raster("good.tif", ramp()), *SAID).err


def test_what_is_asked_for_is_what_ingestion_cannot_do_without() -> None:
    fields = Properties.model_fields.items()
    needed = {field.alias or name for name, field in fields if field.is_required()}
    assert set(REQUIRED) == needed | {"datetime"}


def test_the_page_on_data_names_every_family() -> None:
    page = (ROOT / "docs/reference/data.md").read_text(encoding="utf-8")
    assert {name for name in NAMES if f"`{name}`" not in page} == set()


@pytest.mark.parametrize(
    "error",
    [
        errors.MissingFields(Path("a.tif"), "geotiff", {"platform": "x"}),
        errors.Contradiction(Path("a.tif"), "p", "f", 1, 2),
        errors.UnknownProduct("x", ("y",)),
        errors.BadTemplate("x", "y"),
        errors.OneSceneOnly("id", 2),
        errors.NothingAdded(3),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_survive_a_pickle(error: Exception) -> None:
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
