from pathlib import Path

import pytest

from cli.app import main


def test_a_scene_that_is_not_there_is_named_before_anything_is_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["predict", str(tmp_path / "none.tif")])
    said = "".join(capsys.readouterr().err.replace("│", " ").split())
    assert ended.value.code == 2
    assert "none.tif'doesnotexist" in said
