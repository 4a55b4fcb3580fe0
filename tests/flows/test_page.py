"""What Prefect's page shows of a retrain, asked of a real server; nothing there can change how the retrain ends."""

import json
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from markdown_it import MarkdownIt

from components.tracking.runs import Tracking
from flows.errors import StageFailed
from flows.naming import short
from flows.retrain import Retrained, retrain
from tests.small_house import commit, environment, fusar

RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
HOSTILE = (
    "scene ](javascript:alert(1)) [x](javascript:alert(2)) | <script>alert(3)</script> "
    "| ![i](http://evil.example/i.png) `a` **b** https://evil.example"
)
AS_HTML = HOSTILE.replace("<", "&lt;").replace(">", "&gt;")
GATES = f'[{{"gate": "own words", "outcome": {{"passed": False, "reason": {HOSTILE!r}}}}}]'
STAGES = ["cut", "count", "total"]


@dataclass(frozen=True)
class Shown:
    """An artifact as the server has it."""

    type: str
    data: str
    note: str

    @property
    def rows(self) -> list[dict[str, str]]:
        """Rows of a table."""
        return list(json.loads(self.data))


def run_of(house: Path) -> dict[str, str]:
    """Tags of the newest retrain's MLflow run."""
    tracking = Tracking(house)
    found = tracking.client.search_runs([tracking.experiment_id], "tags.`fusar.kind` = 'retrain'", max_results=1)
    return dict(found[0].data.tags)


def shown_in(flow_run_id: str) -> dict[str, Shown]:
    """Artifacts of a flow run by their keys; each key once."""
    from prefect import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId

    wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[UUID(flow_run_id)]))
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=wanted)
    assert len({artifact.key for artifact in found}) == len(found)
    return {
        str(artifact.key): Shown(str(artifact.type), str(artifact.data), artifact.description or "")
        for artifact in found
    }


def database() -> Path:
    return Path(os.environ["PREFECT_HOME"]) / "prefect.db"


def name_in_prefect(flow_run_id: str) -> str:
    from prefect import get_client

    with get_client(sync_client=True) as client:
        return str(client.read_flow_run(UUID(flow_run_id)).name)


def artifacts_on_the_server() -> int:
    with sqlite3.connect(database(), timeout=30) as connection:
        return int(connection.execute("SELECT count(*) FROM artifact").fetchone()[0])


@contextmanager
def a_server_that_takes_no_artifact() -> Iterator[None]:
    with sqlite3.connect(database(), timeout=30) as connection:
        connection.execute("CREATE TRIGGER no_artifact BEFORE INSERT ON artifact BEGIN SELECT RAISE(FAIL, 'full'); END")
    try:
        yield
    finally:
        with sqlite3.connect(database(), timeout=30) as connection:
            connection.execute("DROP TRIGGER no_artifact")


def only_harmless(markdown: str, texts: int) -> None:
    """The hostile text stands there so many times letter by letter, and nothing came of it."""
    page = RENDERER.render(markdown)
    assert page.count(AS_HTML) == texts, page
    assert not re.search(r"<(script|img|iframe)\b|href=\"(javascript|http://evil)", page)
    for table in re.findall(r"<table>.*?</table>", page, re.DOTALL):
        cells = {len(re.findall(r"<t[dh]\b", row)) for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)}
        assert len(cells) == 1, table


@pytest.fixture(scope="module")
def finished(house_with_runs: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Retrained]:
    """A small house whose policy answers with hostile text, retrained once."""
    folder = tmp_path_factory.mktemp("page")
    house = Path(shutil.copytree(house_with_runs, folder / "house", symlinks=True))
    registry = house / "components/registry/__main__.py"
    registry.write_text(registry.read_text().replace('"gates": []', f'"gates": {GATES}'))
    commit(house)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(folder / "trace").items():
            patch.setenv(name, value)
        return house, retrain(house, "HEAD", "laptop")


