"""`fusar lineage impact` and `reindex` on the finished demo, from a file of a scene down to the clauses."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.app import app
from tests.conftest import Demo

SCENE = "genoa-x1"


def asked(subject: str) -> dict[str, object]:
    done = CliRunner().invoke(app, ["lineage", "impact", subject, "--json"], catch_exceptions=False)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def follow(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Ask about a scene by id and md5, about its dataset, and after a rebuild."""
    monkeypatch.chdir(folder)
    by_id = asked(SCENE)
    (part,) = by_id["derived"]  # type: ignore[misc]
    assert len(part["chips"]) == 9
    assert all(chip.startswith(SCENE) for chip in part["chips"])
    assert part["annotations"] == 8 * len(part["chips"])
    assert {chip for chip, _ in part["corrected"]} <= set(part["chips"])
    assert part["absent"] == []
    names = [f"{found['model']}/{found['version']}" for found in by_id["versions"]]  # type: ignore[attr-defined]
    assert {"fusar-gpt/1", "fusar-klip/1"} <= set(names)
    assert by_id["championships"]["fusar-gpt/1"][0]["version"] == "1"  # type: ignore[index]
    raster = next(file["md5"] for file in part["scene"]["facts"]["files"] if file["path"].startswith("scenes/"))
    assert asked(raster)["derived"] == by_id["derived"]
    dataset = asked(by_id["versions"][0]["dataset"])  # type: ignore[index]
    assert (dataset["kind"], dataset["versions"][0]) == ("dataset", by_id["versions"][0])  # type: ignore[index]
    assert CliRunner().invoke(app, ["lineage", "reindex"]).exit_code == 0
    assert asked(SCENE) == by_id


def test_a_scene_is_followed_to_its_chips_texts_and_versions(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    follow(monkeypatch, demo.clone.root)
