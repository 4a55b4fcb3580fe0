"""`fusar data add ADDRESS`: over real HTTP and from a real S3 server, of hosts that sources.yaml names."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.components.arrivals.stac_api import Api, serving
from tests.components.catalog.conftest import House, house, ramp  # noqa: F401
from tests.components.catalog.test_adding import GOOD, SAID

RCLONE = shutil.which("rclone", path=str(Path(sys.executable).parent))
pytestmark = pytest.mark.usefixtures("house")


@pytest.fixture
def api(house: House) -> Iterator[Api]:  # noqa: F811
    with serving("query") as found:
        content = house.raster(f"{GOOD}.tif", ramp(), nodata=-99).read_bytes()
        found.files |= {
            f"/{GOOD}.tif": content,
            "/a.tif": content,
            "/a.tif?signature=x": content,
            "/to-metadata.tif": "http://169.254.169.254/x.tif",
        }
        found.files["/a_objects.geojson"] = b'{"type": "FeatureCollection", "features": []}'
        yield found


def allow(house: House, *hosts: str) -> None:  # noqa: F811
    (house.root / "sources.yaml").write_text(yaml.safe_dump({"files": {"hosts": list(hosts)}}))


def test_a_file_of_a_named_host_is_added_with_what_was_named_beside_it(house, api):  # noqa: F811
    allow(house, api.url.removeprefix("http://"))
    said = house.add(f"{api.url}/a.tif?signature=x", f"{api.url}/a_objects.geojson", *SAID)
    assert said.code == 0, said
    assert "added      a  geotiff  4 chips" in said.out
    assert (house.data / "objects/a.geojson").exists()
    assert not list((house.root / ".fusar/fetched").iterdir())


def test_no_other_host_is_asked_whatever_redirects_say(house, api):  # noqa: F811
    allow(house, "127.0.0.1")  # the host alone is HTTPS's
    said = house.add(f"{api.url}/{GOOD}.tif")
    assert said.code == 1 and "not-fetched: its file lies at" in said.err and "not on one of `hosts`" in said.err
    assert not api.asked
    allow(house, api.url.removeprefix("http://"))
    said = house.add(f"{api.url}/{GOOD}.tif", f"{api.url}/to-metadata.tif", "https://x/")
    assert "1 added, 0 unchanged, 2 set aside." in said.out
    assert "'http://169.254.169.254/x.tif'" in said.err and "ends with no name of a file" in said.err


def test_what_does_not_come_now_is_left_whole_for_the_next_time(house, api):  # noqa: F811
    allow(house, api.url.removeprefix("http://"))
    api.files["/a_objects.geojson"] = 503
    words = (f"{api.url}/a.tif", f"{api.url}/a_objects.geojson", *SAID)
    said = house.add(*words)
    assert said.code == 1 and "HTTP 503" in said.err and not house.data.exists()
    api.files["/a_objects.geojson"] = b"[]"
    said = house.add(*words)
    assert [path for path, _ in api.asked].count("/a.tif") == 1
    assert f"set aside  {api.url}/a.tif: broken-objects: " in said.err


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder behind the bucket `archive` of an S3 server."""
    pytest.importorskip("s3fs", reason="s3fs of requirements-fleet.lock is not installed")
    if RCLONE is None:
        pytest.skip("rclone of requirements-dev.lock is not installed")
    folder = tmp_path / "s3/archive"
    folder.mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = [RCLONE, "serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", "key,a-secret", str(folder.parent)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "a-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.05)
    yield folder
    process.kill()
    process.wait()


def test_an_object_of_a_named_bucket_is_added(house, bucket):  # noqa: F811
    shutil.copy(house.raster(f"{GOOD}.tif", ramp(), nodata=-99), bucket)
    address = f"s3://archive/{GOOD}.tif"
    assert "not on one of `hosts`" in house.add(address).err
    allow(house, "s3://archive")
    assert f"added      {GOOD}  sentinel-1-pyrosar  4 chips" in house.add(address).out
    said = house.add("s3://archive/none.tif", "s3://archive/*.tif", "s3://other/a.tif")
    assert "'s3://archive/none.tif': no such object" in said.err
    assert "'s3://archive/*.tif' ends with no name of a file" in said.err and "not on one of `hosts`" in said.err
