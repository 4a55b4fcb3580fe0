import datetime as dt
import json
import re
import time
from pathlib import Path

import numpy as np
import pytest

from components.ingestion.errors import BrokenItem
from components.ingestion.items import read_scene


def _with_property(path: Path, name: str, value: object) -> Path:
    content = json.loads(path.read_text())
    content["properties"][name] = value
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("text", "hour"), [("2021-07-21T08:40:10Z", 8), ("2021-07-21T08:40:10", 8), ("2021-07-21T08:40:10+02:00", 6)]
)
def test_a_time_is_utc_whatever_zone_the_machine_is_in(
    catalogue, monkeypatch: pytest.MonkeyPatch, text: str, hour: int
) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    path = _with_property(catalogue.item("good"), "datetime", text)
    assert read_scene(path, catalogue.data).acquired == dt.datetime(2021, 7, 21, hour, 40, 10, tzinfo=dt.UTC)
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("sar:polarizations", ["VV", "RH"], "sar:polarizations.1"),
        ("sar:polarizations", ["VV", "VV"], "names one twice"),
        ("fusar:scale", "amplitude", "go together"),
        ("fusar:scale", "dn", "go together"),
        ("fusar:dn_offset_db", [-83, -83], "go together"),
        ("fusar:quantity", "beta0", "fusar:quantity"),
        ("fusar:simulated", "yes", "fusar:simulated"),
        ("view:incidence_angle", 120, "view:incidence_angle"),
        ("platform", "<img src=x>", "platform"),
        ("datetime", "yesterday", "not a STAC item"),
    ],
)
def test_a_wrong_property_is_named(catalogue, name: str, value: object, said: str) -> None:
    path = _with_property(catalogue.item("good"), name, value)
    with pytest.raises(BrokenItem, match=re.escape(said)):
        read_scene(path, catalogue.data)


@pytest.mark.parametrize(
    ("offsets", "said"),
    [
        ([-83.0], "one number for each"),
        ([-83, "NaN"], "fusar:dn_offset_db.1"),
        ([-83, float("nan")], "fusar:dn_offset_db.1"),
        (-83, "fusar:dn_offset_db"),
    ],
)
def test_wrong_offsets_of_digital_numbers_are_named(catalogue, offsets: object, said: str) -> None:
    path = catalogue.item("good", fusar__scale="dn", fusar__dn_offset_db=offsets)
    with pytest.raises(BrokenItem, match=re.escape(said)):
        read_scene(path, catalogue.data)


def test_a_link_into_dvc_s_cache_is_data_and_can_be_cut(catalogue, config) -> None:
    pixels = catalogue.good()
    scene = catalogue.data / "scenes/good.tif"
    cached = catalogue.root / "cache/files/md5/0a" / ("b" * 30)
    cached.parent.mkdir(parents=True)
    scene.replace(cached)
    scene.symlink_to(cached)
    assert np.isfinite(pixels).all() and catalogue.ingest(config)["scenes_cut"] == 1
