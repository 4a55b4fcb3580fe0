"""Which build of torch there is and which GPU; read from files, because to import torch takes longer than the rest."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from components.installation.finding import Finding, Installation, error, info, ok, warning

VERSION = re.compile(r"^__version__ = '([^']+)'", re.MULTILINE)
CUDA = re.compile(r"^cuda: .*= '([^']+)'", re.MULTILINE)
SECONDS = 3


def look(installation: Installation) -> Iterator[Finding]:
    """The build of torch beside the GPUs of this machine, and whether torchvision is in the way."""
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        yield error("torch: not installed", "`pip install -r requirements.lock`")
        return
    text = Path(spec.origin).with_name("version.py").read_text(encoding="utf-8")
    version, cuda = VERSION.search(text), CUDA.search(text)
    yield judge(version[1] if version else "of unknown version", cuda[1] if cuda else "", gpus())
    if find_spec("torchvision") is not None:
        # transformers takes it when it is there, and every import fails where its build does not fit torch's.
        yield warning(
            "torchvision: installed, though nothing here needs it; a build that does not fit torch breaks transformers",
            "`pip uninstall torchvision`",
        )


def judge(version: str, cuda: str, devices: tuple[str, ...]) -> Finding:
    """The build of torch (`cuda` empty: for the CPU) against the names of the GPUs."""
    if devices and not cuda:
        return warning(
            f"torch {version} computes on the CPU only; {', '.join(devices)} stays idle",
            "`pip install --force-reinstall --no-deps torch` of the same version from PyTorch's CUDA index.",
        )
    if cuda and not devices:
        return info(f"torch {version} for CUDA {cuda}, no NVIDIA GPU found", "A CPU wheel of torch would save 4 GB.")
    if devices:
        return ok(f"torch {version} for CUDA {cuda}: {', '.join(devices)}")
    return ok(f"torch {version} on the CPU, no NVIDIA GPU found")


def gpus() -> tuple[str, ...]:
    """Names of the NVIDIA GPUs that the driver knows; none without a driver."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    command = [program, "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True).stdout
    except (subprocess.SubprocessError, OSError):
        return ()
    return tuple(line.strip().replace(", ", " (driver ") + ")" for line in answer.splitlines() if line.strip())
