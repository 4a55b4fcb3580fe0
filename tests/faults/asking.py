"""Questions to servers of this machine, and patience until something is so."""

import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

PATIENCE_SECONDS = 900.0


def free_ports(number: int) -> list[int]:
    """Ports that nobody has, all different."""
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in taken]
    for one in taken:
        one.close()
    return ports


def wait_for(condition: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """What the condition answers once that is true."""
    until = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.2)
    return answer


def asked(url: str, content: object = None, method: str | None = None) -> Any:
    """Answer of an address on this machine, whatever proxy is set; None where nobody answers, or not yet."""
    data = json.dumps(content).encode() if content is not None else None
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        assert error.code in (404, 500, 502, 503), f"{url}: {error.code} {error.read()[:1000]!r}"
        return None
    except OSError:
        return None
    return json.loads(text) if text[:1] in (b"{", b"[") else text.decode() or True
