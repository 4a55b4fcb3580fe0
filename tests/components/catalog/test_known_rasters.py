from pathlib import Path

import pytest

from components.catalog.known_rasters import KnownRasters

LONG = bytes(range(256)) * 1024


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("scenes", "items"):
        (tmp_path / "data" / name).mkdir(parents=True)
    return tmp_path / "data"


def scene(data: Path, name: str, content: bytes) -> None:
    (data / f"scenes/{name}.tif").write_bytes(content)
    (data / f"items/{name}.json").write_text("{}")


def test_only_equal_bytes_are_the_same_scene(data: Path, tmp_path: Path) -> None:
    scene(data, "longer", LONG + b"x")
    scene(data, "other-middle", LONG[: len(LONG) // 2] + b"x" + LONG[len(LONG) // 2 + 1 :])
    scene(data, "other-end", LONG[:-1] + b"x")
    new = tmp_path / "new.tif"
    new.write_bytes(LONG)
    known = KnownRasters(data)
    assert known.scene_of(new, "new") == ""
    scene(data, "same", LONG)
    known.add("same")
    assert (known.scene_of(new, "new"), known.scene_of(new, "same")) == ("same", "")


def test_what_is_gone_or_was_never_whole_is_no_scene(data: Path, tmp_path: Path) -> None:
    scene(data, "a", LONG)
    (data / "scenes/dangling.tif").symlink_to(tmp_path / "nowhere")
    new = tmp_path / "new.tif"
    new.write_bytes(LONG)
    known = KnownRasters(data)
    assert known.scene_of(new, "new") == "a"
    (data / "items/a.json").unlink()
    assert known.scene_of(new, "new") == ""
