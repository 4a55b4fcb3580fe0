"""Retrains back to back on a fleet whose parts are killed at random: `python -m tests.faults.soak --retrains 200`.

Every retrain has parameters of its own, so that each stage has work to do; what came of it is compared with the bytes
that the parameters ask for, and databases and folders are measured before and after.
"""

import argparse
import hashlib
import json
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from components.revisions.lock import read_lock
from tests.faults.aftermath import digests, open_runs, torn_objects
from tests.faults.asking import asked
from tests.faults.repository import parameters_of, publish, small_repository
from tests.faults.stand import Stand
from tests.small_house import build

ASKED_AT_MOST = 5  # what is not finished then is lost
KILLS = ("stage flow", "retrain flow", "gpu", "cpu", "control", "prefect", "mlflow")


@dataclass
class Tally:
    """What came of it.

    Attributes:
        done: retrains that finished.
        lost: numbers of those that did not, however often they were asked for.
        wrong: numbers of those with other outputs.
        asked: how often a retrain had to be asked for again.
        kills: how often each thing was killed.
        seconds: from the first to the last retrain [s].
        sizes: of databases and folders before and after [byte].
    """

    done: int = 0
    lost: list[int] = field(default_factory=list)
    wrong: list[int] = field(default_factory=list)
    asked: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)


def soak(stand: Stand, retrains: int, minutes: float, seed: int) -> Tally:
    """Retrain as often as asked, or until the time is over."""
    chance, tally = random.Random(seed), Tally()
    before, started = sizes(stand), time.monotonic()
    for number in range(1, retrains + 1):
        if time.monotonic() - started > 60 * minutes:
            break
        publish(stand.house, number)
        one_retrain(stand, number, chance, tally)
        print(f"{number}: {tally.done} done, lost {tally.lost}, wrong {tally.wrong}, {sum(tally.kills.values())} kills")
    tally.seconds = time.monotonic() - started
    after = sizes(stand)
    tally.sizes = {name: (before.get(name, 0), size) for name, size in after.items()}
    return tally


def one_retrain(stand: Stand, number: int, chance: random.Random, tally: Tally) -> None:
    """Ask for a retrain, kill something while it works, ask again until it is done."""
    for attempt in range(ASKED_AT_MOST):
        tally.asked += 1
        retrain = stand.retrain()
        if attempt == 0 and chance.random() < 0.7:
            seconds, victim = chance.uniform(0.0, 12.0), chance.choice(KILLS)
            time.sleep(seconds)
            tally.kills[victim] += kill(stand, victim)
            print(f"{number}: {victim} killed after {seconds:.1f} s", flush=True)
        try:
            end = stand.end_of(retrain)
        except AssertionError:  # it waits for something that does not come
            print(f"{number}: no end: {stand.state(retrain)}, {[run['state'] for run in stand.stage_runs()[:3]]}")
            break
        if end["type"] == "COMPLETED":
            tally.done += 1
            made = digests(read_lock(stand.lock_of()))
            wanted = expected(stand.house, *parameters_of(number))
            if any(made[path] != md5 for path, md5 in wanted.items()):
                tally.wrong.append(number)
            return
        print(f"{number}: {end['type'].lower()}: {end['message']}", flush=True)
    tally.lost.append(number)


def kill(stand: Stand, victim: str) -> int:
    """kill -9 of one thing, and its restart; how many there were."""
    if victim.endswith("flow"):
        flows = stand.flow_processes("gpu" if victim.startswith("stage") else "control")
        for flow in flows[:1]:
            try:
                flow.send_signal(signal.SIGKILL)
            except psutil.NoSuchProcess:
                return 0
        return len(flows[:1])
    stand.kill(victim)
    stand.start(victim)
    return 1


def expected(house: Path, longest: int, step: int, factor: float) -> dict[str, str]:
    """The md5 of what `count` and `total` must write, without any of their code."""
    texts = {file.name: file.read_text()[:longest] for file in sorted((house / "data").glob("*.txt"))}
    counts = {name: step * sum(letter.isalpha() for letter in text) for name, text in texts.items()}
    contents = {
        "outputs/count/counts.json": json.dumps(counts, sort_keys=True),
        "outputs/total/total.json": json.dumps(factor * sum(counts.values())),
    }
    return {path: hashlib.md5(text.encode()).hexdigest() for path, text in contents.items()}


def sizes(stand: Stand) -> dict[str, int]:
    """Of each database and folder that grows [byte]."""
    machines = stand.folder / "machines"
    places = {
        "Prefect's database": machines / "prefect",
        "MLflow's database": machines / "mlflow",
        "DVC remote": stand.store,
        "machine of the retrain": machines / "control",
        "machine of a worker": machines / "gpu",
    }
    return {
        name: sum(file.stat().st_size for file in place.rglob("*") if file.is_file() and not file.is_symlink())
        for name, place in places.items()
    }


def say(tally: Tally, torn: list[str], still_open: list[str]) -> None:
    """The outcome, for people."""
    total = tally.done + len(tally.lost)
    print(f"{total} retrains in {tally.seconds:.0f} s, asked for {tally.asked} times, {dict(tally.kills)} killed")
    print(f"lost: {tally.lost or 0}, wrong: {tally.wrong or 0}, torn objects: {len(torn)}, open runs: {still_open}")
    for name, (before, after) in tally.sizes.items():
        print(
            f"{name}: {before / 1e6:.1f} -> {after / 1e6:.1f} MB, {(after - before) / max(total, 1) / 1e3:.0f} kB each"
        )


def main() -> int:
    """0 where nothing was lost, wrong, torn or left open."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--retrains", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fusar-soak-") as folder:
        small_repository(build(Path(folder) / "built"), Path(folder))
        stand = Stand(Path(folder))
        try:
            stand.up()
            tally = soak(stand, options.retrains, options.minutes, options.seed)
            made = asked(f"{stand.api}/api/deployments/name/reconcile/workers")
            run = asked(f"{stand.api}/api/deployments/{made['id']}/create_flow_run", {})
            stand.end_of(run["id"])
            still_open = open_runs(stand.mlflow)
            torn = torn_objects(stand.store)
        finally:
            stand.down()
        say(tally, torn, still_open)
    return 1 if tally.lost or tally.wrong or torn or still_open else 0


if __name__ == "__main__":
    sys.exit(main())
