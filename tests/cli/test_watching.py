import io
import re
import time

from rich.console import Console

from cli import watching
from cli.watching import LiveLine, PlainLines, shown_progress


def test_plain_lines_break_a_silence_by_themselves(capsys, monkeypatch):
    monkeypatch.setattr(watching, "SECONDS_OF_SILENCE", 0.5)
    lines = PlainLines()
    with lines.heartbeat():
        lines.begin("pretrain")
        time.sleep(2.5)
    assert re.search(r"pretrain: \d s", capsys.readouterr().err)


def test_a_talkative_stage_is_shown_every_few_seconds_and_not_line_by_line(capsys):
    lines = PlainLines()
    lines.begin("ingest")
    for number in range(100):
        lines.line(f"{number}/100")
    lines.end("ingest", "ran", 2.25)
    assert capsys.readouterr().err.splitlines() == ["ingest ...", "ingest: ran (2.2 s)"]


def test_without_a_terminal_plain_lines_are_shown(capsys):
    with shown_progress() as listener:
        assert isinstance(listener, PlainLines)


def test_the_live_line_shows_step_seconds_and_newest_words_even_while_its_process_is_silent():
    lines = LiveLine()
    lines.console = Console(file=io.StringIO(), force_terminal=True, width=60)
    lines.begin("pretrain")
    lines.line("[bold]step 12/300 loss 2.1")
    lines.started -= 75
    shown = str(lines.render().text)
    assert shown.startswith("pretrain 75 s  [bold]step 12/300")
    lines.line("x" * 500)
    assert len(str(lines.render().text)) <= 60
