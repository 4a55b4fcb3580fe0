"""What a person sees while a flow runs: a live line in a terminal, plain lines elsewhere; always on stderr."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

if TYPE_CHECKING:
    from flows.listening import Listener

SECONDS_BETWEEN_LINES = 5.0
SECONDS_OF_SILENCE = 8.0
SIGNS = {"failed": "[red]x[/red]", "unchanged": "[dim]=[/dim]"}


@contextmanager
def shown_progress() -> Iterator["Listener"]:
    """A listener that shows what it is told for the duration of the block."""
    if not sys.stderr.isatty():
        plain = PlainLines()
        with plain.heartbeat():
            yield plain
        return
    lines = LiveLine()
    with lines.live:
        yield lines


class LiveLine:
    """A moving line with the step, its seconds and its newest words; a lasting one for each finished step."""

    def __init__(self) -> None:
        self.console = Console(stderr=True)
        self.step, self.newest, self.started = "", "", time.monotonic()
        self.spinner = Spinner("dots")
        # Live asks again on every refresh, so that the seconds go on while the process is silent.
        self.live = Live(get_renderable=self.render, console=self.console, transient=True, refresh_per_second=8)

    def begin(self, step: str) -> None:
        """Show another step."""
        self.step, self.newest, self.started = step, "", time.monotonic()

    def line(self, text: str) -> None:
        """Show the newest line."""
        self.newest = text.strip()

    def end(self, step: str, outcome: str, seconds: float) -> None:
        """Leave a lasting line."""
        took = f"{seconds:.1f} s" if seconds else ""
        self.console.print(f"{SIGNS.get(outcome, '[green]✓[/green]')} {step:<18} {outcome:<12} [dim]{took}[/dim]")
        self.step = ""

    def render(self) -> Spinner:
        """The line as it stands now."""
        seconds = time.monotonic() - self.started
        text = f"{self.step} {seconds:.0f} s  {self.newest}" if self.step else "..."
        shown = Text(text, overflow="ellipsis", no_wrap=True, style="cyan")
        shown.truncate(max(20, self.console.width - 4), overflow="ellipsis")
        self.spinner.update(text=shown)
        return self.spinner


class PlainLines:
    """A line for each step, for what its process says at most every few seconds, and for silence that lasts."""

    def __init__(self) -> None:
        self.step, self.started, self.shown = "", time.monotonic(), time.monotonic()

    def begin(self, step: str) -> None:
        """Print that the step starts."""
        self.step, self.started = step, time.monotonic()
        self._print(f"{step} ...")

    def line(self, text: str) -> None:
        """Print the line unless something was printed a moment ago."""
        if time.monotonic() - self.shown >= SECONDS_BETWEEN_LINES:
            self._print(f"  {self.step}: {text.strip()}")

    def end(self, step: str, outcome: str, seconds: float) -> None:
        """Print how it went."""
        self.step = ""
        self._print(f"{step}: {outcome}" + (f" ({seconds:.1f} s)" if seconds else ""))

    @contextmanager
    def heartbeat(self) -> Iterator[None]:
        """Print a line whenever nothing else was printed for some seconds."""
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(1.0):
                if time.monotonic() - self.shown >= SECONDS_OF_SILENCE:
                    self._print(f"  {self.step or 'working'}: {time.monotonic() - self.started:.0f} s")

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _print(self, text: str) -> None:
        self.shown = time.monotonic()
        print(text, file=sys.stderr, flush=True)
