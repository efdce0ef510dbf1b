"""One OpenFlow connection: os-ken's Datapath with a reader of our own. SHELL.

os-ken does the handshake, echoes and port descriptions. Ours are the bulk reads, the packet-ins (`reader`)
and requests that wait for their reply. Nothing reaches os-ken's parser before its lengths were checked, as
that parser loops for ever on elements of length zero.
"""

import logging
from collections.abc import Callable
from contextlib import closing, suppress
from socket import MSG_DONTWAIT, MSG_PEEK, SHUT_RDWR
from typing import Any

import eventlet
import os_ken.base.app_manager  # noqa: F401  before its controller, or they import each other in vain
from eventlet.event import Event
from eventlet.semaphore import Semaphore
from os_ken.controller import ofp_event
from os_ken.controller.controller import Datapath
from os_ken.controller.handler import DEAD_DISPATCHER
from os_ken.exception import OFPUnknownVersion
from os_ken.lib import hub
from os_ken.ofproto import ofproto_parser

from osken_apps.apps.complaints import complain, shown
from osken_apps.apps.reader import PacketInHandler, Reader
from osken_apps.errors import Malformed, OskenAppsError
from osken_apps.openflow.codec import (
    HEADER,
    OFPMP_PORT_DESC,
    MessageType,
    barrier_request,
    check_ports,
    decode_error,
    decode_multipart,
)
from osken_apps.openflow.error_words import error_words

LOG = logging.getLogger(__name__)

REPLY_TIMEOUT_S = 10.0
PROBE_TIMEOUT_S = 2.0
MOST_WAITS = 6
OFPP_LOCAL = 0xFFFFFFFE
FOR_OSKEN = frozenset(
    {
        MessageType.HELLO,
        MessageType.ECHO_REQUEST,
        MessageType.ECHO_REPLY,
        MessageType.FEATURES_REPLY,
        MessageType.PORT_STATUS,
    }
)


class SwitchError(OskenAppsError):
    """A request to a switch failed: it did not answer in time."""


class SwitchRefused(SwitchError):
    """The switch answered a request with an error."""


class SwitchGone(SwitchError):
    """The connection ended; another one will come, or not."""


class _Exchange:
    """A request that waits: its replies so far, and the event that ends it."""

    def __init__(self) -> None:
        self.replies: list[bytes] = []
        self.done: Event = Event()


