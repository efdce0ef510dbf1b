"""What a tape drive is. (In the product: a dataclass in `model/resources.py`.)"""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address

from osken_apps.model.kind import kind
from osken_apps.model.resources import Standard


class Speed(StrEnum):
    """How fast it turns."""

    SLOW = "slow"
    FAST = "fast"


@dataclass(frozen=True, slots=True)
class Tape:
    """What is in it."""

    label: str
    blocks: int


@kind("tape_drive", "tape_drives", quota=2)
@dataclass(frozen=True, slots=True, kw_only=True)
class TapeDrive(Standard):
    """A device that keeps what nobody reads."""

    network_id: str
    speed: Speed = Speed.SLOW
    address: IPv4Address | IPv6Address | None = None
    tapes: tuple[Tape, ...] = ()
    is_full: bool = False