@pytest.fixture
def traced_house(finished: tuple[Path, Retrained], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The house that was retrained, with its variables."""
    house, _ = finished
    for name, value in environment(house.parent / "trace").items():
        monkeypatch.setenv(name, value)
    return house


def test_a_finished_retrain_has_its_progress_its_stages_and_its_story(finished):
    house, first = finished
    tags = run_of(house)
    shown = shown_in(tags["fusar.flow_run_id"])
    assert {key: artifact.type for key, artifact in shown.items()} == {
        "progress-laptop": "progress",
        "stages-laptop": "table",
        "retrain-laptop": "markdown",
    }
    assert float(shown["progress-laptop"].data) == 100.0
    assert shown["progress-laptop"].note == "6 of 6 steps; finished"
    rows = shown["stages-laptop"].rows
    assert [(row["stage"], row["outcome"]) for row in rows] == [(stage, "ran") for stage in STAGES]
    links = [
        re.fullmatch(
            r"\[run\]\(http://127\.0\.0\.1:\d+/#/experiments/\d+/runs/(\w+)\?workflowType=machine_learning\)",
            r["MLflow"],
        )
        for r in rows
    ]
    assert [link[1] for link in links if link] == [tags[f"fusar.stage.{stage}"].split()[1] for stage in STAGES]
    assert all(float(row["time [s]"]) > 0 for row in rows)
    assert rows[2]["figures"] == "total 33"
    assert shown["stages-laptop"].note == "laptop: 3 ran"
    story = shown["retrain-laptop"].data
    assert f"**Finished**. Commit `{first.commit[:12]}`, profile `laptop`; 3 ran" in story
    assert re.search(
        r"\[adder/1\]\(http://127\.0\.0\.1:\d+/#/models/adder/versions/1\?\S+\)\s+\| yes\s+\| champion", story
    )
    assert "**The scenes are simulated**" in story
    assert (tags["fusar.outcome"], tags["fusar.models"]) == ("3 ran", "adder/1 champion")
    assert f"/runs/flow-run/{tags['fusar.flow_run_id']})" in tags["mlflow.note.content"]


@pytest.mark.parametrize(
    ("revision", "shown"), [("a" * 40, "aaaaaaaaaa"), ("0" * 64, "0000000000"), ("more-scenes", "more-scenes")]
)
def test_a_full_id_is_shortened_and_a_branch_is_not(revision, shown):
    assert short(revision) == shown


def test_what_a_gate_says_stays_text_in_both_pages(finished):
    tags = run_of(finished[0])
    only_harmless(shown_in(tags["fusar.flow_run_id"])["retrain-laptop"].data, 1)
    only_harmless(tags["mlflow.note.content"], 1)


def test_a_failed_stage_is_shown_with_its_error_as_text_and_the_error_is_the_stages_own(house, monkeypatch):
    stage = house / "components/counting/stage.py"
    stage.write_text(stage.read_text().replace('"a file of the test"', repr(HOSTILE)))
    commit(house)
    monkeypatch.setenv("SMALL_HOUSE_FAIL_AT", "count")
    with pytest.raises(StageFailed) as caught:
        retrain(house, "HEAD", "laptop")
    assert str(caught.value).startswith(f"stage count: {HOSTILE}: stage count reads it")
    tags = run_of(house)
    shown = shown_in(tags["fusar.flow_run_id"])
    rows = shown["stages-laptop"].rows
    assert [(row["stage"], row["outcome"]) for row in rows] == [
        ("cut", "ran"),
        ("count", "failed"),
        ("total", "not reached"),
    ]
    assert shown["progress-laptop"].note == "1 of 6 steps; failed"
    assert rows[1]["MLflow"].startswith("[run](")
    story = shown["retrain-laptop"].data
    assert "**Failed**: stage count: scene" in story
    assert "All it said: `.fusar/logs/laptop/count.log`" in story
    only_harmless(story, 1)
    only_harmless(tags["mlflow.note.content"], 1)
    assert tags["fusar.failure"] == f"stage count: {caught.value.reason}"


def test_a_retrain_ends_well_although_the_server_takes_no_artifact(finished, traced_house):
    commit_before, before = finished[1].commit, artifacts_on_the_server()
    with a_server_that_takes_no_artifact():
        again = retrain(traced_house, commit_before, "laptop", ("total",))
    assert [stage.outcome for stage in again.stages] == ["unchanged", "unchanged", "ran"]
    assert artifacts_on_the_server() == before
    tags = run_of(traced_house)
    assert "**Finished**" in tags["mlflow.note.content"]  # MLflow has its page all the same
    # Asked for by its full id, as the command line does: one short name in both pages.
    assert name_in_prefect(tags["fusar.flow_run_id"]) == tags["mlflow.runName"] == f"laptop {commit_before[:10]}"


def test_a_retrain_without_work_leaves_no_artifact_from_the_command_line(traced_house):
    before = artifacts_on_the_server()
    command = fusar(traced_house, "retrain")
    _, said = command.communicate(timeout=60)
    assert command.returncode == 0, said
    assert artifacts_on_the_server() == before
