"""README's section "Serve" as a person would paste it, on a free port and from an empty folder."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
README_PORT = "5001"
MODEL_FOLDER, ENVIRONMENT_FOLDER = ".fusar/champion", ".fusar/serving"


def blocks() -> list[str]:
    """The commands of README's section, block by block: start, ask."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Serve\n")[2].partition("\n## ")[0]
    return re.findall(r"^```\n(.*?)^```", section, re.DOTALL | re.MULTILINE)


def start_lines() -> list[str]:
    """The commands up to the server, without the activation of the platform's environment: the tests run in one."""
    lines = [line.partition("  #")[0].rstrip() for line in blocks()[0].splitlines()]
    assert lines[0] == "source .venv/bin/activate"
    assert "mlflow models serve" in lines[-1]
    return lines[1:]


def in_this_environment(lines: Sequence[str]) -> list[str]:
    """The same without the lines that make a clean environment."""
    return [line for line in lines if not line.startswith(("python -m venv", "pip install"))]


@dataclass(frozen=True)
class Server:
    """A served model.

    Attributes:
        folder: where its commands ran; holds `.fusar/champion`.
        files: the folder that FUSAR_SERVE_FOLDER names.
        seconds_to_ready: from the first command until it answers /ping.
    """

    port: int
    folder: Path
    files: Path
    process: "subprocess.Popen[bytes]"
    seconds_to_ready: float

    @property
    def example(self) -> dict[str, Any]:
        """The first row of the request that came with the model."""
        path = self.folder / MODEL_FOLDER / "serving_input_example.json"
        split = json.loads(path.read_text(encoding="utf-8"))["dataframe_split"]
        return dict(zip(split["columns"], split["data"][0], strict=True))

    def ask(self, *rows: dict[str, Any], **more: Any) -> tuple[int, dict[str, Any]]:
        """HTTP status and body of the answer to rows."""
        return self.post(json.dumps({"dataframe_records": rows, **more}).encode())

    def post(self, body: bytes) -> tuple[int, dict[str, Any]]:
        """HTTP status and body of the answer to a request as it is."""
        url, headers = f"http://127.0.0.1:{self.port}/invocations", {"Content-Type": "application/json"}
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.loads(refusal.read())

    def curl(self) -> "subprocess.CompletedProcess[str]":
        """README's own line; the port alone is another."""
        line = blocks()[1].splitlines()[0].replace(f":{README_PORT}/", f":{self.port}/")
        return subprocess.run(["bash", "-c", line], cwd=self.folder, capture_output=True, text=True, check=False)


@contextmanager
def serve(house: Path, folder: Path, lines: Sequence[str]) -> Iterator[Server]:
    """Run the lines in an empty folder with the store of a repository, and wait until the server answers."""
    (folder / "files").mkdir(parents=True)
    port = _free_port()
    text = "\n".join(lines).replace("sqlite:///mlruns", f"sqlite:///{house}/mlruns").replace(README_PORT, str(port))
    log, started = folder / "log.txt", time.monotonic()
    with log.open("wb") as stream:
        process = subprocess.Popen(
            ["bash", "-euc", text],
            cwd=folder,
            env=_environment(folder / "files"),
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for(port, process, log)
        yield Server(port, folder, folder / "files", process, time.monotonic() - started)
    finally:
        stop(process)
        shutil.rmtree(folder / ENVIRONMENT_FOLDER, ignore_errors=True)  # gigabytes


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End the server with all that it started; its shell is gone first, uvicorn a moment later."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
    for _ in range(300):
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)


def _environment(files: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "PYTHON", "FUSAR_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    quiet = {"MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false", "OMP_WAIT_POLICY": "PASSIVE"}
    return {**kept, **quiet, "PATH": path, "FUSAR_SERVE_FOLDER": str(files)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    while process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the server ended with {process.returncode}:\n{log.read_text(errors='replace')[-4000:]}")
