"""Signatures over real HTTP: only files on `hosts` are asked with one, and nothing that is kept or said has it."""

import json
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from components.arrivals import signatures
from components.arrivals.assets import assets_of
from components.arrivals.errors import AssetUnreachable, NoSignature, RefusedItem
from components.arrivals.fetching import fetch
from components.arrivals.signatures import signature_of
from components.arrivals.sources import StacSource
from components.arrivals.stac import Arrival
from tests.components.arrivals.stac_api import Api, item, serving

SECRET = "se=2026-02-01T01%3A00%3A00Z&sp=rl&sig=a%2Bsecret%3D"
CONTENT = bytes(range(256)) * 12_000


def token(minutes: float = 60, **fields: object) -> bytes:
    until = (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps({"msft:expiry": until, "token": SECRET, **fields}).encode()


@pytest.fixture
def api() -> Iterator[Api]:
    signatures._known.clear()
    with serving("query") as found:
        found.files["/token/sar"] = token()
        yield found


@pytest.fixture
def store() -> Iterator[Api]:
    """Another host, which gives nothing unsigned."""
    with serving("query") as found:
        found.files |= {"/a.tif": 403, f"/a.tif?{SECRET}": CONTENT}
        yield found


def source_of(api: Api, store: Api, **more: object) -> StacSource:
    host = store.url.removeprefix("http://")
    return StacSource(url=api.url, tokens=f"{api.url}/token/", hosts=[host], **more)  # type: ignore[arg-type]


def bring(source: StacSource, href: str, folder: Path) -> bytes:
    found = item(1, "2026-02-01T00:00:00Z", assets={"backscatter": {"href": href}})
    arrival = Arrival("scene-1", "sar", "2026-02-01T00:00:00Z", found)
    (asset,) = assets_of(arrival, source, {"backscatter": "scene.tif"}).values()
    fetch(asset, folder / "scene.tif", source, signature_of(asset.address, arrival.collection, source))
    return (folder / "scene.tif").read_bytes()


def test_files_of_a_collection_are_asked_with_its_signature_which_is_asked_for_once(api, store, tmp_path):
    source = source_of(api, store)
    for name in ("first", "second"):
        assert bring(source, f"{store.url}/a.tif", tmp_path / name) == CONTENT
    assert [path for path, _ in store.asked] == [f"/a.tif?{SECRET}"] * 2
    assert [path for path, _ in api.asked] == ["/token/sar"]


def test_a_broken_file_goes_on_and_nothing_that_lies_here_or_is_said_has_the_signature(api, store, tmp_path):
    store.cut[f"/a.tif?{SECRET}"] = 1_500_000
    with pytest.raises(AssetUnreachable, match="after 1") as broken:
        bring(source_of(api, store), f"{store.url}/a.tif", tmp_path)
    assert "secret" not in "".join(traceback.format_exception(broken.value))
    assert not any(b"secret" in file.read_bytes() for file in tmp_path.iterdir())
    assert bring(source_of(api, store), f"{store.url}/a.tif", tmp_path) == CONTENT
    assert store.asked[-1][1].startswith("bytes=1")


def test_a_refused_connection_does_not_tell_the_signature(api, store, tmp_path):
    source = source_of(api, store)
    store.server_close()
    with pytest.raises(AssetUnreachable, match="ConnectionError") as refused:
        bring(source, f"{store.url}/a.tif", tmp_path)
    assert "secret" not in "".join(traceback.format_exception(refused.value))


def test_a_redirect_does_not_take_the_signature_along(api, store, tmp_path):
    store.files |= {f"/moved.tif?{SECRET}": f"{api.url}/b.tif"}
    api.files["/b.tif"] = CONTENT
    assert bring(source_of(api, store), f"{store.url}/moved.tif", tmp_path) == CONTENT
    assert api.asked[-1] == ("/b.tif", "")


def test_the_own_host_and_another_scheme_get_no_signature(api, store, tmp_path):
    api.files["/b.tif"] = CONTENT
    assert bring(source_of(api, store), f"{api.url}/b.tif", tmp_path) == CONTENT
    assert signature_of("s3://bucket/a.tif", "sar", source_of(api, store)) == ""
    assert signature_of(f"{store.url}/a.tif", "sar", StacSource(url=api.url)) == ""
    encrypted = source_of(api, store).model_copy(update={"tokens": "https://127.0.0.1:1/token"})
    assert signature_of(f"{store.url}/a.tif", "sar", encrypted) == ""
    assert [path for path, _ in api.asked] == ["/b.tif"]


def test_a_signature_that_ends_soon_is_asked_for_again(api, store, tmp_path):
    api.files["/token/sar"] = token(minutes=4)
    for name in ("first", "second"):
        bring(source_of(api, store), f"{store.url}/a.tif", tmp_path / name)
    assert [path for path, _ in api.asked] == ["/token/sar"] * 2


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (404, "HTTP 404"),
        (503, "HTTP 503"),
        ("http://169.254.169.254/", "HTTP 302"),
        (b"<html>", "no JSON"),
        (b"[]", "no `token` with its `msft:expiry`"),
        (token(token=7), "no `token` with its `msft:expiry`"),
        (token(token="sig=a secret\nHost: x"), "no `token` with its `msft:expiry`"),
        (token(**{"msft:expiry": "soon"}), "no `token` with its `msft:expiry`"),
        (token(**{"msft:expiry": "2026-02-01T00:00:00"}), "no `token` with its `msft:expiry`"),
    ],
    # Named here: an answer holds the time of its making, and the processes of xdist must agree on every name.
    ids=["unknown", "busy", "redirect", "page", "list", "number", "two-lines", "word-as-expiry", "expiry-without-zone"],
)
def test_who_gives_none_is_named_and_the_file_comes_another_time(answer, problem, api, store, tmp_path):
    api.files["/token/sar"] = answer
    with pytest.raises(NoSignature) as refused:
        bring(source_of(api, store), f"{store.url}/a.tif", tmp_path)
    assert f"{api.url}/token/sar" in str(refused.value) and problem in str(refused.value)
    assert "secret" not in str(refused.value) and not store.asked


def test_a_collection_cannot_leave_the_address_of_signatures(api, store):
    api.files["/private?x="] = token()  # what the address would be read as
    with pytest.raises(NoSignature):
        signature_of(f"{store.url}/a.tif", "../../private?x=", source_of(api, store))
    assert not api.asked


def test_a_signature_that_is_not_taken_is_a_file_that_is_not_there(api, store, tmp_path):
    store.files[f"/a.tif?{SECRET}"] = 403
    with pytest.raises(RefusedItem, match="HTTP 403") as refused:
        bring(source_of(api, store), f"{store.url}/a.tif", tmp_path)
    assert "secret" not in str(refused.value)
