"""Which request is answered next, and by which thread: nobody who hammers holds up the others. SHELL.

Requests stand in three lanes with threads of their own. `HEALTH` is never held up by anything. `LOGIN` has
one thread, since one password is checked at a time, and takes turns between those who try: by client
(`addresses.share_of`), and of a client by name, each with a few waiting. What was right a moment ago is known
without a check, and goes with the others; these take turns by client. One that is to wait until something is
new goes to its lane when it is (`waiting_room`).
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any

from osken_apps.failures import Failures
from osken_apps.fair_queue import FairQueue, Turns
from osken_apps.model.addresses import share_of
from osken_apps.rest.server.waiting import News
from osken_apps.rest.server.waiting_room import WaitingRoom

MAX_WAITING = 64  # for a check of a password, of all
MAX_WAITING_OF_CLIENT = 16  # under whatever names
MAX_WAITING_OF_ONE = 8
MAX_SECRET_BYTES = 16 * 1024  # what is longer is cut, and never known
KNOWN_S = 60.0
MAX_KNOWN = 10_000
HEALTH_PATHS = frozenset({"/healthz", "/readyz"})
LOGIN_PATH = re.compile("/+identity/+v3/+(auth/+tokens|users/+[^/]+/+password)/*")
STOP_S = 1.0  # how long what has come is still answered


class Lane(Enum):
    """Where a request waits."""

    HEALTH = auto()
    LOGIN = auto()
    OTHER = auto()


class Known:
    """What was right within the last minute, as digests under a key that dies with the process."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._key = secrets.token_bytes(32)
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def add(self, secret: bytes) -> None:
        """Remember what was right, if that is all of it."""
        if len(secret) > MAX_SECRET_BYTES:
            return
        self._until[self._digest(secret)] = self._now() + KNOWN_S
        while len(self._until) > MAX_KNOWN:
            self._until.popitem(last=False)

    def discard(self, secret: bytes) -> None:
        """Forget what is no longer right."""
        self._until.pop(self._digest(secret), None)

    def __contains__(self, secret: bytes) -> bool:
        return self._until.get(self._digest(secret), 0.0) > self._now()

    def _digest(self, secret: bytes) -> bytes:
        return hmac.new(self._key, secret, hashlib.sha256).digest()


def is_login(method: str, path: str) -> bool:
    """Tell whether the body of a request is what is checked as a password is."""
    # As the application reads them: without empty parts, the method in capitals.
    return method.upper() == "POST" and LOGIN_PATH.fullmatch(path) is not None


def secret_of(method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes | None:
    """Give all that is to be checked as a password is, and where; None: nothing of a request is.

    `headers` are by name, in capitals and with underscores. A token goes before a password.
    """
    has_token = headers.get("X_AUTH_TOKEN", "notused") not in ("", "notused")
    authorization = "" if has_token else headers.get("AUTHORIZATION", "")
    if is_login(method, path):
        return f"{path} {authorization}\n".encode() + body
    return f" {authorization}\n".encode() if authorization else None


def name_of(secret: bytes) -> str:
    """Give the name that somebody tries, as far as it can be read."""
    head, _, body = secret.partition(b"\n")
    try:
        if body:
            identity = json.loads(body)["auth"]["identity"]
            user = identity[identity["methods"][0]].get("user", identity[identity["methods"][0]])
            return str(user.get("name") or user.get("id"))[:255]
        return base64.b64decode(head.rpartition(b" ")[2]).decode().partition(":")[0]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, binascii.Error):
        return ""


class Logins:
    """Who waits for a check of a password: by turns between clients, and of one between names.

    Where there are too many, whoever tries most makes room: many names from one client are one who tries.
    """

    def __init__(
        self,
        most: int = MAX_WAITING,
        most_of_client: int = MAX_WAITING_OF_CLIENT,
        most_of_one: int = MAX_WAITING_OF_ONE,
    ) -> None:
        self._most, self._most_of_client, self._most_of_one = most, most_of_client, most_of_one
        self._clients: Turns[str, FairQueue] = Turns()

    def __len__(self) -> int:
        return sum(map(len, self._clients.values()))

    def put(self, client: str, name: str, item: Any) -> Any:
        """Have an item wait; give that for which there is no room: this or another one, or None."""
        own = self._clients.setdefault(client, FairQueue(self._most_of_client, self._most_of_one))
        if not own.put(name, item):
            return item
        if len(self) <= self._most:
            return None
        crowd = max(self._clients, key=lambda each: len(self._clients[each]))
        dropped = self._clients[crowd].drop()
        if not self._clients[crowd]:
            del self._clients[crowd]
        return dropped

    def take(self) -> Any:
        """Take the first item of the client whose turn it is."""
        return self._clients.take(FairQueue.take)


