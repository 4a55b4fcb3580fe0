"""One size of corpus: made once, then one scene more as often as is asked."""

import shutil
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cost_of_change.clock import CommandClock
from benchmarks.cost_of_change.generated import scene_id, write_scene
from benchmarks.cost_of_change.house import commit_data, make_house, newest_checkout
from benchmarks.cost_of_change.pushed import Pushed, listing, made_of, pushed
from benchmarks.cost_of_change.stages import DATA_STAGES, RetrainCost, bring_up_data
from benchmarks.timing import Spent


@dataclass(frozen=True)
class Change:
    """One scene added to a corpus.

    Attributes:
        data: `dvc add data` and `dvc push data.dvc`.
        retrain: the data stages.
        pushed: bytes.
    """

    data: Spent
    retrain: RetrainCost
    pushed: Pushed


@dataclass(frozen=True)
class SizeCost:
    """One size.

    Attributes:
        scenes: in the corpus before the changes.
        first: the data stages of the whole corpus, once.
        changes: one for each repeat.
    """

    scenes: int
    first: RetrainCost
    changes: tuple[Change, ...]

    def dvc(self, stage: str) -> Spent:
        """Median of DVC's own share of one stage."""
        return median([change.retrain.stages[stage].dvc for change in self.changes])

    def command(self, stage: str) -> Spent:
        """Median of a stage's own command."""
        return median([change.retrain.stages[stage].command for change in self.changes])

    @property
    def bytes_ratio(self) -> float:
        """Median of what was pushed, manifests apart, over the new scene's own bytes."""
        return statistics.median(change.pushed.objects / change.pushed.scene for change in self.changes)

    @property
    def worked_on(self) -> dict[str, list[int]]:
        """Scenes or chips that each stage worked on, in each repeat."""
        return {name: [change.retrain.stages[name].anew for change in self.changes] for name in DATA_STAGES}


def median(times: Sequence[Spent]) -> Spent:
    """Medians of wall clock and processor time, each by itself."""
    return Spent(statistics.median(one.wall_s for one in times), statistics.median(one.cpu_s for one in times))


def measure_size(scratch: Path, scenes: int, repeats: int, tell: Callable[[str], None]) -> SizeCost:
    """Make a corpus in a clone under `scratch`, add one scene `repeats` times, and remove it all again."""
    folder = scratch / str(scenes)
    try:
        home, clock = make_house(folder / "clone"), CommandClock(folder / "clock")
        for number in range(scenes):
            write_scene(home.root / "data", number)
        commit_data(home)
        tell(f"{scenes} scenes: all of them once")
        first = bring_up_data(home, newest_checkout(home), clock)
        changes = []
        for number in range(scenes, scenes + repeats):
            tell(f"{scenes} scenes: one more, {number - scenes + 1} of {repeats}")
            own, before = write_scene(home.root / "data", number), listing(home.remote)
            data = commit_data(home)
            checkout = newest_checkout(home)
            retrain = bring_up_data(home, checkout, clock)
            own += made_of(checkout.folder / "outputs", scene_id(number))
            changes.append(Change(data, retrain, pushed(before, listing(home.remote), own)))
        return SizeCost(scenes, first, tuple(changes))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
