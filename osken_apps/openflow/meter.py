"""Meters: rate limits that flows pass, as values and in their wire form. PURE.

Source: OpenFlow Switch Specification 1.4.0, 7.3.4.5 (meter modification) and 7.3.5.13 to 7.3.5.15.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from osken_apps.errors import Malformed
from osken_apps.openflow.codec import HEADER, MULTIPART, MessageType, message

OFPMP_METER = 9
OFPMP_METER_CONFIG = 10
OFPMP_METER_FEATURES = 11
OFPM_ALL = 0xFFFFFFFF
OFPMF_PKTPS_BURST_STATS = 0b1110
OFPMBT_DROP = 1

METER_MOD = struct.Struct("!HHI")
DROP_BAND = struct.Struct("!HHII4x")
METER_REQUEST = struct.Struct("!I4x")
METER_CONFIG = struct.Struct("!HHI")
METER_STATS = struct.Struct("!IH6xIQQII")
BAND_STATS = struct.Struct("!QQ")
METER_FEATURES = struct.Struct("!I")


class MeterCommand(IntEnum):
    """What a meter-mod does."""

    ADD = 0
    MODIFY = 1
    DELETE = 2


@dataclass(frozen=True, slots=True)
class Meter:
    """A limit in packets a second; `burst` packets may come at once. What exceeds it is dropped."""

    meter_id: int
    rate: int
    burst: int


@dataclass(frozen=True, slots=True)
class MeterStats:
    """How many packets a meter has dropped."""

    meter_id: int
    dropped: int


def meter_mod(command: MeterCommand, meter: Meter, xid: int) -> bytes:
    """Make a message that adds, changes or deletes a meter."""
    bands = b""
    if command is not MeterCommand.DELETE:
        bands = DROP_BAND.pack(OFPMBT_DROP, DROP_BAND.size, meter.rate, meter.burst)
    body = METER_MOD.pack(command, OFPMF_PKTPS_BURST_STATS, meter.meter_id) + bands
    return message(MessageType.METER_MOD, xid, body)


def meter_config_request(xid: int) -> bytes:
    """Ask for all meters of a switch."""
    return _request(OFPMP_METER_CONFIG, METER_REQUEST.pack(OFPM_ALL), xid)


def meter_stats_request(xid: int) -> bytes:
    """Ask for the statistics of all meters."""
    return _request(OFPMP_METER, METER_REQUEST.pack(OFPM_ALL), xid)


def meter_features_request(xid: int) -> bytes:
    """Ask how many meters a switch can have."""
    return _request(OFPMP_METER_FEATURES, b"", xid)


def decode_meter_features(buffer: bytes) -> int:
    """Read how many meters a switch can have. Raises Malformed."""
    return int(_unpack(METER_FEATURES, buffer, HEADER.size + MULTIPART.size)[0])


def decode_meter_config(buffer: bytes) -> Iterator[Meter]:
    """Read the meters of a switch; one that is not of our form has rate and burst 0. Raises Malformed."""
    for offset, length in _entries(buffer, METER_CONFIG, length_index=0):
        _, flags, meter_id = METER_CONFIG.unpack_from(buffer, offset)
        rate = burst = 0
        if flags == OFPMF_PKTPS_BURST_STATS and length == METER_CONFIG.size + DROP_BAND.size:
            _, _, rate, burst = DROP_BAND.unpack_from(buffer, offset + METER_CONFIG.size)
        yield Meter(meter_id, rate, burst)


def decode_meter_stats(buffer: bytes) -> Iterator[MeterStats]:
    """Read what the meters of a switch have dropped. Raises Malformed."""
    for offset, length in _entries(buffer, METER_STATS, length_index=1):
        meter_id = METER_STATS.unpack_from(buffer, offset)[0]
        bands = range(offset + METER_STATS.size, offset + length - BAND_STATS.size + 1, BAND_STATS.size)
        yield MeterStats(meter_id, sum(BAND_STATS.unpack_from(buffer, band)[0] for band in bands))


@dataclass(frozen=True, slots=True)
class MeterDifference:
    """Meters to make or change before the flows that use them, and to delete after."""

    before: tuple[tuple[MeterCommand, Meter], ...]
    after: tuple[tuple[MeterCommand, Meter], ...]


def meter_difference(installed: Mapping[int, Meter], desired: Mapping[int, Meter]) -> MeterDifference:
    """Compare the meters of a switch with those it should have."""
    before = [
        (MeterCommand.MODIFY if meter.meter_id in installed else MeterCommand.ADD, meter)
        for meter in desired.values()
        if installed.get(meter.meter_id) != meter
    ]
    after = [(MeterCommand.DELETE, meter) for meter in installed.values() if meter.meter_id not in desired]
    return MeterDifference(tuple(before), tuple(after))


def _request(kind: int, body: bytes, xid: int) -> bytes:
    return message(MessageType.MULTIPART_REQUEST, xid, MULTIPART.pack(kind, 0) + body)


def _entries(buffer: bytes, fixed: struct.Struct, length_index: int) -> Iterator[tuple[int, int]]:
    """Walk the entries of a multipart reply: offset and length of each. Raises Malformed."""
    offset = HEADER.size + MULTIPART.size
    while offset < len(buffer):
        length = int(_unpack(fixed, buffer, offset)[length_index])
        if length < fixed.size or offset + length > len(buffer):
            raise Malformed(f"meter entry at octet {offset} has length {length}")
        yield offset, length
        offset += length


def _unpack(form: struct.Struct, buffer: bytes, offset: int) -> tuple[int, ...]:
    try:
        return form.unpack_from(buffer, offset)
    except struct.error as error:
        raise Malformed(f"multipart reply of {len(buffer)} octets is truncated") from error
