"""Traps beside and inside of a scene's files: each leads to a canary file and to a server that counts who calls."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import rasterio

CANARY = b"CANARY-7f3a9c-do-not-publish"


class Listener(ThreadingHTTPServer):
    """Knows who connected, whatever they ask for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), BaseHTTPRequestHandler)
        self._callers: list[Any] = []
        self._own = 0

    @property
    def connections(self) -> int:
        """How many connected up to now: a call of our own comes after all of them, and is waited for.

        Without it, one that still waits to be accepted, as on a busy machine, would not be counted.
        """
        with socket.create_connection(self.server_address[:2], timeout=60) as call:  # type: ignore[arg-type]
            self._own += 1
            end = time.monotonic() + 60
            while call.getsockname() not in self._callers:
                assert time.monotonic() < end, "the listener does not answer"
                time.sleep(0.01)
        return len(self._callers) - self._own

    def process_request(self, request: Any, client_address: Any) -> None:
        self._callers.append(client_address)
        super().process_request(request, client_address)


@dataclass(frozen=True)
class Bait:
    """What must never be read."""

    secret: Path
    listener: Listener

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.server_port}/pixels.tif"

    def targets(self) -> tuple[str, ...]:
        """What a file inside of GDAL's world may be called."""
        return (
            str(self.secret),
            f"/vsicurl/{self.url}",
            f"/vsicurl/http://169.254.169.254:{self.listener.server_port}/",
        )


@contextmanager
def bait(folder: Path) -> Iterator[Bait]:
    """A canary file in a folder of its own, and a listener."""
    secret = folder / "elsewhere" / "secret.bin"
    secret.parent.mkdir()
    secret.write_bytes(CANARY * 3000)
    with Listener() as listener:
        threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True).start()
        yield Bait(secret, listener)
        listener.shutdown()


def vrt(target: str, size: int) -> str:
    """A VRT of one band that reads the bytes of a file, or the pixels behind an address."""
    where = f'<SourceFilename relativeToVRT="0">{target}</SourceFilename>'
    source = (
        f"<SimpleSource>{where}<SourceBand>1</SourceBand></SimpleSource>"
        if target.startswith("/vsi")
        else f"{where}<ImageOffset>0</ImageOffset><PixelOffset>1</PixelOffset><LineOffset>{size}</LineOffset>"
    )
    kind = ' subClass="VRTRawRasterBand"' if not target.startswith("/vsi") else ""
    return (
        f'<VRTDataset rasterXSize="{size}" rasterYSize="{size}"><SRS>EPSG:32631</SRS>'
        "<GeoTransform>620000, 10, 0, 4830000, 0, -10</GeoTransform>"
        f'<VRTRasterBand dataType="Byte" band="1"{kind}>{source}</VRTRasterBand></VRTDataset>'
    )


def sidecars(scene: Path, target: str) -> None:
    """Everything beside a TIFF that GDAL may look at."""
    for path in (scene, scene.with_suffix("")):
        for ending in (".ovr", ".msk"):
            Path(f"{path}{ending}").write_text(vrt(target, 64))
        Path(f"{path}.aux.xml").write_text(
            "<PAMDataset><SRS>EPSG:32601</SRS><GeoTransform>0, 1, 0, 0, 0, -1</GeoTransform>"
            f'<Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">{target}</MDI></Metadata></PAMDataset>'
        )


def overviews_named_inside(scene: Path, target: str) -> None:
    """A tag of the TIFF itself names the file that holds its overviews."""
    with rasterio.open(scene, "r+") as sink:
        sink.update_tags(ns="OVERVIEWS", OVERVIEW_FILE=target)


def leaks(folder: Path) -> list[Path]:
    """Files below a folder that hold the canary, in their bytes or in the columns that they unpack to."""
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and CANARY in _unpacked(path)]


def _unpacked(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix == ".parquet":
        for column in pq.read_table(path).to_pydict().values():
            content += b"".join(value if isinstance(value, bytes) else str(value).encode() for value in column)
    return content
