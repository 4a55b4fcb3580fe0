"""Which processes are there, by number, by the file they hold and by the port they listen on."""

import os
import socket
from pathlib import Path
from typing import Any

LOCK_TABLE = Path("/proc/locks")


def is_running(pid: int) -> bool:
    """Whether a process has this number; one that has ended and waits to be reaped does not run any more."""
    try:
        if pid <= 0:
            return False  # to os.kill they mean groups of processes
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    status = Path(f"/proc/{pid}/stat")
    return (
        not status.exists() or status.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0] != "Z"
    )


def lock_owner(file: Path) -> int | None:
    """Number of the process that took the lock on a file; None when nobody holds it, or this system does not say."""
    if not LOCK_TABLE.exists():
        return None
    status = file.stat()
    wanted = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    for line in LOCK_TABLE.read_text(encoding="utf-8").splitlines():
        fields = line.replace("-> ", "").split()
        if len(fields) > 5 and fields[5] == wanted:
            return int(fields[4])
    return None


def is_taken(port: int) -> bool:
    """Whether a server on loopback cannot have this port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def listener_on(port: int) -> str:
    """Name and number of the process that listens on a port; says so where only its owner may know."""
    import psutil

    try:
        found = [one for one in psutil.net_connections("tcp") if one.status == "LISTEN" and one.laddr.port == port]
        pid = next((one.pid for one in found if one.pid), None)
        return f"{_name(psutil.Process(pid))} (process {pid})" if pid else "a process of another user"
    except psutil.Error:
        return "a process of another user"


def _name(process: Any) -> str:
    """The program of a process with its first words, short enough for a table."""
    words = [word.rsplit("/", 1)[-1] for word in process.cmdline()[:4]]
    return " ".join(words)[:60] or str(process.name())
