"""A condition, its kinds, and what a host is measured against. PURE."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from osken_apps.model.conditions.iface_ids import PortDirectory
from osken_apps.model.resources import NetworkType
from osken_apps.model.snapshot import Layout
from osken_apps.model.tunnels import Crowd
from osken_apps.model.well_known import API_PORT, OPENFLOW_PORT, OVSDB_PORT


class Code(StrEnum):
    """The kinds of conditions; the API shows these words."""

    HOST_NAMELESS = "host_nameless"
    SYSTEM_ID_MISSING = "system_id_missing"
    VLAN_LIMIT = "vlan_limit"
    CT_CLEAR = "ct_clear"
    MANAGER_MISSING = "manager_missing"
    MANAGER_TARGET = "manager_target"
    CONTROLLER_MISSING = "controller_missing"
    CONTROLLER_TARGET = "controller_target"
    CONTROLLER_PATH = "controller_path"
    NOT_CONNECTED = "not_connected"
    BRIDGE_MISSING = "bridge_missing"
    FAIL_MODE = "fail_mode"
    PROTOCOLS = "protocols"
    IN_BAND = "in_band"
    PATCH_MISSING = "patch_missing"
    PATCH_TYPE = "patch_type"
    PATCH_PEER = "patch_peer"
    PATCH_VLANS = "patch_vlans"
    DATAPATH_TYPE = "datapath_type"
    NIC_MISSING = "nic_missing"
    NIC_ERROR = "nic_error"
    NIC_DOWN = "nic_down"
    NIC_UNPLUGGED = "nic_unplugged"
    NIC_VLANS = "nic_vlans"
    NIC_MTU = "nic_mtu"
    INTERFACE_ERROR = "interface_error"
    INTERFACE_DOWN = "interface_down"
    INTERFACE_UNDECLARED = "interface_undeclared"
    TRUNK_WITH_IFACE_ID = "trunk_with_iface_id"
    VLAN_MODE = "vlan_mode"
    MAC_ADDRESS = "mac_address"
    IFACE_ID_UNKNOWN = "iface_id_unknown"
    IFACE_ID_TWICE = "iface_id_twice"
    IFACE_ID_ON_PORT_ROW = "iface_id_on_port_row"
    PORT_ROW_SHARED = "port_row_shared"
    WRONG_BRIDGE = "wrong_bridge"
    WRONG_HOST = "wrong_host"
    FOREIGN_FLOWS = "foreign_flows"
    TUNNEL_ADDRESS_MISSING = "tunnel_address_missing"
    TUNNEL_ADDRESS_MALFORMED = "tunnel_address_malformed"
    TUNNEL_ADDRESS_DOUBLED = "tunnel_address_doubled"
    TUNNEL_MTU = "tunnel_mtu"
    TUNNEL_VLANS = "tunnel_vlans"
    TUNNEL_HOSTS = "tunnel_hosts"
    TUNNEL_MACHINES = "tunnel_machines"


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that is wrong. `sentence` has no capital and no full stop; `remedy` is what to type or do.

    `bridge`, `interface` and `port_id` say what it is about, where that is one. `cuts` tells that frames do
    not pass for it: those of the bridge's networks, else those of the interface, else all of the host's.
    """

    code: Code
    sentence: str
    remedy: str
    bridge: str = ""
    interface: str = ""
    port_id: str = ""
    cuts: bool = False


@dataclass(frozen=True, slots=True)
class TunnelNeeds:
    """What a host's networks over tunnels need; `mtus` are the largest of each type, in octets.

    `rival` is another host with the same tunnel address, empty for none; `is_reached`: this one has it.
    `crowds` are the networks that may be too large.
    """

    mtus: Mapping[NetworkType, int]
    rival: str = ""
    is_reached: bool = True
    crowds: tuple[Crowd, ...] = ()


@dataclass(frozen=True, slots=True)
class Expected:
    """What a host is measured against."""

    layout: Layout
    address: str = ""  # the controller's; empty: any will do
    openflow_port: int = OPENFLOW_PORT
    ovsdb_port: int = OVSDB_PORT
    api_port: int = API_PORT
    openflow_method: str = "tcp"
    ovsdb_method: str = "tcp"
    #: Physical networks that it must have. Of others those are looked at that it has; all if it has none.
    needed: Collection[str] = ()
    mtus: Mapping[str, int] = field(default_factory=dict)  # the largest of a network on each, in octets
    #: Bridges with an OpenFlow connection, which is right whatever their database says; None: not known.
    connected: Collection[str] | None = None
    ports: PortDirectory | None = None  # of the store; None: not known
    tunnels: TunnelNeeds | None = None  # None: the host has no networks over tunnels
    former_names: Collection[str] = ()  # these mean the host, too