class Connection(Datapath):
    """A switch that is connected."""

    def __init__(self, socket: Any, address: Any) -> None:
        super().__init__(socket, address)
        self.max_meters = 0
        self.xid: int
        self._exchanges: dict[int, _Exchange] = {}
        self._sending = Semaphore()
        self._reader = Reader(socket, self._sending, self.send)

    def __str__(self) -> str:
        name = f"datapath {self.id:016x}" if self.id is not None else "a switch"
        if self.bridge:
            name = f"{shown(self.bridge)} ({name})"
        return f"{name} at {self.address[0]}:{self.address[1]}"

    @property
    def closed(self) -> bool:
        """Tell whether the connection has ended."""
        return bool(self.state == DEAD_DISPATCHER)

    @property
    def bridge(self) -> str | None:
        """The bridge's name: that of its LOCAL port."""
        local = self.ports.get(OFPP_LOCAL) if self.ports else None
        return local.name.decode(errors="replace").rstrip("\0") if local else None

    def ofports(self) -> dict[str, int]:
        """Give the bridge's port numbers by interface name, the LOCAL port left out."""
        return {
            port.name.decode(errors="replace").rstrip("\0"): number
            for number, port in self.ports.items()
            if number != OFPP_LOCAL
        }

    def serve(self) -> None:
        """Speak with the switch until it goes."""
        self.send_msg(self.ofproto_parser.OFPHello(self))
        echo = hub.spawn(self._echo_request_loop)
        try:
            self._recv_loop()
        finally:
            hub.kill(echo)
            self.is_active = False
            self._abandon(SwitchGone(f"{self} disconnected"))

    def answer_packet_ins(self, handler: PacketInHandler) -> None:
        """Have packet-ins answered by `handler`; nobody answers them until this is called."""
        self._reader.packet_ins = handler

    def send(self, buf: bytes, close_socket: bool = False) -> bool:
        """Send bytes; a slow switch holds up only its caller. Give False if the switch is gone."""
        try:
            with self._sending:
                self.socket.sendall(buf)
        except OSError as error:
            LOG.debug("%s: %s", self, error)
            self.close()
            return False
        if close_socket:
            self._close_write()
        return True

    def close(self) -> None:
        """End the connection; its reader wakes and leaves."""
        super().close()
        with suppress(OSError):
            self.socket.fd.shutdown(SHUT_RDWR)

    def request(self, build: Callable[[int], bytes]) -> list[bytes]:
        """Send the messages that `build` makes for an xid, and wait for what answers that xid.

        A multipart reply is complete with its last part, anything else with a barrier reply.
        Raises SwitchError on an error message, after 10 s, or when the connection ends.
        """
        self.xid = (self.xid + 1) & self.ofproto.MAX_XID
        xid, exchange = self.xid, _Exchange()
        self._exchanges[xid] = exchange
        try:
            if self.closed or not self.send(build(xid)):
                raise SwitchGone(f"{self} disconnected")
            self._await(exchange)
        finally:
            del self._exchanges[xid]
        return exchange.replies

    def probe(self) -> None:
        """Ask the switch for a sign of life. Raises SwitchError if it gives none."""
        with eventlet.Timeout(PROBE_TIMEOUT_S, SwitchError(f"{self} gives no sign of life")):
            self.request(barrier_request)

    def _await(self, exchange: _Exchange) -> None:
        """Wait for the end of an exchange; while the answer may lie unread, it is we who are late."""
        for _ in range(MOST_WAITS):
            with eventlet.Timeout(REPLY_TIMEOUT_S, False):
                exchange.done.wait()
                return
            if not self._has_unread():
                break
        raise SwitchError(f"{self} did not answer in {REPLY_TIMEOUT_S} s")

    def _has_unread(self) -> bool:
        try:
            return bool(self.socket.fd.recv(1, MSG_PEEK | MSG_DONTWAIT))
        except OSError:
            return False

    def _recv_loop(self) -> None:
        try:
            with closing(self._reader.messages()) as messages:
                for message in messages:
                    self._dispatch(*message)
                    if self.closed:
                        break
        except OSError as error:
            LOG.debug("%s: %s", self, error)
        except Malformed as error:
            words = "%s sent a message that cannot be read (%s); disconnecting"
            complain(LOG, self.address[0], words, self, str(error))
        self.close()
        self.socket.close()

    def _dispatch(self, message_type: int, xid: int, message: bytes) -> None:
        if message_type in FOR_OSKEN:
            self._hand_to_osken(message_type, message)
        elif message_type == MessageType.MULTIPART_REPLY:
            kind, more = decode_multipart(message)
            if kind == OFPMP_PORT_DESC:
                self._hand_to_osken(message_type, message)
            else:
                self._collect(xid, message, complete=not more)
        elif message_type == MessageType.BARRIER_REPLY:
            self._collect(xid, message, complete=True)
        elif message_type == MessageType.ERROR:
            self._fail(xid, message)

    def _hand_to_osken(self, message_type: int, message: bytes) -> None:
        """Let os-ken parse a message and tell its observers, as Datapath's own loop does."""
        if message_type == MessageType.HELLO:
            message = message[:2] + HEADER.size.to_bytes(2, "big") + message[4 : HEADER.size]
        elif message_type in (MessageType.PORT_STATUS, MessageType.MULTIPART_REPLY):
            check_ports(message)
        version, _, length, xid = HEADER.unpack_from(message)
        try:
            parsed = ofproto_parser.msg(self, version, message_type, length, xid, message)
        except OFPUnknownVersion as error:
            raise Malformed(f"OpenFlow version {version:#x}") from error
        if parsed is None or self.ofp_brick is None:
            return
        event = ofp_event.ofp_msg_to_ev(parsed)
        self.ofp_brick.send_event_to_observers(event, self.state)
        for handler in list(self.ofp_brick.get_handlers(event, self.state)):
            handler(event)

    def _collect(self, xid: int, message: bytes, complete: bool) -> None:
        exchange = self._exchanges.get(xid)
        if exchange:
            exchange.replies.append(message)
            if complete and not exchange.done.ready():
                exchange.done.send()

    def _fail(self, xid: int, message: bytes) -> None:
        error_type, code = decode_error(message)
        exchange = self._exchanges.get(xid)
        words = error_words(error_type, code)
        error = SwitchRefused(f"{self} refused a request: {words}")
        if exchange is None:
            complain(LOG, self.address[0], "%s sent an error: %s", self, words)
        elif not exchange.done.ready():
            exchange.done.send_exception(error)

    def _abandon(self, error: SwitchGone) -> None:
        for exchange in self._exchanges.values():
            if not exchange.done.ready():
                exchange.done.send_exception(error)
