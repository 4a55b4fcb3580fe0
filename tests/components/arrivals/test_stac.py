"""New items of STAC APIs: rustac's real server, and a small one for what that does not do."""

import json
import shutil
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from components.arrivals.cursor import CursorFile
from components.arrivals.errors import BadCursor, CannotFilter, CatalogueUnreachable, TooManyItems
from components.arrivals.sources import StacSource
from components.arrivals.stac import look
from tests.components.arrivals.stac_api import item, serving

NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def ids(source: StacSource, store: Path, now: datetime, move_on: bool = True) -> list[str]:
    found = look(source, str(store), now)
    if move_on:
        found.done()
    return [arrival.id for arrival in found.arrivals]


@pytest.mark.parametrize("how", ["query", "filter"])
def test_what_was_updated_since_the_last_look_is_told_once_over_all_pages(how, tmp_path):
    with serving(how) as api:
        source = StacSource(url=api.url)
        api.items = [item(number, f"2026-02-0{number}T00:00:00Z") for number in (1, 2, 3)]
        assert ids(source, tmp_path, NOON) == []  # what was there before the first look
        api.items += [item(number, "2026-02-04T00:00:00Z") for number in range(4, 9)]
        assert ids(source, tmp_path, NOON + DAY, move_on=False) == [f"scene-{number}" for number in range(4, 9)]
        assert len(ids(source, tmp_path, NOON + DAY)) == 5  # it was not told: the same again
        assert ids(source, tmp_path, NOON + DAY) == []
        api.items[4] = item(5, "2026-02-04T10:00:00Z")  # corrected
        api.items.append(item(9, "2026-02-03T20:00:00Z"))  # stamped before the newest, seen only now
        assert ids(source, tmp_path, NOON + DAY) == ["scene-9", "scene-5"]
        assert ids(source, tmp_path, NOON + 2 * DAY) == []


def test_since_begins_with_what_is_there_and_the_future_hides_nothing(tmp_path):
    with serving("query") as api:
        source = StacSource(url=api.url, since=datetime(2026, 2, 2, tzinfo=UTC))
        api.items = [item(1, "2026-02-01T00:00:00Z"), item(2, "2026-02-02T00:00:00Z"), item(3, "2099-01-01T00:00:00Z")]
        assert ids(source, tmp_path, NOON) == ["scene-2", "scene-3"]
        api.items.append(item(4, "2026-02-04T00:00:00Z"))
        assert ids(source, tmp_path, NOON + DAY) == ["scene-4"]
        assert ids(source, tmp_path, NOON + DAY) == []


def test_items_that_are_none_are_left_out(tmp_path):
    with serving("query") as api:
        api.items = [
            item(1, "2026-02-02T00:00:00Z", id=7),
            item(2, "2026-02-02T00:00:00Z", properties=None),
            item(3, "last week"),
            item(4, "2026-02-02T00:00:00.123456789Z", collection="sar"),
        ]
        api.items[1]["properties"] = {}
        found = look(StacSource(url=api.url, since=datetime(2026, 2, 1)), str(tmp_path), NOON).arrivals
    assert [arrival.key for arrival in found] == ["sar/scene-4/2026-02-02T00:00:00.123456Z"]


@pytest.mark.parametrize(("how", "error"), [("broken", CatalogueUnreachable), ("html", CatalogueUnreachable),
                                            ("list", CatalogueUnreachable), ("endless", TooManyItems)])  # fmt: skip
def test_an_api_that_misbehaves_is_named_and_nothing_moves(how, error, tmp_path):
    with serving(how) as api:
        source = StacSource(url=api.url, since=datetime(2026, 1, 1))
        with pytest.raises(error, match=api.url):
            look(source, str(tmp_path), NOON)
    assert not list(tmp_path.iterdir())


def test_nobody_there_is_an_answer_too(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(CatalogueUnreachable, match="no answer of a STAC API"):
        look(StacSource(url=f"http://127.0.0.1:{port}"), str(tmp_path), NOON)


@pytest.mark.parametrize(
    "content", ["{half", '{"newest": "x"}', '{"newest": "", "told": [], "source": "", "schema_version": 9}']
)
def test_a_cursor_that_nobody_wrote_is_named(content, tmp_path):
    with serving("query") as api:
        source = StacSource(url=api.url)
        file = Path(CursorFile(str(tmp_path), source.name).path)
        file.parent.mkdir()
        file.write_text(content)
        with pytest.raises(BadCursor, match=str(file)):
            look(source, str(tmp_path), NOON)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "https://me:secret@x"},
        {"url": "https://x?token=1"},
        {"url": "file:///etc"},
        {"bbox": [1, 2]},
        {"by": "x"},
        {"u": 1},
    ],
)
def test_a_source_with_a_secret_in_its_address_or_an_unknown_key_is_refused(wrong):
    with pytest.raises(ValidationError):
        StacSource(**{"url": "https://x", **wrong})


RUSTAC = shutil.which("rustac", path=str(Path(sys.executable).parent))


@pytest.mark.skipif(RUSTAC is None, reason="rustac of requirements-dev.lock is not installed")
def test_rustacs_server_by_time_of_acquisition(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    source = StacSource(url=f"http://127.0.0.1:{port}", collections=["sar"], by="datetime")
    scenes = [acquired(1, "2026-02-01T00:00:00Z"), acquired(2, "2026-02-03T00:00:00Z")]
    with rustac(port, tmp_path, scenes):
        assert ids(source, tmp_path / "store", NOON) == []
        with pytest.raises(CannotFilter, match="by: datetime"):
            look(StacSource(url=source.url), str(tmp_path), NOON)
    # One that was acquired before the newest, but published after it.
    with rustac(port, tmp_path, [*scenes, acquired(3, "2026-02-03T09:00:00Z"), acquired(4, "2026-02-02T20:00:00Z")]):
        assert ids(source, tmp_path / "store", NOON + DAY) == ["scene-4", "scene-3"]
        assert ids(source, tmp_path / "store", NOON + DAY) == []


def acquired(number: int, time: str) -> dict:
    return item(number, time, properties={"datetime": time}, collection="sar")


class rustac:  # noqa: N801 reads as the program
    def __init__(self, port: int, folder: Path, items: list[dict]) -> None:
        file = folder / "items.json"
        file.write_text(json.dumps({"type": "FeatureCollection", "features": items}))
        command = [str(RUSTAC), "serve", "--addr", f"127.0.0.1:{port}", "--create-collections", str(file)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.05)

    def __enter__(self) -> None:
        """It answers."""

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
