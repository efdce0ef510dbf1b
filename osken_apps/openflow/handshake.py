"""The messages of the handshake: who speaks which version, and what a switch is. PURE.

Source: OpenFlow Switch Specification 1.4.0, 6.3.1 (connection setup), 7.5.1 (hello), 7.3.1 (features).
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from osken_apps.errors import Malformed
from osken_apps.openflow.actions import OFPCML_NO_BUFFER
from osken_apps.openflow.codec import HEADER, OFP_VERSION, MessageType, message

OFPHET_VERSIONBITMAP = 1
OFPET_HELLO_FAILED = 0
OFPHFC_INCOMPATIBLE = 0
FEATURES_REQUEST = 5
OFPC_FRAG_NX_MATCH = 3  # Open vSwitch's: flows match fragments by what they have, and say which they mean

HELLO_ELEMENT = struct.Struct("!HH")
BITMAP = struct.Struct("!I")
ERROR = struct.Struct("!HH")
CONFIG = struct.Struct("!HH")
FEATURES = struct.Struct("!QIBB2xI4x")

VERSION_NAMES = {1: "1.0", 2: "1.1", 3: "1.2", 4: "1.3", 5: "1.4", 6: "1.5"}


@dataclass(frozen=True, slots=True)
class Hello:
    """What a peer's HELLO says: the version of its header, and all that it speaks where it lists them."""

    version: int
    versions: frozenset[int] | None = None

    def speaks_ours(self) -> bool:
        """Tell whether the negotiation ends with OpenFlow 1.4.

        If both list their versions, the highest common one counts, and our list has one. Else the smaller of
        the two headers' versions does.
        """
        if self.versions is not None:
            return OFP_VERSION in self.versions
        return min(self.version, OFP_VERSION) == OFP_VERSION

    def words(self) -> str:
        """Name the versions that it speaks."""
        versions = {self.version} if self.versions is None else self.versions
        return (
            ", ".join(VERSION_NAMES.get(version, f"{version:#x}") for version in sorted(versions)) or "none"
        )


@dataclass(frozen=True, slots=True)
class Features:
    """What a switch says of itself; an auxiliary connection has another `auxiliary_id` than 0."""

    datapath_id: int
    auxiliary_id: int


def hello(xid: int) -> bytes:
    """Make our HELLO: it lists OpenFlow 1.4 alone."""
    element = HELLO_ELEMENT.pack(OFPHET_VERSIONBITMAP, HELLO_ELEMENT.size + BITMAP.size)
    return message(MessageType.HELLO, xid, element + BITMAP.pack(1 << OFP_VERSION))


def hello_failed(peer_version: int, xid: int, text: str) -> bytes:
    """Make the error that ends a negotiation; its header has a version that the peer can read."""
    body = ERROR.pack(OFPET_HELLO_FAILED, OFPHFC_INCOMPATIBLE) + text.encode("ascii", "replace")
    version = min(peer_version, OFP_VERSION)
    return HEADER.pack(version, MessageType.ERROR, HEADER.size + len(body), xid) + body


def features_request(xid: int) -> bytes:
    """Ask what the switch is."""
    return HEADER.pack(OFP_VERSION, FEATURES_REQUEST, HEADER.size, xid)


def set_config(xid: int) -> bytes:
    """Have fragments matched as what they are (ovs-fields(7), fragments), and packets sent here whole."""
    return message(MessageType.SET_CONFIG, xid, CONFIG.pack(OFPC_FRAG_NX_MATCH, OFPCML_NO_BUFFER))


def decode_hello(buffer: bytes) -> Hello:
    """Read a HELLO (whole message). Raises Malformed."""
    bitmaps: list[bytes] = []
    offset, end = HEADER.size, len(buffer)
    if end < offset:
        raise Malformed(f"hello of {end} octets is truncated")
    while offset < end:
        if end - offset < HELLO_ELEMENT.size:
            raise Malformed(f"hello element at octet {offset} is truncated")
        kind, length = HELLO_ELEMENT.unpack_from(buffer, offset)
        if length < HELLO_ELEMENT.size or offset + length > end:
            raise Malformed(f"hello element at octet {offset} has length {length}")
        if kind == OFPHET_VERSIONBITMAP:
            bitmaps.append(_bitmap(buffer[offset + HELLO_ELEMENT.size : offset + length]))
        offset += (length + 7) // 8 * 8
    return Hello(buffer[0], frozenset(_versions(bitmaps)) if bitmaps else None)


def decode_features(buffer: bytes) -> Features:
    """Read a features reply (whole message). Raises Malformed."""
    try:
        datapath_id, _, _, auxiliary_id, _ = FEATURES.unpack_from(buffer, HEADER.size)
    except struct.error as error:
        raise Malformed(f"features reply of {len(buffer)} octets is truncated") from error
    return Features(datapath_id, auxiliary_id)


def _bitmap(data: bytes) -> bytes:
    if not data or len(data) % BITMAP.size:
        raise Malformed(f"version bitmap of {len(data)} octets")
    return data


def _versions(bitmaps: Iterable[bytes]) -> Iterable[int]:
    """Give the versions whose bits are set; the first 32 stand in the first word."""
    for bitmap in bitmaps:
        for number, (word,) in enumerate(BITMAP.iter_unpack(bitmap)):
            yield from (number * 32 + bit for bit in range(32) if word >> bit & 1)
