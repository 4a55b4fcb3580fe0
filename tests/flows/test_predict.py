"""The `predict` flow on a real Prefect server: its state says what a person would read."""

import json
from pathlib import Path

import pytest

from components.revisions.home import Home
from flows.predict import predict
from tests.components.inference.batch.test_run import home, registry, scenes  # noqa: F401


@pytest.mark.slow
def test_the_flow_says_what_it_wrote_and_fails_in_one_sentence(
    server: str,
    home: Home,  # noqa: F811
    scenes: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(home.root)
    for scene in scenes.iterdir():
        properties = {"sar:polarizations": ["VV"], "fusar:scale": "decibel"}
        item = scenes.parent / f"items/{scene.stem}.json"
        item.parent.mkdir(exist_ok=True)
        item.write_text(json.dumps({"properties": properties}))
    folder = str(tmp_path / "out")
    state = predict(scenes=str(scenes), folder=folder, model="fusar-gpt/1", return_state=True)
    assert state.is_completed() and json.loads(state.message or "")["scenes"] == 3
    assert (tmp_path / "out/chips/yasur.parquet").is_file()
    state = predict(scenes=str(tmp_path / "none"), folder=folder, model="fusar-gpt/1", return_state=True)
    assert state.is_failed() and "no such file" in (state.message or "")
