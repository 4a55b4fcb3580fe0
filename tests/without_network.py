"""Run a command in a network namespace that has loopback and no route; write down whether it tried to reach out.

Started by `unshare --net`: python without_network.py REPORT.json COMMAND...
"""

import errno
import fcntl
import json
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

SET_FLAGS, UP_AND_RUNNING = 0x8914, 0x41  # SIOCSIFFLAGS, IFF_UP | IFF_RUNNING: linux/sockios.h, linux/if.h
PUBLIC = ("1.1.1.1", 443)


def main() -> None:
    report, command = Path(sys.argv[1]), sys.argv[2:]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sH22x", b"lo", UP_AND_RUNNING))
    probed, seconds = probe()
    before, started = attempts(), time.monotonic()
    done = subprocess.run(command, check=False)
    facts = {
        "probe": probed,
        "probe_seconds": seconds,
        "attempts_of_probe": before,
        "attempts": attempts() - before,
        "seconds": time.monotonic() - started,
    }
    report.write_text(json.dumps(facts), encoding="utf-8")
    raise SystemExit(done.returncode)


def probe() -> tuple[str, float]:
    """Name of the error that a connection to a public address meets, and how long that took [s]."""
    started = time.monotonic()
    try:
        socket.create_connection(PUBLIC, timeout=5).close()
    except OSError as failure:
        return errno.errorcode.get(failure.errno or 0, str(failure)), time.monotonic() - started
    return "connected", time.monotonic() - started


def attempts() -> int:
    """Packets of this namespace that found no route, IPv4 and IPv6."""
    names, values = (line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Ip:"))
    ipv6 = dict(line.split() for line in Path("/proc/net/snmp6").read_text().splitlines())
    return int(values[names.index("OutNoRoutes")]) + int(ipv6.get("Ip6OutNoRoutes", 0))


main()
