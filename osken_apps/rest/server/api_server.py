"""The server of the API as a whole: over TLS or plain, with its bounds. SHELL."""

import socket
from collections.abc import Callable
from typing import Any

from waitress.adjustments import Adjustments

from osken_apps.rest.server.certificates import Certificates
from osken_apps.rest.server.clients import ClientOf, peer_is_client
from osken_apps.rest.server.http_server import (
    MAX_CONNECTIONS,
    MAX_HEADER_BYTES,
    MAX_RECEIVED_BYTES,
    MAX_UNREAD_BYTES,
    ApiServer,
)
from osken_apps.rest.server.http_tls import MAX_RECORD_BYTES, TlsServer
from osken_apps.rest.server.lanes import Dispatcher, Known
from osken_apps.rest.server.waiting import News


def api_server(
    application: Callable[..., Any],
    listener: socket.socket,
    threads: int,
    certificates: Certificates | None = None,
    has_logins: bool = False,
    news: News | None = None,
    client_of: ClientOf = peer_is_client,
) -> ApiServer:
    """Make the server of an application on a socket that listens already; with certificates it speaks TLS.

    `news` tells those who wait for it that there is some, `client_of` who the client of a request is.
    """
    server = TlsServer if certificates else ApiServer
    return server(
        application,
        **_on(listener, "https" if certificates else "http"),
        dispatcher=Dispatcher(threads, Known() if has_logins else None, news),
        client_of=client_of,
        **({"certificates": certificates} if certificates else {}),
    )


def plain_server(application: Callable[..., Any], listener: socket.socket) -> ApiServer:
    """Make the server of another application, with a thread and connections of its own."""
    return ApiServer(application, map={}, **_on(listener, "http"), dispatcher=Dispatcher(1))


def _on(listener: socket.socket, url_scheme: str) -> dict[str, Any]:
    """Give waitress a socket that listens already, and the bounds of what comes."""
    settings = Adjustments(
        sockets=[listener],
        ident=None,
        # The application itself knows which proxies to believe.
        clear_untrusted_proxy_headers=False,
        asyncore_use_poll=True,
        connection_limit=MAX_CONNECTIONS,
        outbuf_high_watermark=MAX_UNREAD_BYTES,
        max_request_header_size=MAX_HEADER_BYTES,
        max_request_body_size=MAX_RECEIVED_BYTES,
        recv_bytes=MAX_RECORD_BYTES,
        url_scheme=url_scheme,
    )
    address = (listener.family, listener.type, listener.proto, listener.getsockname())
    return {"adj": settings, "_sock": listener, "bind_socket": False, "sockinfo": address}
