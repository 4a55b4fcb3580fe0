"""What a warm start costs in quality: `python -m benchmarks.warm_start.quality`, or `make bench-warm-start`."""

import argparse
import copy
import datetime
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.orchestration.results import machine_facts, versions
from benchmarks.warm_start.workspace import DATA_STAGES, EVALUATION, ROOT, TRAINING_STAGES, Params, Workspace

RESULTS: Final = Path(__file__).resolve().parents[1] / "results" / "warm_start.json"
UPDATE: Final = "demo-update"  # the scene that `make demo-update` adds
SHARES: Final = (1.0, 0.5, 0.25)
# What the evaluation is read by: value, and its 95 % interval over places.
FIGURES: Final = (
    *("fusar-klip.i2t_r5", "fusar-klip.t2i_r5", "scio.auroc"),
    *(f"fusar-gpt.{task}" for task in ("count", "classify", "land_cover", "describe", "locate", "detect")),
)
LOSSES: Final = (("pretrain", "loss_itc"), ("pretrain", "loss_mlm"), ("align", "val_loss"), ("instruct", "val_loss"))


def with_steps(params: Params, times: float) -> Params:
    """Parameters whose trainings take so many times the steps."""
    changed = copy.deepcopy(params)
    training = changed["pretrain"]["training"]
    training["steps"] = max(3, 3 * round(training["steps"] * times / 3))
    for stage in ("align", "instruct"):
        changed[stage]["steps"] = max(1, round(changed[stage]["steps"] * times))
    return changed


def with_start(params: Params, folders: Mapping[str, str | None], seed: int) -> Params:
    """Parameters whose trainings start from these folders, with their seeds moved on."""
    changed = copy.deepcopy(params)
    for stage, md5 in folders.items():
        changed[stage]["warm_start"] = md5
    for stage in TRAINING_STAGES:
        changed[stage]["seed"] += seed
    return changed


def measure(options: argparse.Namespace, space: Workspace) -> Iterator[dict[str, Any]]:
    """Train the earlier version, add a scene, then train warm and anew; a row as soon as each is there."""
    profile = yaml.safe_load((ROOT / f"profiles/{options.profile}.yaml").read_text(encoding="utf-8"))
    params = with_steps(profile, options.steps_times)
    told = Console(stderr=True)
    if options.earlier is None:
        told.print(f"Simulating {options.catalogue} and training the earlier version ...")
        space.add_scenes(options.catalogue)
        seconds = space.run(params, {**DATA_STAGES, **TRAINING_STAGES, **EVALUATION})
    else:
        space.take(options.earlier)
        seconds = {}
    yield _row("earlier", 1.0, 0, seconds, space.figures())
    folders = space.keep_weights()
    added = space.add_scenes(UPDATE)
    told.print(f"Added {', '.join(added)} ...")
    space.run(params, DATA_STAGES)
    for seed in range(options.seeds):
        # The cheapest first: what is measured is written at once.
        warm = [("warm", share) for share in sorted(options.shares)]
        for name, share in (*warm, ("anew", 1.0)):
            told.print(f"Training {name}, {share:g} of the steps, seed {seed} ...")
            start = folders if name == "warm" else dict.fromkeys(folders)
            changed = with_start(with_steps(params, share), start, seed)
            seconds = space.run(changed, {**TRAINING_STAGES, **EVALUATION})
            yield _row(name, share, seed, seconds, space.figures())


def _row(
    name: str, share: float, seed: int, seconds: Mapping[str, float], found: Mapping[str, Mapping[str, float]]
) -> dict[str, Any]:
    evaluated = found["evaluate"]
    return {
        "start": name,
        "share_of_steps": share,
        "seed": seed,
        "seconds": dict(seconds),
        "training_s": round(sum(seconds.get(stage, 0.0) for stage in TRAINING_STAGES), 1),
        "losses": {f"{stage}.{key}": found[stage].get(key) for stage, key in LOSSES},
        "figures": {
            key: {
                end: evaluated[f"{key}{suffix}"] for end, suffix in (("value", ""), ("low", ".low"), ("high", ".high"))
            }
            for key in FIGURES
            if key in evaluated
        },
    }


def table_of(rows: list[dict[str, Any]]) -> Table:
    """The rows side by side: figures in % with their intervals, losses, seconds."""
    table = Table(title="simulated scenes: evaluation [%, 95 % interval over places], last losses, training time [s]")
    table.add_column("figure")
    for row in rows:
        table.add_column(f"{row['start']} {row['share_of_steps']:g}, seed {row['seed']}", justify="right")
    for key in rows[0]["figures"]:
        table.add_row(key, *(_percent(row["figures"].get(key)) for row in rows))
    for key in rows[0]["losses"]:
        table.add_row(key, *("" if (loss := row["losses"][key]) is None else f"{loss:.3f}" for row in rows))
    table.add_row("training [s]", *(f"{row['training_s']:.0f}" for row in rows))
    return table


def _percent(figure: Mapping[str, float] | None) -> str:
    if figure is None:
        return ""
    value, low, high = (100 * figure[end] for end in ("value", "low", "high"))
    return f"{value:.1f} ({low:.1f}-{high:.1f})"


def main() -> None:
    """Measure, print, and add what was measured to the JSON under the profile's name."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.warm_start.quality", description=__doc__)
    parser.add_argument("--profile", default="laptop", help="parameter set in profiles/")
    parser.add_argument("--catalogue", default="demo", help="scenes of the earlier version: demo, tiny")
    parser.add_argument("--steps-times", type=float, default=1.0, help="steps of all trainings, times the profile's")
    parser.add_argument("--seeds", type=int, default=1, help="how often everything is trained, each with other seeds")
    parser.add_argument("--shares", type=float, nargs="+", default=SHARES, help="steps of a warm start, of those anew")
    parser.add_argument("--earlier", type=Path, help="finished checkout of the earlier version, instead of training it")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    about = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="minutes"),
        "machine": machine_facts(),
        "versions": versions(),
        "load_at_start": round(os.getloadavg()[0], 1),
        **{name: vars(options)[name] for name in ("catalogue", "steps_times", "seeds")},
    }
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="fusar-warm-start-") as scratch:
        for row in measure(options, Workspace(Path(scratch))):
            rows.append(row)
            _write(options.output, options.profile, {**about, "rows": rows})
    Console(width=40 + 24 * len(rows)).print(table_of(rows))


def _write(path: Path, profile: str, content: Mapping[str, Any]) -> None:
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps({**known, profile: content}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
