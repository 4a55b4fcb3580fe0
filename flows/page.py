"""A retrain as Prefect's page shows it: artifacts that grow while it runs. Nothing here can make a retrain fail."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from prefect.logging import get_run_logger

from components.revisions.staleness import StageState
from components.tracking.addresses import HERE
from components.tracking.figures import REPORT, main_figures
from components.tracking.figures import told as metrics_told
from components.tracking.markdown import Markdown, escaped, link
from components.tracking.results import NOTHING_LEFT, RetrainResult
from flows.addresses import addresses, flow_run_address
from flows.artifacts import Progress, Table, key_of, show_markdown
from flows.errors import StageFailed
from flows.listening import listener
from flows.progress import Throttle, share_done
from flows.result import Registration
from flows.stage_run import Work
from flows.summary import StageRow, Story, figures_of, models_in_words, outcome_in_words, stage_cells, told

STEPS_AFTER_STAGES = ("register", "consider", "report")
_DONE = {"ran", "restored", "unchanged", "failed"}
Answer = TypeVar("Answer")


class Page:
    """Hears what the flow does, passes it on to who watched before, and shows it."""

    def __init__(self, work: Work, states: Sequence[StageState]) -> None:
        """Take a retrain before its first stage."""
        self.is_broken = False
        self._work, self._before = work, listener()
        self._started = time.monotonic()
        self._rows = {state.name: StageRow(state.name, "waiting", _why(state), 0.0) for state in states}
        self._steps = [state.name for state in states if state.is_stale]
        self._steps += STEPS_AFTER_STAGES if self._steps else ()
        self._done: set[str] = set()
        self._step = ""
        profile = work.checkout.profile
        self._progress = Progress(key_of("progress", profile))
        self._table = Table(key_of("stages", profile))
        self._stage_progress: Progress | None = None
        self._throttle = Throttle()

    def begin(self, step: str) -> None:
        """A step or a stage starts."""
        self._before.begin(step)
        self._show(lambda: self._begun(step))

    def line(self, text: str) -> None:
        """The newest line that its process said."""
        self._before.line(text)
        self._show(lambda: self._said(text))

    def end(self, step: str, outcome: str, seconds: float) -> None:
        """It is done."""
        self._before.end(step, outcome, seconds)
        self._show(lambda: self._ended(step, outcome, seconds))

    def finished(self, registration: Registration) -> RetrainResult:
        """Show the whole retrain; the answer is what MLflow keeps of it."""
        return self._close(registration, "")

    def failed(self, error: BaseException) -> RetrainResult:
        """Show how far it came and why it ended; the answer is what MLflow keeps of it."""
        self._rows = {name: _not_reached(row) for name, row in self._rows.items()}
        if isinstance(error, StageFailed):
            return self._close(None, f"stage {error.stage}: {error.reason}", error.log_file)
        return self._close(None, str(error) or type(error).__name__)

    def _begun(self, step: str) -> None:
        self._step, self._stage_progress = step, None
        if step in self._rows:
            self._rows[step] = replace(self._rows[step], outcome="running")
        if step in self._steps:
            self._show_progress(f"now: {escaped(step)}")
            self._show_table()

    def _said(self, text: str) -> None:
        share = share_done(text) if self._step in self._rows else None
        if share is None or not self._throttle.lets_through(self._step):
            return
        if self._stage_progress is None:
            self._stage_progress = Progress(key_of("progress", self._work.checkout.profile, self._step))
        self._stage_progress.show(share, escaped(f"{self._step}: {text}"))

    def _ended(self, step: str, outcome: str, seconds: float) -> None:
        if self._stage_progress is not None and outcome != "failed":
            self._stage_progress.show(1.0, escaped(f"{step}: {outcome} after {seconds:.0f} s"))
        self._stage_progress = None
        if step in self._rows and outcome in _DONE:
            metrics = figures_of(self._work.checkout.folder, step)
            figures = metrics_told(json.loads(metrics.read_text())) if outcome != "failed" and metrics.exists() else ""
            row = replace(self._rows[step], outcome=outcome, seconds=seconds, figures=figures)
            self._rows[step] = row if outcome == "unchanged" else replace(row, mlflow_run_id=self._run_of(step))
        if outcome != "failed":
            self._done.add(step)

    def _show_progress(self, note: str) -> None:
        done = sum(step in self._done for step in self._steps)
        self._progress.show(done / len(self._steps), f"{done} of {len(self._steps)} steps; {note}")

    def _show_table(self) -> None:
        at, experiment_id = addresses(self._work.home), self._experiment_id()
        rows = [stage_cells(row, experiment_id, at.mlflow) for row in self._rows.values()]
        self._table.show(rows, f"{escaped(self._work.checkout.profile)}: {outcome_in_words(list(self._rows.values()))}")

    def _experiment_id(self) -> str:
        recorder = self._work.recorder
        return recorder.experiment_id if recorder.has_run else ""

    def _run_of(self, stage: str) -> str:
        """The run in MLflow that made a stage's outputs, as soon as it is over."""
        recorder = self._work.recorder
        return recorder.stage_runs({}).get(stage, "") if recorder.has_run else ""

    def _close(self, registration: Registration | None, failure: str, log: str = "") -> RetrainResult:
        story = self._try(lambda: replace(self._story(registration, failure), log=self._relative(log)))
        if story is None:
            return NOTHING_LEFT
        self._show(lambda: self._tell(story))
        return self._try(lambda: self._result(story)) or NOTHING_LEFT

    def _tell(self, story: Story) -> None:
        if self._steps:
            self._show_progress("failed" if story.failure else "finished")
        self._show_table()
        at = addresses(self._work.home)
        hint = "" if at.has_mlflow else "\n\nLinks to MLflow lead somewhere after `make up`."
        text = f"# {escaped(story.profile)} {story.commit[:12]}\n\n{told(story, at.mlflow)}{hint}"
        show_markdown(key_of("retrain", story.profile), text, outcome_in_words(story.stages))

    def _show(self, show: Callable[[], None]) -> None:
        """Once the page could not be written it is let be: every further call might wait for a server that is gone."""
        if not self.is_broken:
            self._try(show)

    def _try(self, show: Callable[[], Answer]) -> Answer | None:
        try:
            return show()
        except Exception as error:
            self.is_broken = True
            get_run_logger().warning("The page of this retrain is not complete: %s: %s", type(error).__name__, error)
            return None

    def _story(self, registration: Registration | None, failure: str) -> Story:
        work, recorder = self._work, self._work.recorder
        if recorder.has_run:
            for name, run_id in recorder.stage_runs(work.entries).items():
                if name in self._rows:
                    self._rows[name] = replace(self._rows[name], mlflow_run_id=run_id)
        return Story(
            commit=work.checkout.commit,
            profile=work.checkout.profile,
            seconds=time.monotonic() - self._started,
            stages=list(self._rows.values()),
            failure=failure,
            registration=registration,
            checkout=work.checkout.folder,
            report=self._relative(registration.report) if registration else "",
            runs=(recorder.experiment_id, recorder.mlflow_run_id) if recorder.has_run else None,
        )

    def _relative(self, path: str) -> str:
        """A path as a person types it in the repository's folder."""
        return path.removeprefix(f"{self._work.home.root}/")

    def _result(self, story: Story) -> RetrainResult:
        """What MLflow keeps: the same story with links inside its own page, and one to Prefect's."""
        work, registration = self._work, story.registration
        at = addresses(work.home)
        flow_run = link("Flow run in Prefect", flow_run_address(at.prefect, work.recorder.flow_run_id))
        hint = "" if at.has_prefect else " (after `make up`)"
        figures = main_figures(story.checkout / REPORT) if registration else ()
        seconds = {f"seconds/{row.name}": row.seconds for row in story.stages}
        tags = {"fusar.outcome": outcome_in_words(story.stages), "fusar.models": models_in_words(registration)}
        if story.failure:
            tags["fusar.failure"] = story.failure
        return RetrainResult(
            metrics=seconds | {figure.key: figure.value for figure in figures},
            tags={name: value for name, value in tags.items() if value},
            note=told(story, HERE, [Markdown(f"{flow_run}{hint}")]),
            inputs=work.recorder.inputs(work.entries),
            files=((work.home.root / registration.report, "report"),) if registration else (),
        )


def _not_reached(row: StageRow) -> StageRow:
    return replace(row, outcome="not reached") if row.outcome == "waiting" else row


def _why(state: StageState) -> str:
    """Its first reason; the stages above it have their own rows."""
    more = len(state.reasons) - 1
    return state.reasons[0] + (f" (and {more} more)" if more > 0 else "") if state.reasons else ""
