"""One host as its bridges and its OVSDB session show it. PURE (it changes, but does no I/O)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from osken_apps.model.interface_names import named_port
from osken_apps.model.local_vlans import DEAD_MARK, DEAD_TAG, LOCAL_VLANS
from osken_apps.model.snapshot import MAX_METERS, Wire

ACCESS_MODES = ("", "access")  # of a port row with a tag: then it is an access port (ovs-vswitchd.conf.db(5))

Named = frozenset[tuple[int, Wire | None]]  # local VLANs, each with where it leads; None: not said


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface of the integration bridge as OVSDB shows it, with what its port row has.

    `mark` is the store whose controller gave the port row its `tag`, or says that it was made dead; empty if
    no controller did either. `trunk`: its operator has declared that it carries the networks' tags itself.
    `shares_row`: its port row has other interfaces, too (a bond), and so is no port's.
    """

    name: str
    iface_id: str = ""
    tag: int | None = None
    mark: str = ""
    trunk: bool = False
    shares_row: bool = False

    @property
    def live_tag(self) -> int | None:
        """The tag that a controller gave it for a network; None if it has none, is dead, or has one that no
        controller gives.
        """
        if self.tag is None or self.mark in ("", DEAD_MARK) or self.tag not in LOCAL_VLANS:
            return None
        return self.tag


@dataclass(frozen=True, slots=True)
class TaggedPort:
    """A port row of OVSDB; its `mark` is as that of an `Interface`.

    `interfaces` are the names of those that it has, where it is not one with the row's name.
    """

    name: str
    tag: int | None
    mark: str = ""
    vlan_mode: str = ""
    interfaces: tuple[str, ...] = ()

    @property
    def interface_names(self) -> tuple[str, ...]:
        """The interfaces that have its tag."""
        return self.interfaces or (self.name,)

    def is_access(self, *tags: int) -> bool:
        """Tell whether it is an access port of one of these VLANs, and so carries no other."""
        return self.tag in tags and self.vlan_mode in ACCESS_MODES


def mark_of(tag: int, mark: str) -> str:
    """Give what a port row with a tag is marked with, by the controller of a store with that mark."""
    return DEAD_MARK if tag == DEAD_TAG else mark


