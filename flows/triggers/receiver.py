"""A receiver of signed Git notifications: each one that holds becomes a Prefect event, and nothing else."""

import asyncio
import logging
from dataclasses import dataclass
from functools import partial

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from components.arrivals.errors import Refused
from components.arrivals.notifications import MOST_BYTES, Push, check_notification
from components.arrivals.seen import Deliveries
from components.revisions.home import Home
from flows.events import COMMIT_RESOURCE, event_id, server_of, tell

CHANGED = "fusar.data.changed"
PATH = "/git"
_BODY_SECONDS = 10.0
_log = logging.getLogger("fusar.webhook")


@dataclass(frozen=True)
class Receiver:
    """What a receiver needs to know.

    Attributes:
        home: of the repository, whose Prefect server is told.
        branch: the one branch whose pushes are told.
        secret: shared with the forge.
        deliveries: which were taken.
    """

    home: Home
    branch: str
    secret: bytes
    deliveries: Deliveries


def application(receiver: Receiver) -> Starlette:
    """The ASGI application: POST /git for the forge, GET /health for whoever keeps it running."""
    routes = [
        Route(PATH, partial(_receive, receiver), methods=["POST"]),
        Route("/health", _health, methods=["GET"]),
    ]
    return Starlette(routes=routes)


async def _health(request: Request) -> Response:
    return PlainTextResponse("ok")


async def _receive(receiver: Receiver, request: Request) -> Response:
    try:
        body = await asyncio.wait_for(_body(request), _BODY_SECONDS)
        push = check_notification(request.headers, body, receiver.secret)
        if push is None:
            return _answer(request, 200, "ignored: no push to a branch")
        if push.branch != receiver.branch:
            # A good answer: a forge disables a webhook that refuses what other people push.
            return _answer(request, 200, f"ignored: branch {push.branch[:80]!a} is not watched")
        return _answer(request, *await run_in_threadpool(_act, receiver, push))
    except Refused as error:
        return _answer(request, error.status, f"refused: {error.problem}")
    except (TimeoutError, ClientDisconnect):
        return _answer(request, 408, "refused: the body did not come")


async def _body(request: Request) -> bytes:
    """The body, read no further than it may be long."""
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > MOST_BYTES:
            raise Refused(413, f"more than {MOST_BYTES} bytes")
    return bytes(read)


def _act(receiver: Receiver, push: Push) -> tuple[int, str]:
    """Tell Prefect of a push that was not told before: HTTP status and what is said of it."""
    if not receiver.deliveries.take(push.marks):
        raise Refused(409, "delivered before")
    payload = {"branch": push.branch, "commit": push.commit, "source": "webhook"}
    with server_of(receiver.home) as has_server:
        told_as = event_id(CHANGED, push.branch, push.commit)
        if has_server and tell(CHANGED, f"{COMMIT_RESOURCE}.{push.commit}", payload, told_as):
            return 202, f"told: commit {push.commit[:12]}"
    receiver.deliveries.give_back(push.marks)
    return 503, "no Prefect server took it: deliver it again"


def _answer(request: Request, status: int, said: str) -> Response:
    """Answer, and log the answer: neither holds a header, a body or the secret."""
    who = request.client.host if request.client else "?"
    _log.log(logging.INFO if status < 400 else logging.WARNING, "%s %d %s", who, status, said)
    return JSONResponse({"said": said}, status_code=status)
