"""What a host's OVSDB shows of the host, as one value. PURE.

Texts are cut where they are longer than any that we know, and printable. Source: ovs-vswitchd.conf.db(5).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from osken_apps.model.conditions import (
    LINK_TYPES,
    TRUNK_KEY,
    BridgeFacts,
    ControllerFacts,
    HostFacts,
    InterfaceFacts,
    PortFacts,
    tunnel_address,
)
from osken_apps.model.host import Interface, TaggedPort, mark_of
from osken_apps.ovsdb.operations import MARK, NO_IN_BAND
from osken_apps.ovsdb.replica import Replica
from osken_apps.ovsdb.tables import (
    BridgeRow,
    ControllerRow,
    InterfaceRow,
    ManagerRow,
    PortRow,
    RootRow,
    Uuid,
)
from osken_apps.printable import printable

OUT_OF_BAND = "out-of-band"  # as `connection_mode`
MAX_NAME = 255  # a name or an id that is longer is cut, and so is none that we know
NOT_KNOWN: Mapping[Uuid, bool] = {}
DATAPATH_ID = re.compile("[0-9a-fA-F]{1,16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostView:
    """What a session shows of its host; `datapath_ids` are those of bridges of ours."""

    system_id: str
    hostname: str
    datapath_ids: tuple[int, ...]
    interfaces: tuple[Interface, ...]
    tagged_ports: tuple[TaggedPort, ...]
    facts: HostFacts

    def written(self, bridge: str, tags: Mapping[str, int], mark: str) -> "HostView":
        """Give what the session shows once the tags of ports of a bridge are written, and nothing else is."""
        row_of = {name: port.name for port in self.tagged_ports for name in port.interface_names}

        def row(port: TaggedPort) -> TaggedPort:
            tag = tags.get(port.name)
            if tag is None:
                return port
            return TaggedPort(port.name, tag, mark_of(tag, mark), interfaces=port.interfaces)

        def interface(shown: Interface) -> Interface:
            tag = tags.get(row_of.get(shown.name, ""))
            if tag is None:
                return shown
            marked = mark_of(tag, mark)
            return Interface(shown.name, shown.iface_id, tag, marked, shown.trunk, shown.shares_row)

        def port_facts(shown: PortFacts) -> PortFacts:
            tag = tags.get(shown.name)
            if tag is None:
                return shown
            return replace(shown, tag=tag, vlan_mode="")

        def facts(shown: BridgeFacts) -> BridgeFacts:
            if shown.name != bridge:
                return shown
            return replace(shown, ports=tuple(map(port_facts, shown.ports)))

        return replace(
            self,
            interfaces=tuple(map(interface, self.interfaces)),
            tagged_ports=tuple(map(row, self.tagged_ports)),
            facts=replace(self.facts, bridges=tuple(map(facts, self.facts.bridges))),
        )


class _Port(NamedTuple):
    """What a port row shows, with the rows that it was made of."""

    row: PortRow
    rows: tuple[InterfaceRow, ...]
    facts: PortFacts
    tagged: TaggedPort
    interfaces: tuple[Interface, ...]


class HostViewer:
    """Looks at the replica of a host, and looks again only at what has changed since."""

    def __init__(self, bridges: Sequence[str], connected: Mapping[Uuid, bool] = NOT_KNOWN) -> None:
        """Begin; `bridges` are the names of ours, the integration bridge first.

        `connected` says of which controllers it is known whether their bridges are connected.
        """
        self._our_bridges = bridges
        self._integration_bridge = bridges[0]
        self._connected = connected
        self._ports: dict[Uuid, _Port] = {}
        self._integration_ports: dict[str, list[Uuid]] = {}  # by name, which may be that of several if cut

    def port_rows(self, tags: Mapping[str, int | None]) -> dict[Uuid, int | None]:
        """Give the tags of ports of the integration bridge by the UUIDs of their rows, for their names."""
        return {row: tag for name, tag in tags.items() for row in self._integration_ports.get(name, ())}

    def view(self, replica: Replica) -> HostView | None:
        """Give what the session shows, whole; None: no host with a name."""
        for root in replica.rows(RootRow).values():
            view = self.view_of(replica, root)
            if view.hostname or view.system_id:
                return view
        self._ports, self._integration_ports = {}, {}
        return None

    def view_of(self, replica: Replica, root: RootRow) -> HostView:
        """Give what is shown of a host, whether it has a name or not."""
        hostname, system_id = (_cut(root.external_ids.get(key, "")) for key in ("hostname", "system-id"))
        bridges = replica.rows(BridgeRow).values()
        ports = {row.name: self._ports_of(replica, row) for row in bridges}
        self._ports = {uuid: port for some in ports.values() for uuid, port in some.items()}
        integration = ports.get(self._integration_bridge, {})
        self._integration_ports = {}
        for uuid, port in integration.items():
            self._integration_ports.setdefault(port.tagged.name, []).append(uuid)
        facts = (_bridge_facts(replica, row, ports[row.name].values(), self._connected) for row in bridges)
        ours = (row for row in bridges if row.name in self._our_bridges)
        numbers = (_datapath_id(row.datapath_id or "") for row in ours)
        return HostView(
            system_id=system_id,
            hostname=hostname,
            datapath_ids=tuple(sorted(number for number in numbers if number is not None)),
            interfaces=tuple(interface for port in integration.values() for interface in port.interfaces),
            tagged_ports=tuple(port.tagged for port in integration.values()),
            facts=HostFacts(
                hostname=hostname,
                system_id=system_id,
                bridges=tuple(sorted(facts, key=lambda bridge: bridge.name)),
                managers=tuple(sorted(_cut(row.target) for row in replica.rows(ManagerRow).values())),
                tunnel_address=_cut(tunnel_address(root.other_config, root.external_ids)),
                vlan_limit=_cut(root.other_config.get("vlan-limit", "")),
                version=_cut(root.ovs_version or ""),
            ),
        )

    def _ports_of(self, replica: Replica, bridge: BridgeRow) -> dict[Uuid, _Port]:
        rows, interfaces = replica.rows(PortRow), replica.rows(InterfaceRow)
        found = {}
        for uuid in bridge.ports:
            row = rows.get(uuid)
            if row is not None:
                own = tuple(interfaces[part] for part in row.interfaces if part in interfaces)
                known = self._ports.get(uuid)
                if known is None or not _same(known.rows, own):
                    known = _port(row, own, tuple(map(_interface_facts, own)))
                elif known.row is not row:
                    known = _port(row, own, known.facts.interfaces)
                found[uuid] = known
        return found


def _same(some: tuple[InterfaceRow, ...], others: tuple[InterfaceRow, ...]) -> bool:
    return len(some) == len(others) and all(one is other for one, other in zip(some, others, strict=True))


def _port(row: PortRow, interfaces: tuple[InterfaceRow, ...], shown: tuple[InterfaceFacts, ...]) -> _Port:
    name, ids = _cut(row.name), row.external_ids
    names = tuple(of.name for of in shown)
    own = () if names == (name,) else names
    tagged = TaggedPort(name, row.tag, _cut(ids.get(MARK, "")), _cut(row.vlan_mode or ""), own)
    facts = PortFacts(
        name,
        interfaces=shown,
        tag=row.tag,
        vlan_mode=tagged.vlan_mode,
        iface_id=_cut(ids.get("iface-id", "")),
    )
    is_trunk, shares = facts.is_trunk, len(row.interfaces) > 1
    plugged = (Interface(of.name, of.iface_id, tagged.tag, tagged.mark, is_trunk, shares) for of in shown)
    return _Port(row, interfaces, facts, tagged, tuple(plugged))


def _interface_facts(row: InterfaceRow) -> InterfaceFacts:
    ids = row.external_ids
    return InterfaceFacts(
        _cut(row.name),
        type=_cut(row.type),
        peer=_cut(row.options.get("peer", "")),
        error=_cut(row.error or ""),
        admin_up=_is_up(row.admin_state),
        link_up=_is_up(row.link_state),
        mtu=row.mtu,
        iface_id=_cut(ids.get("iface-id", "")),
        attached_mac=_cut(ids.get("attached-mac", "")),
        is_trunk=ids.get(TRUNK_KEY) == "true",
        options=_options(row),
    )


def _options(row: InterfaceRow) -> tuple[tuple[str, str], ...]:
    """Give the options of an interface that leads to another bridge or host; of others they are not ours."""
    if row.type not in LINK_TYPES:
        return ()
    return tuple(sorted((_cut(key), _cut(value)) for key, value in row.options.items()))


def _bridge_facts(
    replica: Replica, row: BridgeRow, ports: Iterable[_Port], connected: Mapping[Uuid, bool]
) -> BridgeFacts:
    controllers = replica.rows(ControllerRow)
    dialled = (
        _controller_facts(controllers[uuid], connected.get(uuid))
        for uuid in row.controller
        if uuid in controllers
    )
    shown = tuple(sorted(dialled, key=lambda controller: controller.target))
    return BridgeFacts(
        _cut(row.name),
        fail_mode=_cut(row.fail_mode or ""),
        protocols=tuple(sorted(map(_cut, row.protocols))),
        datapath_type=_cut(row.datapath_type),
        controllers=shown,
        ports=tuple(sorted((port.facts for port in ports), key=lambda port: port.name)),
        in_band=_is_in_band(row, shown, replica.rows(ManagerRow).values()),
        is_made=row.datapath_id is not None,
    )


def _is_in_band(
    row: BridgeRow, controllers: Iterable[ControllerFacts], managers: Iterable[ManagerRow]
) -> bool:
    """Tell whether a bridge is controlled in-band: each is that is not told otherwise, by managers, too.

    Source: ovs-vswitchd.conf.db(5), other_config:disable-in-band of Bridge.
    """
    if NO_IN_BAND.items() <= row.other_config.items():
        return False
    dialling = (manager for manager in managers if manager.target.startswith(("tcp:", "ssl:")))
    return any(controller.in_band for controller in controllers) or any(
        manager.connection_mode != OUT_OF_BAND for manager in dialling
    )


def _controller_facts(row: ControllerRow, is_connected: bool | None) -> ControllerFacts:
    return ControllerFacts(_cut(row.target), is_connected, in_band=row.connection_mode != OUT_OF_BAND)


def _cut(text: str) -> str:
    return printable(text[:MAX_NAME])


def _is_up(state: str | None) -> bool | None:
    return None if state is None else state == "up"


def _datapath_id(text: str) -> int | None:
    return int(text, 16) if DATAPATH_ID.fullmatch(text) else None
