"""A version booted once by `mlflow models serve`, asked its smoke prompts, timed and ended."""

import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import requests
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from components.lineage.versions import fetch
from components.registry.booting import booted
from components.registry.errors import DoesNotServe
from components.registry.smoke_prompts import Prompt, prompts_of
from components.revisions.home import Home

EXAMPLE_FILE: Final = "serving_input_example.json"
TIMED_REQUESTS: Final = 15
_ANSWER_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Answered:
    """How one smoke prompt ended.

    Attributes:
        prompt: its name.
        problem: what is wrong, in words: no answer, another status than 200, another count of answers; else empty.
        in_form: answers that have the form that was asked for, of `rows`.
        rows: answers that belong to the prompt.
        said: the beginning of what came back.
    """

    prompt: str
    problem: str
    in_form: int
    rows: int
    said: str


@dataclass(frozen=True)
class Served:
    """What a booted version did.

    Attributes:
        problem: why it could not be booted; empty where it was.
        boot_s: from the start of the command until it answered /ping, or until it was given up [s].
        answered: every smoke prompt; none where it was not booted.
        seconds: how long each of `TIMED_REQUESTS` requests of the input example took, one after the other [s].
    """

    problem: str
    boot_s: float
    answered: tuple[Answered, ...]
    seconds: tuple[float, ...] = field(repr=False)

    @property
    def median_s(self) -> float:
        """Median time of a request [s]; NaN where none was timed."""
        return statistics.median(self.seconds) if self.seconds else float("nan")


def serve_once(home: Home, client: MlflowClient, version: ModelVersion, scratch: Path) -> Served:
    """Boot a version on a free loopback port, ask it, time it, end it and all of its processes.

    Args:
        home: of the repository; its MLflow store has the version.
        client: of that store.
        version: what to boot, by the code and with the packages that `mlflow models serve --env-manager local` takes.
        scratch: a folder for its files; the server's temporary files lie there too.

    Raises:
        LineageError: it has no input example.
    """
    example = _example(client, version, scratch)
    started = time.monotonic()
    try:
        with booted(home, f"{version.name}/{version.version}", scratch) as address:
            boot_s = time.monotonic() - started
            answered, seconds = _asked(address, prompts_of(str(version.name), example))
    except DoesNotServe as error:
        return Served(error.reason, time.monotonic() - started, (), ())
    return Served("", boot_s, answered, seconds)


def _asked(address: str, prompts: Sequence[Prompt]) -> tuple[tuple[Answered, ...], tuple[float, ...]]:
    with requests.Session() as session:
        session.trust_env = False  # a proxy of the environment must not stand before loopback
        # Also the warm-up: the first requests of a process are slower. What answers nothing is not timed.
        answered = tuple(_ask(session, address, prompt) for prompt in prompts)
        is_good = not any(one.problem for one in answered)
        seconds = tuple(_time(session, address, prompts[0]) for _ in range(TIMED_REQUESTS if is_good else 0))
    return answered, seconds


def _example(client: MlflowClient, version: ModelVersion, scratch: Path) -> Any:
    """MLflow writes an empty cell as NaN, which is no JSON; null says the same."""
    text = fetch(client, version, EXAMPLE_FILE, scratch).read_text(encoding="utf-8")
    return json.loads(text, parse_constant=lambda _: None)


def _ask(session: requests.Session, address: str, prompt: Prompt) -> Answered:
    try:
        reply = session.post(f"{address}/invocations", json=prompt.body, timeout=_ANSWER_SECONDS)
        answers = reply.json().get("predictions") if reply.status_code == requests.codes.ok else None
    except (requests.RequestException, AttributeError) as error:  # a JSON answer that is no object has no get
        return Answered(prompt.name, f"no answer ({type(error).__name__})", 0, prompt.rows, "")
    said = reply.text[:200]
    if answers is None:
        return Answered(prompt.name, f"status {reply.status_code}", 0, prompt.rows, said)
    if not isinstance(answers, list) or len(answers) != prompt.rows:
        return Answered(prompt.name, f"not {prompt.rows} answers", 0, prompt.rows, said)
    return Answered(prompt.name, "", sum(map(prompt.has_form, answers)), prompt.rows, said)


def _time(session: requests.Session, address: str, prompt: Prompt) -> float:
    started = time.perf_counter()
    session.post(f"{address}/invocations", json=prompt.body, timeout=_ANSWER_SECONDS).raise_for_status()
    return time.perf_counter() - started
