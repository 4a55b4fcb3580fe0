"""The page about the data: what it shows, what it does not, and that nothing in it becomes markup."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest

from components.records.schemas import CHIPS, SET_ASIDE, VERDICTS
from components.records.tables import write_table
from components.reporting.data_evidence import NOT_STATED, Terms, read_data_evidence
from components.reporting.data_report import write_data_report
from tests.components.conftest import chip_row
from tests.components.reporting.conftest import HOSTILE, filled

RNG = np.random.default_rng(2)


def chips_of(scene, split, longitude=3.0, **changes):
    return [
        chip_row(
            chip_id=f"{scene}-r0-c{64 * number}",
            scene_id=scene,
            split=split,
            col=64 * number,
            longitude=longitude + 0.002 * number,
            datetime=datetime(2024, 5, 1, 9, 30, tzinfo=UTC),
            backscatter=RNG.integers(40, 140, (2, 64, 64)).astype(np.uint8).tobytes(),
            **changes,
        )
        for number in range(3)
    ]


def aside(code, reason):
    return {"scene_id": "lost", "file": "scenes/lost.tif", "code": code, "reason": reason}


@pytest.fixture
def data(tmp_path):
    """Three scenes; `write` writes them with their items and what the checks said, and answers the page."""

    class Data:
        def __init__(self):
            amplitude = {"platform": "umbra-04", "frequency_band": "X", "quantity": "amplitude"}
            self.scenes = {
                "alpha": chips_of("alpha", "train", 3.0),
                "beta": chips_of("beta", "test", 179.998, place_id="place-b"),
                "gamma": chips_of("gamma", "train", 40.0, **amplitude),
            }
            self.properties = {name: {} for name in self.scenes}
            self.aside = [aside("truncated", "Cut off. Copy it again.")]
            self.verdict = {"suite": "radiometry", "column": "cross_above_co_db", "severity": "critical"}
            self.success, self.examples, self.remedy = False, ["beta VH"], "Swap them."

        def evidence(self):
            (tmp_path / "items").mkdir(exist_ok=True)
            for name, rows in self.scenes.items():
                write_table(rows, CHIPS, tmp_path / f"ingest/chips/{name}.parquet")
                links = [{"rel": "license", "href": "https://x.example/l"}] if self.properties[name] else []
                item = {"properties": self.properties[name], "links": links}
                (tmp_path / f"items/{name}.json").write_text(json.dumps(item))
            write_table(self.aside, SET_ASIDE, tmp_path / "ingest/set_aside.parquet")
            row = filled(VERDICTS, **self.verdict, examples=self.examples, remedy=self.remedy, success=self.success)
            write_table([row, row | {"success": True, "examples": []}], VERDICTS, tmp_path / "check/verdicts.parquet")
            return read_data_evidence(tmp_path / "ingest", tmp_path / "check", tmp_path / "items")

        def page(self):
            write_data_report(self.evidence(), "data/ of here", tmp_path / "page.html")
            return (tmp_path / "page.html").read_text()

    return Data()


def test_the_page_says_what_is_there_what_failed_what_was_set_aside_and_on_what_terms(data):
    data.properties = {
        "alpha": {"license": "CC-BY-4.0", "providers": [{"name": "Umbra"}, {"name": "Someone"}]},
        "beta": {
            "attribution": "Contains modified Copernicus Sentinel data 2024",
            "license": "other",
            "fusar:product": "umbra-gec",
        },
        "gamma": {},
    }
    page = data.page()
    for said in (
        "3 scenes by 2 sensors at 2 places, cut into 9 chips; scenes set aside: 1",
        "not fit for training",
        "radiometry: cross_above_co_db",
        "Swap them.",
        "Cut off. Copy it again.",
        "truncated",
        "CC-BY-4.0 (https://x.example/l)",
        "Umbra, Someone",
        "Contains modified Copernicus Sentinel data 2024",
        "umbra-gec",
        NOT_STATED,
        "Map of 3 footprints: 2 in train, 0 in val, 1 in test.",
        "Histograms of sim-c3 C HH, sim-c3 C HV, umbra-04 X HH, umbra-04 X HV",
        "3 of 3 scenes are simulated",
    ):
        assert said in page, said
    assert page.index("Quicklook of beta") < page.index("Quicklook of alpha")  # what failed comes first
    assert page == data.page()  # the same bytes twice


def test_hostile_words_in_items_ids_and_remedies_stay_words(data):
    hostile = {"license": HOSTILE, "attribution": HOSTILE, "fusar:product": HOSTILE}
    data.properties = dict.fromkeys(data.scenes, hostile)
    data.aside = [filled(SET_ASIDE)]
    data.verdict, data.examples, data.remedy = data.verdict | {"suite": HOSTILE, "column": HOSTILE}, [HOSTILE], HOSTILE
    page = data.page()
    assert "<script" not in page and "<img src=x" not in page and "<svg onload" not in page
    assert "&lt;img src=x" in page
    assert 'http-equiv="Content-Security-Policy" content="default-src \'none\'' in page


def test_a_scene_across_the_antimeridian_is_small_and_one_without_a_place_is_on_no_map(data):
    beta = data.scenes["beta"]
    beta[1]["longitude"] = -179.999
    beta[1]["footprint"] = chip_row(longitude=-179.999)["footprint"]
    scenes = {scene.scene_id: scene for scene in data.evidence().scenes}
    west, _, east, _ = scenes["beta"].bounds
    assert 179.9 < west < 180 < east < 180.1
    nowhere = dict.fromkeys(("crs", "affine", "footprint", "longitude", "latitude", "spacing_m", "datetime"))
    data.scenes["gamma"] = [row | nowhere | {"place_id": "unplaced:gamma"} for row in data.scenes["gamma"]]
    page = data.page()
    assert "1 scenes have no place and are not on the map." in page
    assert "Map of 2 footprints: 1 in train, 0 in val, 1 in test." in page
    assert "Quicklook of gamma" in page and "not known" in page


def test_terms_are_counted_by_licence_attribution_and_product(data):
    data.properties = {name: {"license": "CC0-1.0"} for name in data.scenes}
    assert data.evidence().terms == {Terms("CC0-1.0 (https://x.example/l)", NOT_STATED, NOT_STATED): 3}


def test_without_failures_the_page_says_passed(data):
    data.success, data.examples = True, []
    data.aside = []
    page = data.page()
    assert "passed" in page and "None: every scene was cut." in page
