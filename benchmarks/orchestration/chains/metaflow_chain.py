"""Eight Metaflow steps in our order, each of which keeps one small value as a file; `resume` clones a finished run."""

# ruff: noqa: D102 (the steps are named after ours and do nothing)

from metaflow import FlowSpec, step


class Chain(FlowSpec):
    """Metaflow wants the names start and end for the outermost steps: they are `ingest` and `evaluate`."""

    @step
    def start(self):
        self.chips = "ingest"
        self.next(self.check_chips)

    @step
    def check_chips(self):
        self.verdicts = f"check_chips {self.chips}"
        self.next(self.annotate)

    @step
    def annotate(self):
        self.annotations = f"annotate {self.chips} {self.verdicts}"
        self.next(self.check_annotations)

    @step
    def check_annotations(self):
        self.checked = f"check_annotations {self.chips} {self.annotations}"
        self.next(self.pretrain)

    @step
    def pretrain(self):
        self.klip = f"pretrain {self.chips} {self.annotations} {self.checked}"
        self.next(self.align)

    @step
    def align(self):
        self.aligned = f"align {self.chips} {self.klip}"
        self.next(self.instruct)

    @step
    def instruct(self):
        self.gpt = f"instruct {self.chips} {self.klip} {self.aligned}"
        self.next(self.end)

    @step
    def end(self):
        self.report = f"evaluate {self.chips} {self.annotations} {self.klip} {self.gpt}"


if __name__ == "__main__":
    Chain()
