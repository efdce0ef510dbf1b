"""Which port is meant by an iface-id that is no port's: its name, its machine, or a slip of the pen. PURE.

A directory of ports that answers without walking them all, however many there are.
"""

import re
from collections.abc import Mapping

from osken_apps.model.interface_names import PORT_ID_PREFIX_LENGTH, named_port, port_id_prefix
from osken_apps.model.resources import Port
from osken_apps.model.uuids import UUID

MAX_SLIPS = 2
TAIL = 12
MAX_WRITTEN = 48  # characters that any way to write a UUID takes
NOT_HEX = re.compile(r"[^0-9a-f]")


class PortDirectory:
    """Ports by id, name and device, and by either end of their id.

    `ports` is its owner's, who tells of changes. Nothing is indexed until more than an id is asked for.
    """

    def __init__(self, ports: Mapping[str, Port]) -> None:
        self._ports = ports
        self._by_name: dict[str, str] = {}
        self._by_device: dict[str, str] = {}
        self._by_head: dict[str, str] = {}
        self._by_tail: dict[str, str] = {}
        self._indexed = False

    def change(self, before: Port | None, now: Port | None) -> None:
        """Take that a port is new, changed or gone."""
        if not self._indexed:
            return
        for index, key in self._keys(before) if before else ():
            if index.get(key) == before.id:  # type: ignore[union-attr]
                del index[key]
        for index, key in self._keys(now) if now else ():
            index[key] = now.id  # type: ignore[union-attr]

    def _index(self) -> None:
        if not self._indexed:
            self._indexed = True
            for port in self._ports.values():
                self.change(None, port)

    def _keys(self, port: Port) -> list[tuple[dict[str, str], str]]:
        found = [(self._by_head, port_id_prefix(port.id)), (self._by_tail, port.id[-TAIL:])]
        if port.name:
            found.append((self._by_name, port.name))
        if port.device_id:
            found.append((self._by_device, port.device_id))
        return found

    def port(self, port_id: str) -> Port | None:
        """Give the port of an id."""
        return self._ports.get(port_id)

    def named(self, name: str) -> Port | None:
        """Give a port of that name; of several any."""
        self._index()
        return self._ports.get(self._by_name.get(name, ""))

    def of_device(self, device_id: str) -> Port | None:
        """Give a port of a machine; of several any."""
        self._index()
        return self._ports.get(self._by_device.get(device_id, ""))

    def similar(self, iface_id: str) -> Port | None:
        """Give the port whose id was probably meant: written otherwise, cut short, or with a slip or two."""
        self._index()
        text = canonical(iface_id)
        for port_id in (self._by_head.get(port_id_prefix(text)), self._by_tail.get(text[-TAIL:])):
            if port_id and (port_id == text or _is_beginning(text, port_id) or is_near(text, port_id)):
                return self._ports[port_id]
        return None


def meant_by_name(interface: str, ports: PortDirectory | None) -> str:
    """Give the id of the port that an interface's name tells, or the word for one that is not known."""
    port = ports.similar(named_port(interface)) if ports and named_port(interface) else None
    return port.id if port else "PORT_ID"


def hex_digits(text: str) -> str:
    """Give the hexadecimal digits of a text, in lower case, whatever stands between them."""
    return NOT_HEX.sub("", text.lower())


def is_port_id(text: str) -> bool:
    """Tell whether a text is written as ids of ports are."""
    return UUID.fullmatch(text) is not None


def canonical(iface_id: str) -> str:
    """Write what has the 32 digits of a UUID as UUIDs are written; other text only in lower case."""
    text = iface_id[:MAX_WRITTEN].strip().lower()
    digits = hex_digits(text.removeprefix("urn:uuid:"))
    if len(digits) != 32:
        return text
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _is_beginning(text: str, port_id: str) -> bool:
    return len(text) >= PORT_ID_PREFIX_LENGTH and port_id.startswith(text)


def is_near(one: str, other: str) -> bool:
    """Tell whether at most two characters must be changed, put in, left out or swapped to make them equal."""
    if one == other:
        return True
    if abs(len(one) - len(other)) > MAX_SLIPS:
        return False
    return _slips(one, other, MAX_SLIPS)


def _slips(one: str, other: str, left: int) -> bool:
    """Tell whether `left` slips turn one text into the other: try each kind where they first differ."""
    same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if same is None:
        return abs(len(one) - len(other)) <= left
    if not left:
        return False
    one, other, left = one[same:], other[same:], left - 1
    swapped = one[:2] == other[1::-1] and _slips(one[2:], other[2:], left)
    return (
        swapped
        or _slips(one[1:], other[1:], left)
        or _slips(one[1:], other, left)
        or _slips(one, other[1:], left)
    )