class Dispatcher:
    """Threads that answer requests, as waitress asks for them: `add_task`, `shutdown`."""

    def __init__(self, threads: int, known: Known | None = None, news: News | None = None) -> None:
        """Start the threads; without `known` nobody logs in here, without `news` nobody waits for any."""
        self.known = known
        self._lock = threading.Lock()
        self._ready = {lane: threading.Condition(self._lock) for lane in Lane}
        self._stops_at: float | None = None
        self._logins = Logins()
        self._turns = {Lane.HEALTH: FairQueue(), Lane.OTHER: FairQueue()}
        lanes: Mapping[Lane, FairQueue | Logins] = {**self._turns, Lane.LOGIN: self._logins}
        counts = {Lane.HEALTH: 1, Lane.LOGIN: 1, Lane.OTHER: threads}
        self._failures = Failures()
        self._threads = [
            threading.Thread(target=self._serve, args=(lanes[lane], self._ready[lane]), daemon=True)
            for lane, count in counts.items()
            for _ in range(count)
        ]
        for thread in self._threads:
            thread.start()
        self._room = WaitingRoom(news, self._put) if news else None

    def add_task(self, task: Any) -> None:
        """Have a channel's first request answered, now or when something is new."""
        if self._room is None or not self._room.take(task):
            self._put(task)

    def end_wait(self, task: Any) -> None:
        """Have a channel answered now, if it waits."""
        if self._room:
            self._room.end(task)

    def forget(self, task: Any) -> None:
        """Wait no more for a channel that is closed."""
        if self._room:
            self._room.leave(task)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> None:
        """Let the threads finish what they are at and what has come, as far as STOP_S is enough, and end."""
        if self._room:
            self._room.close()
        with self._lock:
            self._stops_at = time.monotonic() + STOP_S
            for ready in self._ready.values():
                ready.notify_all()
        ends = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, ends - time.monotonic()))

    def _put(self, task: Any) -> None:
        request = task.requests[0]
        lane = self._lane_of(request)
        with self._lock:
            if lane is Lane.LOGIN:
                refused = self._logins.put(share_of(task.client), name_of(request.secret), task)
                self._ready[lane].notify()
            else:
                self._answer(lane, task)
                refused = None
            if refused is not None:
                refused.requests[0].is_one_too_many = True
                self._answer(Lane.OTHER, refused)

    def _answer(self, lane: Lane, task: Any) -> None:
        """Have it answered that it is one too many, or what needs no check of a password."""
        self._turns[lane].put(share_of(task.client), task)
        self._ready[lane].notify()

    def _lane_of(self, request: Any) -> Lane:
        path = getattr(request, "path", "")
        if request.error:
            return Lane.OTHER
        if path in HEALTH_PATHS:
            return Lane.HEALTH
        if self.known is None:
            return Lane.OTHER
        secret = request.secret = secret_of(request.command, path, request.headers, _body(request))
        return Lane.OTHER if secret is None or secret in self.known else Lane.LOGIN

    def _serve(self, lane: FairQueue | Logins, ready: threading.Condition) -> None:
        while True:
            with self._lock:
                while not len(lane) and self._stops_at is None:
                    ready.wait()
                if not len(lane) or self._is_late():
                    return
                task = lane.take()
            try:
                task.service()
            except Exception as error:
                self._failures.note("a request was not answered", error)

    def _is_late(self) -> bool:
        return self._stops_at is not None and time.monotonic() > self._stops_at


def _body(request: Any) -> bytes:
    """Give the beginning of a body, by which it is known to be cut; all is there for whoever answers."""
    if request.command.upper() != "POST":
        return b""
    stream = request.get_body_stream()
    start: bytes = stream.read(MAX_SECRET_BYTES)
    stream.seek(0)
    return start
