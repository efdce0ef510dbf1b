"""What the rows of a host's OVSDB show, each read once until it changes. SHELL (rows are python-ovs's).

Texts are cut where they are longer than any that we know, and printable. Source: ovs-vswitchd.conf.db(5).
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import ovs.db.idl

from osken_apps.model.conditions import (
    TRUNK_KEY,
    BridgeFacts,
    ControllerFacts,
    InterfaceFacts,
    PortFacts,
    tunnel_address,
)
from osken_apps.model.resources import TUNNEL_TYPES
from osken_apps.pipeline.tags import TaggedPort, mark_of
from osken_apps.printable import printable

MAX_NAME = 255  # a name or an id that is longer is cut, and so is none that we know
LINK_TYPES = ("patch", *TUNNEL_TYPES)
DATAPATH_ID = re.compile("[0-9a-fA-F]{1,16}")
MARK = "osken-net-port"  # external_ids key of the port rows that a controller has tagged: for which store


class _Shown:
    """A row as the database has it, by column.

    The row itself would first look for what a transaction of ours changes, and make each value three times.
    """

    def __init__(self, row: ovs.db.idl.Row) -> None:
        self._row = row

    def __getattr__(self, column: str) -> Any:
        return self._row._data[column].to_python(self._row._uuid_to_row)


class RootRow:
    """What the row of Open_vSwitch shows."""

    def __init__(self, row: ovs.db.idl.Row) -> None:
        shown = _Shown(row)
        ids = shown.external_ids
        self.hostname = _cut(ids.get("hostname", ""))
        self.system_id = _cut(ids.get("system-id", ""))
        self.version = _first(shown.ovs_version)
        self.tunnel_address = _cut(tunnel_address(shown.other_config, ids))


class BridgeRow:
    """What a row of Bridge shows."""

    def __init__(self, row: ovs.db.idl.Row) -> None:
        shown = _Shown(row)
        self.name = _cut(shown.name)
        self.datapath_id = _datapath_id(_first(shown.datapath_id))
        self.ports: list[ovs.db.idl.Row] = shown.ports
        self.controllers: list[ovs.db.idl.Row] = shown.controller
        protocols = tuple(sorted(map(_cut, shown.protocols)))
        self.facts = BridgeFacts(self.name, _first(shown.fail_mode), protocols, _cut(shown.datapath_type))


class ControllerRow:
    """What a row of Controller shows."""

    def __init__(self, row: ovs.db.idl.Row) -> None:
        shown = _Shown(row)
        in_band = _first(shown.connection_mode) != "out-of-band"
        self.facts = ControllerFacts(_cut(shown.target), in_band=in_band)


class PortRow:
    """What a row of Port shows."""

    def __init__(self, row: ovs.db.idl.Row) -> None:
        shown = _Shown(row)
        ids = shown.external_ids
        self._row = row
        tag = next(iter(shown.tag), None)
        self.tagged = TaggedPort(_cut(shown.name), tag, _cut(ids.get(MARK, "")))
        self.interfaces: list[ovs.db.idl.Row] = shown.interfaces
        self.facts = PortFacts(
            self.tagged.name, (), tag, _first(shown.vlan_mode), _cut(ids.get("iface-id", ""))
        )

    def show(self, interfaces: tuple[InterfaceFacts, ...]) -> PortFacts:
        """Give what the row shows with its interfaces; the same value as long as they are the same."""
        if self.facts.interfaces != interfaces:
            self.facts = replace(self.facts, interfaces=interfaces)
        return self.facts

    def write_tag(self, tag: int | None, mark: str) -> None:
        """Write a tag with its mark, within a transaction; None takes both off."""
        self._row.tag = [] if tag is None else tag
        if tag is None:
            self._row.delkey("external_ids", MARK)
        else:
            self._row.setkey("external_ids", MARK, mark_of(tag, mark))


class InterfaceRow:
    """What a row of Interface shows."""

    def __init__(self, row: ovs.db.idl.Row) -> None:
        shown = _Shown(row)
        ids = shown.external_ids
        self.facts = InterfaceFacts(
            _cut(shown.name),
            _cut(shown.type),
            _cut(shown.options.get("peer", "")),
            _first(shown.error),
            _is_up(shown.admin_state),
            _is_up(shown.link_state),
            next(iter(shown.mtu), None),
            _cut(ids.get("iface-id", "")),
            _cut(ids.get("attached-mac", "")),
            ids.get(TRUNK_KEY) == "true",
            _options(row),
        )


def _options(row: ovs.db.idl.Row) -> tuple[tuple[str, str], ...]:
    """Give the options of an interface that leads to another bridge or host; of others they are not ours."""
    if row.type not in LINK_TYPES:
        return ()
    return tuple(sorted((_cut(key), _cut(value)) for key, value in row.options.items()))


def _cut(text: str) -> str:
    return printable(text[:MAX_NAME])


def _first(values: Sequence[str]) -> str:
    return _cut(values[0]) if values else ""


def _is_up(values: Sequence[str]) -> bool | None:
    return values[0] == "up" if values else None


def _datapath_id(text: str) -> int | None:
    return int(text, 16) if DATAPATH_ID.fullmatch(text) else None
