"""What computed: other processors round otherwise, so bytes are only promised on the same type."""

import platform
import re
from pathlib import Path
from typing import Final

PROCESSOR: Final = "fusar.processor"  # tag of a stage run
_CPU: Final = Path("/proc/cpuinfo")
_GPUS: Final = Path("/proc/driver/nvidia/gpus")
# Libraries choose their kernels by these; two machines of one name may differ in them where one is virtual.
_WIDE: Final = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "sve")


def processor_type() -> str:
    """Model and vector extensions of this machine's CPU, and the models of its GPUs."""
    text = _CPU.read_text(encoding="utf-8", errors="replace") if _CPU.exists() else ""
    model = _first(r"^model name\s*:\s*(.+)$", text) or platform.machine() or "unknown"
    flags = set(_first(r"^(?:flags|Features)\s*:\s*(.+)$", text).split())
    found = " ".join(flag for flag in _WIDE if flag in flags)
    gpus = sorted(_first(r"^Model:\s*(.+)$", path.read_text(errors="replace")) for path in _GPUS.glob("*/information"))
    return "; ".join([f"{model} ({found})" if found else model, *gpus])


def _first(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    return match[1].strip() if match else ""
