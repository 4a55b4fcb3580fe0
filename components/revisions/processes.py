"""Which process has something, in words that tell whether it still lives."""

import os
import socket
from pathlib import Path

import psutil


def this_process() -> str:
    """Name of this process among all machines: where its number counts, the number, when it started."""
    # The start time tells a process from a later one with the same number.
    return f"{_machine()} {os.getpid()} {psutil.Process().create_time():.2f}"


def is_gone(process: str) -> bool:
    """Whether a process that called itself so has ended; False where it is one of another machine."""
    machine, _, number = process.partition(" ")
    if machine != _machine():
        return False
    pid, _, started = number.partition(" ")
    try:
        found = psutil.Process(int(pid))
        # One that nobody has reaped yet runs no more.
        return f"{found.create_time():.2f}" != started or found.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _machine() -> str:
    """The host; a container counts its processes for itself and may have the host's name."""
    namespace = Path("/proc/self/ns/pid")
    return f"{socket.gethostname()}/{namespace.readlink() if namespace.exists() else ''}"
