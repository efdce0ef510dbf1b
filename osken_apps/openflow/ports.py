"""The ports of a switch by number and name, from its port description and what it tells of changes. PURE.

Source: OpenFlow Switch Specification 1.4.0, 7.2.1 (port), 7.3.5.7 (port description), 7.4.3 (port status).
"""

import struct
from collections.abc import Iterator

from osken_apps.errors import Malformed
from osken_apps.openflow.codec import HEADER, MULTIPART, OFPMP_PORT_DESC, MessageType, message
from osken_apps.openflow.exchanges import TooMuch
from osken_apps.openflow.text import fixed_text

OFPP_LOCAL = 0xFFFFFFFE
OFPPR_DELETE = 1
MAX_PORTS = 1 << 16  # Open vSwitch numbers its ports in 16 bits

PORT = struct.Struct("!IH10x16s8x")
PORT_STATUS = struct.Struct("!B7x")


class Ports:
    """The names of a switch's ports by number."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._described = 0

    @property
    def bridge(self) -> str | None:
        """The name of the LOCAL port, which is the bridge's."""
        return self._names.get(OFPP_LOCAL)

    def by_name(self) -> dict[str, int]:
        """Give the number of each port but LOCAL."""
        return {name: number for number, name in self._names.items() if number != OFPP_LOCAL}

    def describe(self, buffer: bytes) -> None:
        """Take a part of a port description (whole message). Raises Malformed, TooMuch."""
        for number, name in decode_ports(buffer, HEADER.size + MULTIPART.size):
            self._described += 1
            if self._described > MAX_PORTS:
                raise TooMuch(f"a description of more than {MAX_PORTS} ports")
            self._set(number, name)

    def change(self, buffer: bytes) -> bool:
        """Take a port status message (whole); tell whether a name or a number is another now: mostly it tells
        of a link that went up or down. Raises Malformed.
        """
        ports = list(decode_ports(buffer, HEADER.size + PORT_STATUS.size))
        if len(ports) != 1:
            raise Malformed(f"port status of {len(buffer)} octets names {len(ports)} ports")
        number, name = ports[0]
        if buffer[HEADER.size] == OFPPR_DELETE:
            return self._names.pop(number, None) is not None
        before = self._names.get(number)
        self._set(number, name)
        return before != name

    def _set(self, number: int, name: str) -> None:
        if len(self._names) >= MAX_PORTS and number not in self._names:
            raise Malformed(f"more than {MAX_PORTS} ports")
        self._names[number] = name


def port_desc_request(xid: int) -> bytes:
    """Ask for all ports."""
    return message(MessageType.MULTIPART_REQUEST, xid, MULTIPART.pack(OFPMP_PORT_DESC, 0))


def decode_ports(buffer: bytes, offset: int) -> Iterator[tuple[int, str]]:
    """Read number and name of each port from there to the end. Raises Malformed."""
    end = len(buffer)
    if offset > end:
        raise Malformed(f"message of {end} octets is truncated")
    while offset < end:
        if end - offset < PORT.size:
            raise Malformed(f"port at octet {offset} is truncated")
        number, length, name = PORT.unpack_from(buffer, offset)
        if length < PORT.size or offset + length > end:
            raise Malformed(f"port at octet {offset} has length {length}")
        yield number, fixed_text(name)
        offset += length
