"""What a stage cost: processor time of real children, and counters as Linux shows them."""

import subprocess
import sys
from pathlib import Path

from components.tracking.consumption import Meter

BUSY = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"


def zone(powercap: Path, name: str, micro: int, most: int = 1000_000_000) -> None:
    (powercap / name).mkdir(parents=True, exist_ok=True)
    (powercap / name / "energy_uj").write_text(f"{micro}\n")
    (powercap / name / "max_energy_range_uj").write_text(f"{most}\n")


def test_processor_time_of_a_child_and_of_its_own_child_is_counted(tmp_path: Path) -> None:
    meter = Meter(False, tmp_path)
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}], check=True)"
    subprocess.run([sys.executable, "-c", nested], check=True)
    found = meter.read()
    assert 0.3 <= found["cpu_s"] < 3
    assert found["gpu_s"] == 0
    assert "energy_j" not in found or found["energy_j"] > 0, "nothing counts energy here, and nothing is invented"


def test_energy_is_that_of_whole_packages_also_where_a_counter_began_again(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", 5_000_000)
    zone(tmp_path, "intel-rapl:0:0", 4_000_000)
    zone(tmp_path, "intel-rapl:1", 999_000_000)
    meter = Meter(False, tmp_path)
    zone(tmp_path, "intel-rapl:0", 7_000_000)
    zone(tmp_path, "intel-rapl:0:0", 6_000_000)
    zone(tmp_path, "intel-rapl:1", 2_000_000)
    assert abs(meter.read()["energy_j"] - (2 + 3)) < 1e-6


def test_a_counter_that_says_nothing_readable_counts_nothing(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", 1)
    (tmp_path / "intel-rapl:0/energy_uj").write_text("")
    assert "energy_j" not in Meter(False, tmp_path).read()
