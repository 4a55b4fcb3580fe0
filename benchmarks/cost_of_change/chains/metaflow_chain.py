"""The data stages as Metaflow steps.

`resume` clones what a finished run has made and does not look at data: a new scene is not seen. `resume start` runs
every step again, on every scene.
"""

# ruff: noqa: D102 (the steps are named after ours)

from metaflow import FlowSpec, step
from work import do


class Chain(FlowSpec):
    """Metaflow wants the names start and end for the outermost steps: they are `ingest` and `check_annotations`."""

    @step
    def start(self):
        self.chips = do("ingest")
        self.next(self.check_chips)

    @step
    def check_chips(self):
        self.verdicts = do("check_chips")
        self.next(self.annotate)

    @step
    def annotate(self):
        self.annotations = do("annotate")
        self.next(self.end)

    @step
    def end(self):
        self.checked = do("check_annotations")


if __name__ == "__main__":
    Chain()