@dataclass(slots=True)
class ShownHost:
    """What is known of a host: what its bridges and its OVSDB showed last, also when they are away."""

    name: str
    ofports: dict[str, Mapping[str, int]] = field(default_factory=dict)  # by bridge and interface
    interfaces: dict[str, Interface] = field(default_factory=dict)  # of the integration bridge, by name
    has_ovsdb: bool = False
    complete: bool = False  # OVSDB has shown the interfaces, or it is known that it will not
    appeared: bool = False  # its integration bridge was seen
    gone: bool = False  # it is not connected, and no more waited for
    #: It was gone, its integration bridge is here again; what OVSDB shows now is not known yet.
    returning: bool = False
    max_meters: int = MAX_METERS
    tracks: bool = True  # its datapath can do what guarded ports need
    answers_nd: bool | None = None  # it can answer neighbor solicitations; None: not known
    zones: dict[int, str] = field(default_factory=dict)  # local VLAN -> network of its tracked connections
    claims: dict[str, tuple[str, ...]] = field(default_factory=dict)  # port id, or its start -> interfaces
    arrivals: set[str] = field(default_factory=set)  # ports from elsewhere, not announced here yet
    tagged: dict[str, int] = field(default_factory=dict)  # interface -> live tag that it still has, if known
    tagged_as: dict[str, str] = field(default_factory=dict)  # interface -> iface-id that its live tag came to
    local_vlans: dict[str, int] = field(default_factory=dict)  # by network
    #: Networks whose local VLAN is the store's word, or was given while OVSDB did not show the host.
    unproven_networks: set[str] = field(default_factory=set)
    #: Local VLANs that the store told, of which a bridge that was not read yet may have flows.
    stored_vlans: set[int] = field(default_factory=set)
    bridges: frozenset[str] | None = None  # that are there, as OVSDB showed last; None: it did not yet
    flow_vlans: dict[str, Named] = field(default_factory=dict)  # bridge -> those that its flows name now
    first_flow_vlans: dict[str, Named] = field(default_factory=dict)  # bridge -> those at its first reading
    first_carrying: Mapping[str, int] = field(default_factory=dict)  # interfaces not dead at that -> ofport
    groups: frozenset[str] = frozenset()  # the ids of the security groups of its guarded ports

    def recall_local_vlan(self, network_id: str, local_vlan: int) -> None:
        """Take what the store holds of a network here, if nothing else is known."""
        self.stored_vlans.add(local_vlan)
        if network_id not in self.local_vlans:
            self.local_vlans[network_id] = local_vlan
            self.unproven_networks.add(network_id)

    def visible_claims(self, bridge: str, recorded: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        """Say what is plugged into a bridge: by iface-id; with no OVSDB session also by name and as
        `recorded`.

        `recorded` are the interfaces that the store has of this host, by port id. Of several interfaces that
        claim one port the one plugged first comes first. One that shares its port row claims none.
        """
        present = self.ofports.get(bridge, {})
        found: dict[str, list[str]] = {}
        if not self.has_ovsdb:
            for claim, name in self._claims_by_name(present, recorded):
                found.setdefault(claim, []).append(name)
        for interface in self.interfaces.values():
            if interface.iface_id and not interface.shares_row and interface.name in present:
                found.setdefault(interface.iface_id, []).append(interface.name)
        return {claim: tuple(sorted(names, key=lambda name: present[name])) for claim, names in found.items()}

    def _claims_by_name(
        self, present: Mapping[str, int], recorded: Mapping[str, str]
    ) -> Iterator[tuple[str, str]]:
        """Give what the port's numbers and the store tell of interfaces that OVSDB never showed."""
        by_name = {name for name in present if named_port(name) and name not in self.interfaces}
        for port_id, name in recorded.items():
            if name in present and name not in self.interfaces:
                by_name.discard(name)
                yield port_id, name
        for name in by_name:
            yield named_port(name), name

    def look_at_tags(self, bridge: str) -> None:
        """Forget the tags of interfaces that are gone or, as OVSDB shows, have another one."""
        present = self.ofports.get(bridge, {})
        self.tagged = {name: tag for name, tag in self.tagged.items() if name in present}
        for interface in self.interfaces.values():
            if self.has_ovsdb:
                self.tagged.pop(interface.name, None)
            if interface.live_tag is not None and interface.name in present:
                self.tagged[interface.name] = interface.live_tag

    def trunks(self) -> Iterator[str]:
        """Give the interfaces that their operator has declared to be trunks."""
        return (interface.name for interface in self.interfaces.values() if interface.trunk)

    @property
    def awaited(self) -> bool:
        """Tell whether it has not connected since the controller's start, and may yet."""
        return not self.appeared and not self.gone

    def show_interfaces(self, interfaces: Iterable[Interface]) -> None:
        """Take the interfaces of the integration bridge that OVSDB shows."""
        shown = {interface.name: interface for interface in interfaces}
        self.tagged_as = {
            name: self._tagged_as(interface)
            for name, interface in shown.items()
            if interface.live_tag is not None
        }
        self.interfaces = shown

    def _tagged_as(self, interface: Interface) -> str:
        before = self.interfaces.get(interface.name)
        if before is None or before.live_tag != interface.live_tag:
            return interface.iface_id
        return self.tagged_as[interface.name]

    def tagged_interfaces(self) -> Iterator[Interface]:
        """Give the interfaces that a controller has tagged for the port that they are.

        One whose iface-id is another since, or was taken away, is that port no more.
        """
        for interface in self.interfaces.values():
            is_same = interface.iface_id and self.tagged_as.get(interface.name) == interface.iface_id
            if is_same and not interface.shares_row:
                yield interface
