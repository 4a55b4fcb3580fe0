"""A request reaches the files of the served folder and nothing else on the disk."""

import os
from pathlib import Path

import pytest

from components.inference.errors import BadRequest, NoServedFolder
from components.inference.files import FOLDER_VARIABLE, served_file, served_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A served folder beside files that must stay out of reach."""
    folder = tmp_path / "served"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep/chip.png").write_text("chip")
    (tmp_path / "secret.png").write_text("secret")
    (tmp_path / "served-too").mkdir()
    (tmp_path / "served-too/chip.png").write_text("secret")
    (folder / "out.png").symlink_to(tmp_path / "secret.png")
    (folder / "up").symlink_to(tmp_path)
    (folder / "loop.png").symlink_to(folder / "loop.png")
    (folder / "inside.png").symlink_to("deep/chip.png")
    os.mkfifo(folder / "pipe.png")
    return folder


@pytest.mark.parametrize("asked", ["deep/chip.png", "./deep/../deep/chip.png", "inside.png"])
def test_files_of_the_folder_are_found(folder: Path, asked: str) -> None:
    assert served_file(asked, folder) == folder / "deep/chip.png"


@pytest.mark.parametrize(
    "asked",
    [
        *("../secret.png", "deep/../../secret.png", "../served-too/chip.png", "..", ".", "deep"),
        *("out.png", "up/secret.png", "loop.png", "pipe.png", "absent.png", "~/chip.png"),
        *("chip\0.png", "deep/chip.png\0.tif", "a" * 5000, "/dev/zero", "/etc/passwd"),
        *("file:///etc/passwd", "/vsicurl/http://127.0.0.1/a.tif", "\udcff.png"),
    ],
)
def test_what_lies_outside_is_answered_like_what_does_not_exist(folder: Path, asked: str) -> None:
    with pytest.raises(BadRequest, match=r"'path': .* is no file of the served folder"):
        served_file(asked, folder)


def test_an_absolute_path_is_refused_even_inside_the_folder(folder: Path) -> None:
    with pytest.raises(BadRequest, match="is no file of the served folder"):
        served_file(str(folder / "deep/chip.png"), folder)


def test_without_a_served_folder_no_path_is_answered() -> None:
    with pytest.raises(BadRequest, match="'path': is not answered by this server; send 'image'"):
        served_file("chip.png", None)


def test_the_folder_is_the_one_that_the_variable_names(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    assert served_folder() is None
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder / "up/served"))
    assert served_folder() == folder
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder / "absent"))
    with pytest.raises(NoServedFolder, match=r"FUSAR_SERVE_FOLDER: .*absent' is no folder"):
        served_folder()
