"""What a stage costs a machine: processor time, GPU time, and energy where a counter of the machine can be read."""

import ctypes
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

POWERCAP: Final = Path("/sys/class/powercap")
_NVML: Final = "libnvidia-ml.so.1"


class Meter:
    """Counters from its making on; of processor time, only what children of this process use that have ended."""

    def __init__(self, holds_gpus: bool, powercap: Path = POWERCAP) -> None:
        """Begin to count.

        Args:
            holds_gpus: whether the visible GPUs are held for the work that is counted.
            powercap: where Linux shows the energy counters of the processors (RAPL).
        """
        self._holds_gpus, self._powercap = holds_gpus, powercap
        self._began, self._cpu_s = time.monotonic(), _children_s()
        self._joules = _counters(powercap)

    def read(self) -> dict[str, float]:
        """`cpu_s` and `gpu_s` [s] and `energy_j` [J] since the beginning; a value that nothing counts is left out.

        Energy is that of the whole machine: what else ran on it in this time is in it.
        """
        gpus = _visible_gpus() if self._holds_gpus else 0
        found = {"cpu_s": _children_s() - self._cpu_s, "gpu_s": gpus * (time.monotonic() - self._began)}
        now = _counters(self._powercap)
        spent = [now[name][0] - before for name, (before, _) in self._joules.items() if name in now]
        ranges = [wrap for name, (_, wrap) in self._joules.items() if name in now]
        if spent:
            found["energy_j"] = sum(one if one >= 0 else one + wrap for one, wrap in zip(spent, ranges, strict=True))
        return found


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _counters(powercap: Path) -> dict[str, tuple[float, float]]:
    """Energy [J] by counter, and where the counter starts again at nothing."""
    return {**dict(_processors(powercap)), **dict(_gpus())}


def _processors(powercap: Path) -> Iterator[tuple[str, tuple[float, float]]]:
    # Only whole packages, `intel-rapl:0`: the zones below one are parts of it. AMD's have the same name.
    for zone in sorted(powercap.glob("intel-rapl:[0-9]*")):
        try:
            if zone.name.count(":") == 1:
                micro, most = (int((zone / name).read_text()) for name in ("energy_uj", "max_energy_range_uj"))
                yield zone.name, (micro / 1e6, most / 1e6)
        except (OSError, ValueError):  # since 2020 only root may read it (CVE-2020-8694)
            continue


def _gpus() -> Iterator[tuple[str, tuple[float, float]]]:
    """NVIDIA's own counters, by the library of its driver; none without it, or before Volta."""
    try:
        nvml = ctypes.CDLL(_NVML)
    except OSError:
        return
    if nvml.nvmlInit_v2() != 0:
        return
    try:
        for number in range(_count(nvml)):
            handle, milli = ctypes.c_void_p(), ctypes.c_ulonglong()
            if nvml.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(number), ctypes.byref(handle)) != 0:
                continue
            if nvml.nvmlDeviceGetTotalEnergyConsumption(handle, ctypes.byref(milli)) == 0:
                yield f"gpu {number}", (milli.value / 1e3, 0.0)
    finally:
        nvml.nvmlShutdown()


def _count(nvml: ctypes.CDLL) -> int:
    count = ctypes.c_uint()
    return count.value if nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)) == 0 else 0


def _visible_gpus() -> int:
    """GPUs that a child of this process may use."""
    there = len(list(Path("/proc/driver/nvidia/gpus").glob("*")))
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    return there if named is None else min(there, len([name for name in named.split(",") if name.strip()]))
