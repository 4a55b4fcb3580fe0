"""The whole way of an item of a STAC API: fetched, committed, retrained, and named by the version that it made."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from components.arrivals.sources import StacSource
from components.arrivals.stac import look
from components.lineage.journal import journal_url
from components.revisions.home import Home
from flows.triggers.arriving import Branch, take
from tests.components.arrivals.stac_api import item, serving
from tests.conftest import Clone

PROPERTIES = {
    "datetime": "2026-02-01T05:00:00Z",
    "updated": "2026-02-02T00:00:00Z",
    "platform": "sim-c10",
    "sar:polarizations": ["VV", "VH"],
    "view:incidence_angle": 36.0,
}
GIVEN = {"fusar:quantity": "gamma0", "fusar:scale": "decibel", "fusar:simulated": True}


def geotiff(folder: Path) -> bytes:
    """A scene of 256 x 256 pixels of 10 m in decibels, in both polarisations."""
    file, draw = folder / "made.tif", np.random.default_rng(7)
    pixels = np.stack([draw.normal(level, 2, (256, 256)) for level in (-10, -17)]).astype(np.float32)
    where = {"crs": "EPSG:32631", "transform": Affine(10.0, 0.0, 620000.0, 0.0, -10.0, 4830000.0)}
    with rasterio.open(file, "w", driver="GTiff", count=2, height=256, width=256, dtype="float32", **where) as sink:
        sink.write(pixels)
    return file.read_bytes()


@pytest.mark.slow
def test_an_item_of_a_stac_api_becomes_a_scene_of_a_version_once(own_demo: Clone, tmp_path: Path) -> None:
    home, remote = Home(own_demo.root), tmp_path / "remote.git"
    own_demo.git("clone", "--quiet", "--bare", str(home.root), str(remote))
    own_demo.git("remote", "set-url", "origin", str(remote))
    demo = own_demo.git("for-each-ref", "--format=%(objectname)", "refs/fusar/demo/")
    own_demo.git("push", "--quiet", "origin", f"{demo}:refs/heads/data")
    with serving("query") as api:
        api.files["/files/arrived.tif"] = geotiff(tmp_path)
        named = {"backscatter": {"href": "files/arrived.tif"}}
        api.items.append(item(1, "", id="arrived-1", properties=PROPERTIES, assets=named))
        source = StacSource(url=api.url, since="2026-02-01T00:00:00Z", properties=GIVEN)
        taken = [take(home, look(source, journal_url(home.root)), Branch("origin", "data")) for _ in range(3)]
        assert len(api.asked) == 1
    assert [one.in_words for one in taken] == [
        "1 added, 0 there before, 0 set aside",
        *(["0 added, 1 there before, 0 set aside"] * 2),
    ]
    tip = own_demo.git("ls-remote", "origin", "refs/heads/data").split()[0]
    own_demo.fusar("retrain", "--profile", "tiny", "--revision", tip)
    shown = json.loads(own_demo.fusar("lineage", "impact", "arrived-1", "--json").stdout)
    assert {"fusar-klip", "fusar-gpt"} <= {version["model"] for version in shown["versions"]}, shown
