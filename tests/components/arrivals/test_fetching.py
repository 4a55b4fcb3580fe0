"""Files of items over real HTTP: nothing unasked is followed, nothing half is kept, nothing is fetched twice."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.arrivals import fetching
from components.arrivals.addresses import check_address
from components.arrivals.assets import assets_of, properties_of
from components.arrivals.errors import AssetUnreachable, RefusedItem
from components.arrivals.fetching import fetch
from components.arrivals.sources import StacSource
from components.arrivals.stac import Arrival
from tests.components.arrivals.stac_api import Api, item, serving

CONTENT = bytes(range(256)) * 12_000  # 3 MB
NAMES = {"backscatter": "scene.tif", "land_cover": "scene_land_cover.tif"}


@pytest.fixture
def api() -> Iterator[Api]:
    with serving("query") as found:
        found.files["/files/a.tif"] = CONTENT
        yield found


def arrival(href: object, **fields: object) -> Arrival:
    assets = {"backscatter": {"href": href, **fields}}
    return Arrival("scene-1", "sar", "2026-02-01T00:00:00Z", item(1, "2026-02-01T00:00:00Z", assets=assets))


def bring(api: Api, folder: Path, href: object = "files/a.tif", most_mib: int = 4, **fields: object) -> Path:
    source = StacSource(url=api.url, most_mib=most_mib)
    (asset,) = assets_of(arrival(href, **fields), source, NAMES).values()
    fetch(asset, folder / "scene.tif", source)
    return folder / "scene.tif"


def multihash(code: str, name: str, content: bytes = CONTENT) -> str:
    found = hashlib.new(name, content)
    return f"{code}{found.digest_size:02x}{found.hexdigest()}"


@pytest.mark.parametrize(("code", "name"), [("12", "sha256"), ("d501", "md5"), ("11", "sha1"), ("13", "sha512")])
def test_a_file_is_fetched_checked_and_not_asked_for_again(code, name, api, tmp_path):
    stated = {"file:size": len(CONTENT), "file:checksum": multihash(code, name)}
    assert bring(api, tmp_path, **stated).read_bytes() == CONTENT
    bring(api, tmp_path, **stated)
    assert api.asked == [("/files/a.tif", "")]
    assert [path.name for path in tmp_path.iterdir()] == ["scene.tif"]


def test_a_broken_one_goes_on_where_it_stopped(api, tmp_path):
    api.cut["/files/a.tif"] = 1_500_000
    with pytest.raises(AssetUnreachable, match=r"ChunkedEncodingError after 1[0-9]{6} bytes"):
        bring(api, tmp_path)
    here = (tmp_path / "scene.tif.part").stat().st_size
    assert here > 1_400_000 and not (tmp_path / "scene.tif").exists()
    assert bring(api, tmp_path, **{"file:checksum": multihash("12", "sha256")}).read_bytes() == CONTENT
    assert [asked for _, asked in api.asked] == ["", f"bytes={here}-"]


def test_one_that_changed_meanwhile_is_fetched_anew(api, tmp_path):
    api.cut["/files/a.tif"] = 1_500_000
    with pytest.raises(AssetUnreachable):
        bring(api, tmp_path)
    api.files["/files/a.tif"] = CONTENT[::-1]
    assert bring(api, tmp_path).read_bytes() == CONTENT[::-1]


@pytest.mark.parametrize(
    ("stated", "problem"),
    [
        ({"file:checksum": multihash("12", "sha256", b"other")}, "its bytes are not those of file:checksum"),
        ({"file:checksum": "zz"}, "is of no known function"),
        ({"file:size": 7}, "3072000 bytes, and file:size says 7"),
        ({"file:size": 10**12}, "more than 4 MiB"),
        ({"most_mib": 1}, "more than 1 MiB"),
        ({"href": "files/none.tif"}, "HTTP 404"),
        ({"href": "files/a/redirect"}, "more than 5 redirects"),
        ({"href": "files/to-metadata"}, "neither on the API's own host"),
        ({"href": 7}, "has no href"),
    ],
)
def test_what_cannot_be_a_scene_is_refused_and_leaves_no_file(stated, problem, api, tmp_path):
    api.files |= {"/files/none.tif": 404, "/files/a/redirect": "redirect"}
    api.files["/files/to-metadata"] = "http://169.254.169.254/latest/meta-data"
    with pytest.raises(RefusedItem, match=problem):
        bring(api, tmp_path, **stated)
    assert not (tmp_path / "scene.tif").exists()


@pytest.mark.parametrize("status", [500, 503, 429])
def test_what_may_come_later_is_no_fault_of_the_item(status, api, tmp_path):
    api.files["/files/a.tif"] = status
    with pytest.raises(AssetUnreachable, match=f"HTTP {status}"):
        bring(api, tmp_path)


def test_a_redirect_on_the_same_host_is_followed(api, tmp_path):
    api.files["/signed"] = "/files/a.tif"
    assert bring(api, tmp_path, href="/signed").read_bytes() == CONTENT


def test_a_file_that_takes_for_ever_is_given_up(api, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "_LONGEST_S", -1.0)
    with pytest.raises(AssetUnreachable, match="not here after"):
        bring(api, tmp_path)


HOSTILE = (
    "/etc/passwd:", "file:///etc/passwd", "/vsicurl/http://127.0.0.1/x", "s3://bucket/a.tif", "ftp://stac.example.org/a",
    "http://stac.example.org/a.tif", "https://stac.example.org@evil.example/a", "https://stac.example.org:8443/a.tif",
    "https://evil.example\\@stac.example.org/a", "//evil.example/a.tif", "https://169.254.169.254/a", "https://[::1]/a",
    "https://stac.example.org.evil.example/a", "https://cdn.example.org:444/a", "https://cdn.example.org\n.evil.example/",
    "https://cdn.example.org/" + "a" * 5000, "https://[", "data:,x", "javascript:x",
)  # fmt: skip
SOURCE = StacSource(url="https://stac.example.org/v1", hosts=["cdn.example.org"])


@pytest.mark.parametrize("href", HOSTILE)
def test_a_hostile_href_is_refused_before_anybody_is_asked(href):
    if href.startswith("/"):  # on the API's own host, where it is a path like any other
        (asset,) = assets_of(arrival(href), SOURCE, NAMES).values() if not href.startswith("//") else [None]
        assert asset is None or asset.address.startswith("https://stac.example.org/")
        if asset is not None:
            return
    with pytest.raises(RefusedItem):
        assets_of(arrival(href), SOURCE, NAMES)


@given(st.text(max_size=60), st.sampled_from(["", "https://", "//", "http://", "https://stac.example.org"]))
def test_whatever_the_href_only_allowed_hosts_are_asked(text, start):
    try:
        (asset,) = assets_of(arrival(start + text), SOURCE, NAMES).values()
    except RefusedItem:
        return
    from urllib3.util import parse_url  # what requests reads addresses with

    found = parse_url(asset.address)
    assert (found.scheme, found.host) in {("https", "stac.example.org"), ("https", "cdn.example.org")}
    assert found.port in (None, 443) and found.auth is None


def test_other_hosts_only_where_they_are_allowed():
    check_address("a", "https://cdn.example.org/a.tif", SOURCE)
    with pytest.raises(RefusedItem):
        check_address("a", "https://cdn.example.org/a.tif", StacSource(url=SOURCE.url))


def test_the_item_says_where_relative_hrefs_begin_and_only_what_concerns_the_acquisition():
    found = arrival("../a.tif")
    found.item["links"].append({"rel": "self", "href": "https://stac.example.org/v1/collections/sar/items/scene-1"})
    (asset,) = assets_of(found, SOURCE, NAMES).values()
    assert asset.address == "https://stac.example.org/v1/collections/sar/a.tif"
    found.item["links"][0]["href"] = "https://evil.example/"
    with pytest.raises(RefusedItem):
        assets_of(found, SOURCE, NAMES)
    found.item["properties"] |= {"platform": "sentinel-1a", "note": "<b>", "fusar:scale": "linear"}
    source = StacSource(url="https://x", properties={"fusar:scale": "decibel"})
    assert properties_of(found, source) == {
        "datetime": "2026-01-01T00:00:00Z",
        "platform": "sentinel-1a",
        "fusar:scale": "decibel",
    }
