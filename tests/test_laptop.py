"""What the laptop profile must show on held-out places: the whole demo, timed, with its floors."""

import json
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from components.lineage.versions import open_registry, resolve
from components.registry.judging import judge
from components.registry.policy import POLICY_FILE, parse_policy
from components.revisions.home import Home
from tests.conftest import ROOT, Clone, clone_repository

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    clone = clone_repository(tmp_path_factory.mktemp("laptop") / "clone")
    started = time.monotonic()
    done = clone.fusar("demo")
    print(done.stdout)
    print(f"make demo after the install: {time.monotonic() - started:.0f} s, load {psutil.getloadavg()[0]:.1f}")
    return clone


@pytest.fixture(scope="module")
def report(laptop: Clone) -> dict[str, Any]:
    checkout = next(laptop.root.glob(".fusar/worktrees/*-laptop"))
    content: dict[str, Any] = json.loads((Path(checkout) / "outputs/evaluate/report.json").read_text())
    return content


def metric(report: dict[str, Any], key: str) -> dict[str, Any]:
    found: dict[str, Any] = next(entry for entry in report["metrics"] if entry["key"] == key)
    return found


@pytest.mark.parametrize("task", ["count", "classify", "land_cover"])
def test_answers_beat_the_majority_answer_by_15_points(report: dict[str, Any], task: str) -> None:
    entry = metric(report, f"fusar-gpt.{task}")
    assert entry["value"] - entry["baselines"]["majority"] >= 0.15


@pytest.mark.parametrize("way", ["i2t_r5", "t2i_r5"])
def test_retrieval_is_ten_times_chance_on_a_gallery_of_300_and_more(report: dict[str, Any], way: str) -> None:
    entry = metric(report, f"fusar-klip.{way}")
    assert entry["n"] >= 300
    assert entry["value"] >= 10 * entry["baselines"]["chance"]


def test_correct_alphaearth_beats_shuffled_on_land_cover_with_an_interval_that_excludes_0(
    report: dict[str, Any],
) -> None:
    assert metric(report, "fusar-gpt.land_cover")["difference_to_shuffled"]["low"] > 0


def test_scio_finds_wrong_clauses_and_leaves_the_clean_ones(report: dict[str, Any]) -> None:
    assert metric(report, "scio.auroc")["low"] > 0.5
    assert metric(report, "scio.clean_changed")["value"] < 0.01


@pytest.mark.parametrize("model", ["fusar-klip", "fusar-gpt"])
def test_the_projects_own_policy_lets_the_demos_models_go_live(laptop: Clone, model: str) -> None:
    policy = parse_policy((ROOT / POLICY_FILE).read_bytes(), POLICY_FILE)
    client = open_registry(laptop.root)
    verdict = judge(Home(laptop.root), client, policy, resolve(client, f"{model}/1"), reigning="")
    for judged in verdict.gates:
        print(f"{judged.gate}: {judged.outcome.reason}")
    assert [judged.outcome.reason for judged in verdict.gates if not judged.outcome.passed] == []
