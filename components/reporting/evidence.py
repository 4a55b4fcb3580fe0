"""What the report page rests on: the outputs of a retrain, its lock and parameters, and what the registry said."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from components.contract.errors import FusarError
from components.contract.stage import OUTPUTS_FOLDER
from components.records import schemas
from components.records.tables import read_table
from components.revisions.lock import LOCK_FILE, lock_digest, read_lock

CURVES = ("pretrain", "align", "instruct")
SUITES = ("check_chips", "check_annotations")
CHIPS_FOLDER = "ingest/chips"
# Of a chip, what the page counts; pixels are read for the few chips that it shows.
CHIP_COLUMNS = ("chip_id", "scene_id", "place_id", "split", "simulated", "longitude", "latitude", "platform")


@dataclass(frozen=True)
class Registered:
    """Versions and verdicts of a retrain, as the registry answered; empty where nobody asked it.

    Attributes:
        versions: of each model: `model`, `version`.
        verdicts: of each version: `model`, `version`, `passed`, `state`, `champion`, `gates`.
        mlflow_run_id: the retrain's run; empty where none is known.
    """

    versions: tuple[Mapping[str, Any], ...] = ()
    verdicts: tuple[Mapping[str, Any], ...] = ()
    mlflow_run_id: str = ""


@dataclass(frozen=True)
class Evidence:
    """Outputs of one retrain as Arrow tables (`chips` without pixels), and how they were made."""

    outputs: Path
    chips: pa.Table
    annotations: pa.Table
    corpus: pa.Table
    injected: pa.Table
    items: pa.Table
    set_aside: pa.Table
    verdicts: pa.Table
    curves: dict[str, pa.Table]
    report: dict[str, Any]
    lock: Mapping[str, Any]
    params: Mapping[str, Any]
    packages: tuple[str, ...]
    registered: Registered

    @property
    def simulated(self) -> bool:
        """Whether any chip was simulated."""
        return any(self.chips["simulated"].to_pylist())

    def chips_with_pixels(self, chip_ids: Collection[str]) -> dict[str, dict[str, Any]]:
        """Whole rows of the schema CHIPS for some chips, by chip id; ids that no chip has are left out."""
        names = [name for name in schemas.CHIPS.names if name not in ("alphaearth", "alphaearth_valid", "land_cover")]
        folder = self.outputs / CHIPS_FOLDER
        wanted = [("chip_id", "in", sorted(chip_ids))]
        rows = pq.read_table(folder, columns=names, filters=wanted).to_pylist() if chip_ids else []
        return {row["chip_id"]: row for row in rows}


def read_evidence(checkout: Path, registered: Path) -> Evidence:
    """Read the outputs of all stages of a checkout.

    Args:
        checkout: folder with `outputs/`; lock, parameters and requirements.lock are read where they lie in it.
        registered: JSON of what the registry said of this lock; passed over where it is absent or of another lock.

    Raises:
        FusarError: an output is missing, unreadable or of another schema.
    """
    outputs = checkout / OUTPUTS_FOLDER
    lock = read_lock(checkout / LOCK_FILE)
    suites = [read_table(outputs / suite / "verdicts.parquet", schemas.VERDICTS) for suite in SUITES]
    return Evidence(
        outputs=outputs,
        chips=read_table(outputs / CHIPS_FOLDER, schemas.CHIPS, CHIP_COLUMNS),
        annotations=read_table(outputs / "annotate/annotations", schemas.ANNOTATIONS),
        corpus=read_table(outputs / "pretrain/corpus.parquet", schemas.CORPUS),
        injected=read_table(_injected(outputs / "annotate"), schemas.INJECTED),
        items=read_table(outputs / "evaluate/items.parquet", schemas.ITEMS),
        set_aside=read_table(outputs / "ingest/set_aside.parquet", schemas.SET_ASIDE),
        verdicts=pa.concat_tables(suites),
        curves={stage: read_table(outputs / stage / "curve.parquet", schemas.CURVE) for stage in CURVES},
        report=_read_json(outputs / "evaluate/report.json"),
        lock=lock,
        params=_params(checkout / "params.yaml"),
        packages=_packages(checkout / "requirements.lock"),
        registered=_read_registered(registered, lock_digest(lock)),
    )


def _injected(folder: Path) -> Path:
    """One file per scene; commits of before have one file."""
    single = folder / "injected.parquet"
    return single if single.exists() else folder / "injected"


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FusarError(f"{path}: cannot be read as JSON ({error}). Run `dvc repro evaluate`.") from error
    return content


def _read_registered(path: Path, digest: str) -> Registered:
    if not path.exists():
        return Registered()
    content = json.loads(path.read_text(encoding="utf-8"))
    if content.get("lock") != digest:  # of an earlier retrain of the same profile
        return Registered()
    versions, verdicts = tuple(content.get("versions", ())), tuple(content.get("verdicts", ()))
    return Registered(versions, verdicts, str(content.get("mlflow_run_id", "")))


def _params(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.exists() else {}


def _packages(path: Path) -> tuple[str, ...]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return tuple(line.split(" ")[0] for line in lines if "==" in line and not line.lstrip().startswith("#"))
