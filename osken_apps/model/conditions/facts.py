"""What a host's OVSDB shows of its bridges, ports and interfaces, as one value. PURE.

Names and meanings are those of ovs-vswitchd.conf.db(5). Only what `conditions` asks for is here. The
controller fills it in from a session, `osken-net host-check` from ovs-vsctl.
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass

from osken_apps.model.resources import TUNNEL_TYPES

TRUNK_KEY = "osken-net-trunk"  # external_ids key of an interface of br-int: an operator's own trunk or uplink

LINK_TYPES = ("patch", *TUNNEL_TYPES)  # of interfaces that lead to another bridge or host


@dataclass(frozen=True, slots=True)
class ControllerFacts:
    """A row of Controller: where a bridge dials. `is_connected` is None where it is not known."""

    target: str
    is_connected: bool | None = None
    in_band: bool = False


@dataclass(frozen=True, slots=True)
class InterfaceFacts:
    """A row of Interface. `type` is empty for a device of the system; None is what is not shown.

    `mtu` is in octets; a device that is gone has none. `iface_id` and `attached_mac` are external_ids;
    `is_trunk` is the mark TRUNK_KEY. `options` are those of a patch or a tunnel, where they are known.
    """

    name: str
    _: KW_ONLY
    type: str = ""
    peer: str = ""
    error: str = ""
    admin_up: bool | None = None
    link_up: bool | None = None
    mtu: int | None = None
    iface_id: str = ""
    attached_mac: str = ""
    is_trunk: bool = False
    options: tuple[tuple[str, str], ...] = ()

    @property
    def is_gone(self) -> bool:
        """Tell whether its device went while Open vSwitch had it open, which then keeps its number."""
        return not self.type and self.admin_up is False and self.mtu is None


@dataclass(frozen=True, slots=True)
class PortFacts:
    """A row of Port with its interfaces (a bond has several). `iface_id` is one on the wrong row: this."""

    name: str
    _: KW_ONLY
    interfaces: tuple[InterfaceFacts, ...] = ()
    tag: int | None = None
    vlan_mode: str = ""
    iface_id: str = ""

    @property
    def is_trunk(self) -> bool:
        """Tell whether its operator has declared it a trunk, on any of its interfaces."""
        return any(interface.is_trunk for interface in self.interfaces)


@dataclass(frozen=True, slots=True)
class BridgeFacts:
    """A row of Bridge with its ports. No `protocols` are those that Open vSwitch enables by itself.

    `in_band`: Open vSwitch has flows of its own there, above all others, by which it reaches what it dials.
    `is_made`: it has had a datapath.
    """

    name: str
    _: KW_ONLY
    fail_mode: str = ""
    protocols: tuple[str, ...] = ()
    datapath_type: str = ""
    controllers: tuple[ControllerFacts, ...] = ()
    ports: tuple[PortFacts, ...] = ()
    in_band: bool = False
    is_made: bool = True

    def port(self, name: str) -> PortFacts | None:
        """Give the port of that name."""
        return next((port for port in self.ports if port.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """A host. `managers` are the targets of set-manager. `tunnel_address` is where it says that others reach
    it. `vlan_limit` is how many tags of a frame Open vSwitch looks at, empty for its default. `version` is
    Open vSwitch's, as its start script has set it.

    `way_to_controller` is the device over which the host reaches the controller, empty where that is not
    known; OVSDB does not show it.
    """

    hostname: str = ""
    system_id: str = ""
    bridges: tuple[BridgeFacts, ...] = ()
    managers: tuple[str, ...] = ()
    way_to_controller: str = ""
    tunnel_address: str = ""
    vlan_limit: str = ""
    version: str = ""

    def bridge(self, name: str) -> BridgeFacts | None:
        """Give the bridge of that name."""
        return next((bridge for bridge in self.bridges if bridge.name == name), None)


def tunnel_address(other_config: Mapping[str, str], external_ids: Mapping[str, str]) -> str:
    """Give where a row of Open_vSwitch says that others reach the host; empty: it does not.

    OpenDaylight's key, which bears Neutron's name for it, counts before OVN's.
    """
    return other_config.get("local_ip", "") or external_ids.get("ovn-encap-ip", "")
