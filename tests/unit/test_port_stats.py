"""What a switch counts of its ports: the wire form."""

import struct

import pytest

from osken_apps.errors import Malformed
from osken_apps.openflow.port_stats import PortStats, decode_port_stats, port_stats_request

HEADER = bytes.fromhex("05 13 0000 00000007 0004 0000 00000000")
UNKNOWN = 2**64 - 1


def entry(ofport: int, *counts: int, more: bytes = b"") -> bytes:
    """Make an entry, with properties behind it."""
    return struct.pack("!H2xIII8Q", 80 + len(more), ofport, 1, 2, *counts) + more


def test_the_statistics_of_one_port_are_asked_for() -> None:
    assert port_stats_request(5, 7) == bytes.fromhex(
        "05 12 0018 00000007 0004 0000 00000000 00000005 00000000"
    )


def test_packets_and_octets_are_read_and_what_is_not_counted_is_nothing() -> None:
    reply = HEADER + entry(5, 1, 2, 3, 4, 5, UNKNOWN, 7, 8, more=bytes(8)) + entry(6, *range(8))
    assert list(decode_port_stats(reply)) == [
        PortStats(5, 1, 2, 3, 4, 5, 0, 7, 8),
        PortStats(6, *range(8)),
    ]


@pytest.mark.parametrize(
    "entries", [bytes(7), entry(5, *range(8))[:-1], struct.pack("!H", 8) + entry(5, *range(8))[2:]]
)
def test_what_is_truncated_is_malformed(entries: bytes) -> None:
    with pytest.raises(Malformed):
        list(decode_port_stats(HEADER + entries))
