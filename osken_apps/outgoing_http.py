"""HTTP to other services: an exchange ends in time, and an answer is so long at most. SHELL.

An adapter of requests, which keystoneauth1 speaks through. The timeouts of requests are for each read of the
socket, and it has no bound for a head or a body. Not loaded where nobody but us is asked: requests comes with
the extras.
"""

import io
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar, copy_context
from functools import partial
from http.client import HTTPException, HTTPResponse
from typing import Any

from keystoneauth1.session import Session, TCPKeepAliveAdapter
from requests import PreparedRequest, ReadTimeout, Response
from requests.exceptions import ContentDecodingError

MAX_OCTETS = 4 * 2**20  # of head and body; a token with a large catalogue has some 100 KiB
_ends: ContextVar[float] = ContextVar("ends")  # by the monotonic clock


def bounded(session: Session, seconds: float) -> Callable[[], AbstractContextManager[None]]:
    """Have a session ask through here only; give what whoever uses it does so under.

    All that a thread asks under it once, with every redirection, ends in so many seconds together.
    """
    adapter = BoundedAdapter()
    for scheme in ("http://", "https://"):
        session.mount(scheme, adapter)
    return partial(_answered_within, seconds)


@contextmanager
def _answered_within(seconds: float) -> Iterator[None]:
    token = _ends.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends.reset(token)


def _left_s() -> float:
    """Give the seconds that are left. Raises TimeoutError."""
    left_s = _ends.get() - time.monotonic()
    if left_s <= 0:
        raise TimeoutError("the answer has taken too long")
    return left_s


class _BoundedSocket(io.RawIOBase):
    """What is read of a socket: until the time is over, and so many octets."""

    def __init__(self, sock: Any, raw: io.RawIOBase) -> None:
        self._socket = sock
        self._raw = raw
        self._left = MAX_OCTETS

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(_left_s())
        count: int | None = self._raw.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise HTTPException(f"the answer is longer than {MAX_OCTETS} octets")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedResponse(HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_BoundedSocket(sock, self.fp.detach()))


class BoundedAdapter(TCPKeepAliveAdapter):
    """Sends requests and takes their answers whole, both within the time that is left."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Have connections bounded that lead to the service itself."""
        super().init_poolmanager(*args, **kwargs)
        _bound_connections(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Have connections bounded that lead through a proxy."""
        is_new = proxy not in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **kwargs)
        if is_new:
            _bound_connections(manager)
        return manager

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Send a request. Raises RequestException, ReadTimeout among them.

        A thread does it, which is left alone when the time is over: a name is looked up, and one address
        after the other tried, for as long as the resolver and the connection's own timeout have it.
        """
        answer: Future[Response] = Future()

        def exchange() -> None:
            try:
                answer.set_result(self._exchange(request, *args, **kwargs))
            except BaseException as error:
                answer.set_exception(error)

        try:
            left_s = _left_s()
            threading.Thread(target=copy_context().run, args=(exchange,), daemon=True).start()
            return answer.result(left_s)
        except TimeoutError as error:
            raise ReadTimeout(f"no whole answer in time from {request.url}", request=request) from error

    def _exchange(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        # What is compressed has no bound before it is unpacked.
        request.headers["Accept-Encoding"] = "identity"
        response = super().send(request, *args, **kwargs | {"timeout": _left_s(), "stream": True})
        encoding = response.headers.get("Content-Encoding", "identity")
        if encoding.lower() != "identity":
            response.close()
            raise ContentDecodingError(f"the answer is encoded ({encoding}), which nobody asked for")
        _ = response.content  # read here and kept, under the deadline
        return response


def _bound_connections(manager: Any) -> None:
    """Have the pools of a manager make connections with bounded answers."""
    manager.pool_classes_by_scheme = {
        scheme: type(
            pool.__name__,
            (pool,),
            {"ConnectionCls": type("Bounded", (pool.ConnectionCls,), {"response_class": _BoundedResponse})},
        )
        for scheme, pool in manager.pool_classes_by_scheme.items()
    }
