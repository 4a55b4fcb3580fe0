"""A forge says that somebody pushed: is it our forge, is it new, and which branch and commit?"""

import hashlib
import hmac
import json
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from components.arrivals.errors import NoSecret, Refused

SECRET, SECRET_FILE = "FUSAR_WEBHOOK_SECRET", "FUSAR_WEBHOOK_SECRET_FILE"
MOST_BYTES: Final = 1_000_000
# Older ones are replays, or so late that the poll was faster; clocks may differ by the second figure.
OLDEST_S: Final = 24 * 3600.0
FUTURE_S: Final = 900.0
_SHORTEST_SECRET: Final = 16
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BRANCH: Final = "refs/heads/"
_EVENTS: Final = ("x-github-event", "x-gitea-event", "x-gitlab-event")
_DELIVERIES: Final = ("x-github-delivery", "x-gitea-delivery", "x-gitlab-event-uuid")
_PUSHES: Final = ("push", "push hook")


@dataclass(frozen=True)
class Push:
    """Somebody pushed to a branch.

    Attributes:
        branch: its name, as the forge says it.
        commit: full id of its newest commit.
        marks: what tells this delivery from others: the digest of what was signed, and the forge's own id.
    """

    branch: str
    commit: str
    marks: tuple[str, ...]


def read_secret(environment: Mapping[str, str] = os.environ) -> bytes:
    """The secret that is shared with the forge, from a file or a variable.

    Raises:
        NoSecret: there is none, it cannot be read, or it is too short.
    """
    file = environment.get(SECRET_FILE)
    try:
        text = Path(file).read_text(encoding="utf-8") if file else environment.get(SECRET, "")
    except (OSError, UnicodeDecodeError) as error:
        raise NoSecret(f"{file} cannot be read ({type(error).__name__})") from error
    secret = text.strip().encode()
    if len(secret) < _SHORTEST_SECRET:
        where = file or SECRET
        raise NoSecret(f"{where} holds {len(secret)} characters" if secret else f"{where} holds none")
    return secret


def check_notification(headers: Mapping[str, str], body: bytes, secret: bytes, now: float | None = None) -> Push | None:
    """What a delivery of GitHub, Gitea, Forgejo or GitLab says; None for one that is no push to a branch.

    Args:
        headers: of the request, by lower-case name.
        body: as it was sent.
        secret: shared with the forge.
        now: by default the clock's [s since 1970].

    Raises:
        Refused: with the HTTP status to answer; the sentence holds nothing of the secret.
    """
    if len(body) > MOST_BYTES:
        raise Refused(413, f"more than {MOST_BYTES} bytes")
    _check_signature(headers, body, secret)
    event = next((headers[name] for name in _EVENTS if name in headers), "")
    if event.lower() not in _PUSHES:
        return None
    content = _parsed(body)
    ref, commit = content.get("ref"), content.get("after")
    if not isinstance(ref, str) or not isinstance(commit, str):
        raise Refused(422, "a push without `ref` or `after`")
    if not ref.startswith(_BRANCH) or not commit.strip("0"):  # a tag, or a branch that was removed
        return None
    if not _COMMIT.fullmatch(commit):
        raise Refused(422, "`after` is no commit id")
    _check_age(content, time.time() if now is None else now)
    delivery = [f"id {headers[name][:100]}" for name in _DELIVERIES if headers.get(name)]
    # The forge's own id is not signed: who replays a delivery may give it another.
    return Push(ref.removeprefix(_BRANCH), commit, (hashlib.sha256(body).hexdigest(), *delivery))


def _check_signature(headers: Mapping[str, str], body: bytes, secret: bytes) -> None:
    made = hmac.new(secret, body, hashlib.sha256).hexdigest().encode()
    if "x-hub-signature-256" in headers:
        is_right = hmac.compare_digest(_bytes(headers["x-hub-signature-256"].removeprefix("sha256=")), made)
    elif "x-gitea-signature" in headers:
        is_right = hmac.compare_digest(_bytes(headers["x-gitea-signature"]), made)
    elif "x-gitlab-token" in headers:  # GitLab signs nothing: it sends the secret itself, so let it come by HTTPS
        is_right = hmac.compare_digest(_bytes(headers["x-gitlab-token"]), secret)
    else:
        raise Refused(401, "not signed")
    if not is_right:
        raise Refused(401, "wrong signature")


def _bytes(header: str) -> bytes:
    """A header as it was sent; `compare_digest` takes no other than ASCII text."""
    return header.encode("utf-8", errors="replace")


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(415, "no JSON: choose the content type application/json in the webhook") from error
    if not isinstance(content, dict):
        raise Refused(422, "no JSON object")
    return content


def _check_age(content: Mapping[str, Any], now: float) -> None:
    """By times that are signed: when GitHub took the push, else those of its commits."""
    times = list(_times(content))
    if not times:
        raise Refused(422, "a push without the time of any commit")
    age = now - max(times)
    if not -FUTURE_S <= age <= OLDEST_S:
        raise Refused(409, "older than a day" if age > 0 else "from the future: compare the clocks")


def _times(content: Mapping[str, Any]) -> "list[float]":
    """Times that a push states [s since 1970]."""
    repository = content.get("repository")
    pushed = repository.get("pushed_at") if isinstance(repository, dict) else None
    if isinstance(pushed, int):
        return [float(pushed)]
    commits = content.get("commits")
    stated = [*(commits if isinstance(commits, list) else ()), content.get("head_commit")]
    found = []
    for commit in stated:
        text = commit.get("timestamp") if isinstance(commit, dict) else None
        try:
            found.append(datetime.fromisoformat(str(text)).timestamp())
        except (ValueError, OverflowError):
            continue
    return found
