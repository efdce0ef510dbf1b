"""The resources of Networking API v2.0 as values: Network, Subnet, Port. PURE.

Names and meanings are Neutron's. A resource never changes; a new one replaces it.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from osken_apps.model import security_groups  # noqa: F401  ports refer to groups, so these are declared before
from osken_apps.model.addresses import IPAddress, IPNetwork, MacAddress
from osken_apps.model.kind import INDEX, LENGTH, UNBOUNDED, kind
from osken_apps.model.shared import Shared, shares
from osken_apps.model.standard import Standard as Standard
from osken_apps.model.well_known import DEFAULT_MTU

NETWORK_OWNED = "network:"  # a port whose device_owner begins so is one of the network itself
DHCP_DEVICE_OWNER = "network:dhcp"
DHCP_DEVICE_ID = "osken-net-dhcp"  # of the port that we made ourselves


class NetworkType(StrEnum):
    """How a network's frames go from host to host."""

    VLAN = "vlan"
    FLAT = "flat"
    VXLAN = "vxlan"
    GRE = "gre"
    GENEVE = "geneve"

    @property
    def is_tunnel(self) -> bool:
        """Tell whether frames go from host to host in packets of the hosts' own."""
        return self in TUNNEL_TYPES


TUNNEL_TYPES = (NetworkType.VXLAN, NetworkType.GRE, NetworkType.GENEVE)

# What tunnels add to a payload: the outer IPv4 header, their own with a key, the inner Ethernet header.
TUNNEL_OCTETS = {NetworkType.VXLAN: 50, NetworkType.GRE: 42, NetworkType.GENEVE: 50}


class PortStatus(StrEnum):
    """What the data plane does for a port: ACTIVE once its tag and flows are confirmed."""

    ACTIVE = "ACTIVE"
    DOWN = "DOWN"


@kind("network", "networks", quota=100)
@dataclass(frozen=True, slots=True)
class Network(Standard):
    """An isolated layer 2 segment.

    `segmentation_id` is its VLAN id on `physical_network`; over tunnels, its id in them, and there is no
    physical network.
    """

    admin_state_up: bool = True
    shared: bool = False
    external: bool = False
    is_default: bool = False
    mtu: int = DEFAULT_MTU
    port_security_enabled: bool = True
    network_type: NetworkType = NetworkType.VLAN
    physical_network: Shared = field(default="", metadata={LENGTH: 64})
    segmentation_id: int | None = None
    availability_zone_hints: tuple[str, ...] = ()
    dns_domain: str = ""


@dataclass(frozen=True, slots=True)
class AllocationPool:
    """The addresses from `start` to `end`, both included."""

    start: IPAddress
    end: IPAddress


@dataclass(frozen=True, slots=True)
class HostRoute:
    """A static route that the machines of a subnet are told of."""

    destination: IPNetwork
    nexthop: IPAddress


@kind("subnet", "subnets", quota=100)
@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet(Standard):
    """An address range of a network and what its machines are told by DHCP."""

    network_id: Shared
    cidr: IPNetwork
    gateway_ip: IPAddress | None = None
    allocation_pools: tuple[AllocationPool, ...] = ()
    dns_nameservers: tuple[IPAddress, ...] = ()
    host_routes: tuple[HostRoute, ...] = ()
    enable_dhcp: bool = True
    ipv6_ra_mode: str | None = field(default=None, metadata={LENGTH: 16})
    ipv6_address_mode: str | None = field(default=None, metadata={LENGTH: 16})
    service_types: tuple[str, ...] = ()

    @property
    def ip_version(self) -> int:
        """4 or 6."""
        return self.cidr.version


@shares
@dataclass(frozen=True, slots=True)
class FixedIp:
    """An address that a port has from a subnet."""

    subnet_id: Shared
    ip_address: IPAddress


@dataclass(frozen=True, slots=True)
class AddressPair:
    """A further address that a port may send from; `ip_address` is an address or a prefix."""

    ip_address: str
    mac_address: MacAddress


MAX_EXTRA_DHCP_OPTS = 64  # of a port


@dataclass(frozen=True, slots=True)
class ExtraDhcpOption:
    """A DHCP option that an operator sets for one port, by dnsmasq's name or by number."""

    opt_name: str
    opt_value: str
    ip_version: int = 4


@shares
@dataclass(frozen=True, slots=True)
class Binding:
    """Where a port is: the host, the network's VLAN tag there, and the interface."""

    host: Shared
    local_vlan: int
    interface: str = ""


@shares
@dataclass(frozen=True, slots=True)
class InactiveBinding:
    """A host that a port may move to, and how it would be plugged there; `profile` is JSON text."""

    host: Shared
    vnic_type: Shared = "normal"
    profile: Shared = "{}"


@kind("port", "ports", quota=500)
@dataclass(frozen=True, slots=True, kw_only=True)
class Port(Standard):
    """A connection point of a network. `requested_host` is the operator's wish, `binding` what is.

    `waits_for` is empty or says in words what must happen before the port can be ACTIVE, or can use its
    address. `binding_profile` is JSON text: nothing here reads it, and a port stays hashable and picklable.
    """

    network_id: Shared = field(metadata={INDEX: False})  # what is unique with it has one
    mac_address: MacAddress = field(metadata={INDEX: True})
    fixed_ips: tuple[FixedIp, ...] = ()
    admin_state_up: bool = True
    device_id: str = field(default="", metadata={INDEX: True})
    device_owner: Shared = ""
    status: PortStatus = PortStatus.DOWN
    requested_host: Shared = ""
    binding: Binding | None = None
    waits_for: str = field(default="", metadata={LENGTH: UNBOUNDED})
    vnic_type: Shared = field(default="normal", metadata={LENGTH: 32})
    binding_profile: Shared = field(default="{}", metadata={LENGTH: UNBOUNDED})
    inactive_bindings: tuple[InactiveBinding, ...] = ()
    port_security_enabled: bool = True
    allowed_address_pairs: tuple[AddressPair, ...] = ()
    extra_dhcp_opts: tuple[ExtraDhcpOption, ...] = ()
    security_groups: tuple[str, ...] = ()
    dns_name: str = ""

    @property
    def is_dhcp_server(self) -> bool:
        """Tell whether this port stands for a network's DHCP server."""
        return self.device_owner == DHCP_DEVICE_OWNER

    @property
    def is_of_network(self) -> bool:
        """Tell whether the port is one of the network itself: a router's, a DHCP server's."""
        return self.device_owner.startswith(NETWORK_OWNED)

    def may_run_at(self, host: str) -> bool:
        """Tell whether the machine may run at a host: it is wanted or may move there, or wanted nowhere."""
        wanted = (self.requested_host, *(binding.host for binding in self.inactive_bindings))
        return not self.requested_host or host in wanted

    def host_name(self, address: IPAddress) -> str:
        """Name the machine behind one of the port's addresses: its DNS name, else one made of the address."""
        own = self.dns_name.partition(".")[0]
        return own or "host-" + str(address).replace(".", "-").replace(":", "-")
