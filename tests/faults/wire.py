"""A wire between two programs that a test can cut: TCP goes through it until it is told to stop."""

import selectors
import socket
import threading
import time

_CHUNK = 1 << 16


class Wire:
    """Forwards connections from a free port of this machine to an address.

    While it is cut, bytes stay where they are and new connections find nobody: no reset tells either side, as when a
    switch loses power.
    """

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listening.getsockname()[1]
        self._whole = threading.Event()
        self._whole.set()
        self._is_open = True
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, seconds: float) -> None:
        """Stop forwarding for this long, then go on."""
        self._whole.clear()
        time.sleep(seconds)
        self._whole.set()

    def close(self) -> None:
        """Take no more connections."""
        self._is_open = False
        self._whole.set()
        self._listening.close()

    def _accept(self) -> None:
        while self._is_open:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._forward, args=(near,), daemon=True).start()

    def _forward(self, near: socket.socket) -> None:
        """Copy both ways until either side ends."""
        self._whole.wait()
        try:
            with near, socket.create_connection(self._target) as far, selectors.DefaultSelector() as ready:
                ready.register(near, selectors.EVENT_READ, far)
                ready.register(far, selectors.EVENT_READ, near)
                while self._is_open:
                    for key, _ in ready.select(timeout=1):
                        self._whole.wait()
                        data = key.fileobj.recv(_CHUNK)  # type: ignore[union-attr]
                        if not data:
                            return
                        key.data.sendall(data)
        except OSError:
            return
