"""The errors of the project. PURE. Each names the offending value; `rest.status` maps them to HTTP once.

The class name is Neutron's exception name: clients read it as the error's `type`.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache


class OskenAppsError(Exception):
    """Base of every error that the project raises on purpose."""


class ConfigurationError(OskenAppsError):
    """An option of the configuration is missing or has a value that cannot be used."""


class NotNow(ConfigurationError):
    """What the configuration names cannot be had now, and may be later."""


class Malformed(OskenAppsError):
    """Bytes from the wire are not what their protocol says."""


class InvalidDhcpOption(OskenAppsError):
    """A port's DHCP options would break its client, or contradict each other."""


class ApiError(OskenAppsError):
    """An error that a client of the REST API is told; its class name is the error's type."""


class BadRequest(ApiError):
    """The request cannot be understood."""


class InvalidInput(BadRequest):
    """A value of the request is not allowed."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Invalid input for operation: {reason}.")


class NotFound(ApiError):
    """The resource does not exist, or not for this project."""


class Conflict(ApiError):
    """The request contradicts what is."""


class ServiceUnavailable(ApiError):
    """The request is fine but cannot be served now."""


class HTTPBadRequest(BadRequest):
    """The request breaks the form that the API declares."""


@lru_cache
def not_found_of(singular: str) -> type[NotFound]:
    """Give the error for a kind of resource of which none has the id: `NetworkNotFound` of `network`."""
    words = singular.split("_")
    name = "".join(word.capitalize() for word in words) + "NotFound"
    known = globals().get(name)
    return known or type(name, (_IdNotFound,), {"words": " ".join(words).capitalize()})


class _IdNotFound(NotFound):
    """Nothing of its kind has that id."""

    words = "Resource"

    def __init__(self, resource_id: str) -> None:
        super().__init__(f"{self.words} {resource_id} could not be found.")


class NetworkNotFound(NotFound):
    """No network has that id."""

    def __init__(self, network_id: str) -> None:
        super().__init__(f"Network {network_id} could not be found.")


class SubnetNotFound(NotFound):
    """No subnet has that id."""

    def __init__(self, subnet_id: str) -> None:
        super().__init__(f"Subnet {subnet_id} could not be found.")


class PortNotFound(NotFound):
    """No port has that id."""

    def __init__(self, port_id: str, nearest: Sequence[str] = ()) -> None:
        """`nearest` are names of ports that may be meant."""
        hint = f" Is it {' or '.join(nearest)}?" if nearest else ""
        super().__init__(f"Port {port_id} could not be found.{hint}")


class SecurityGroupNotFound(NotFound):
    """No security group has that id, or none that may be used."""

    def __init__(self, *group_ids: str) -> None:
        super().__init__(f"Security group {', '.join(group_ids)} does not exist")


class SecurityGroupRuleNotFound(NotFound):
    """No rule of a security group has that id."""

    def __init__(self, rule_id: str) -> None:
        super().__init__(f"Security group rule {rule_id} does not exist")


class DefaultSecurityGroupRuleNotFound(NotFound):
    """No rule of new groups has that id."""

    def __init__(self, rule_id: str) -> None:
        super().__init__(f"Default Security Group rule {rule_id} does not exist")


class AddressGroupNotFound(NotFound):
    """No address group has that id, or none that may be used."""

    def __init__(self, group_id: str) -> None:
        super().__init__(f"Address group {group_id} could not be found.")


class OverQuota(Conflict):
    """There are as many as there may be."""

    def __init__(self, resource: str) -> None:
        super().__init__(f"Quota exceeded for resources: ['{resource}'].")


class VlanIdInUse(Conflict):
    """Another network has the segmentation id."""

    def __init__(self, segmentation_id: int | None, physical_network: str) -> None:
        super().__init__(
            f"Unable to create the network. The VLAN {segmentation_id} on physical network"
            f" {physical_network} is in use."
        )


class TunnelIdInUse(Conflict):
    """Another network of the type has the id."""

    def __init__(self, segmentation_id: int | None) -> None:
        super().__init__(f"Unable to create the network. The tunnel ID {segmentation_id} is in use.")


class FlatNetworkInUse(Conflict):
    """Another flat network has the physical network."""

    def __init__(self, physical_network: str) -> None:
        super().__init__(f"Unable to create the flat network. Physical network {physical_network} is in use.")


class NoNetworkAvailable(ServiceUnavailable):
    """Every segmentation id of the pools is taken."""

    def __init__(self) -> None:
        super().__init__("Unable to create the network. No tenant network is available for allocation.")


class NetworkInUse(Conflict):
    """Ports are still on the network."""

    def __init__(self, network_id: str, port_ids: Iterable[str]) -> None:
        super().__init__(
            f"Unable to complete operation on network {network_id}. There are one or more ports still in"
            f" use on the network, id for these ports is {','.join(port_ids)}."
        )


class SubnetInUse(Conflict):
    """Ports still have addresses of the subnet."""

    def __init__(self, subnet_id: str, port_ids: Iterable[str]) -> None:
        """`port_ids` are those that may be told."""
        named = ",".join(port_ids)
        super().__init__(
            f"Unable to complete operation on subnet {subnet_id}: One or more ports have an IP allocation"
            f" from this subnet{named and f': {named}'}."
        )


class MacAddressInUse(Conflict):
    """Another port of the network has the MAC address."""

    def __init__(self, network_id: str, mac: object) -> None:
        super().__init__(
            f"Unable to complete operation for network {network_id}. The mac address {mac} is in use."
        )


class MacAddressGenerationFailure(ServiceUnavailable):
    """No free MAC address was found."""

    def __init__(self, network_id: str) -> None:
        super().__init__(f"Unable to generate unique mac on network {network_id}.")


class IpAddressAlreadyAllocated(Conflict):
    """Another port has the address."""

    def __init__(self, address: object, subnet_id: str) -> None:
        super().__init__(f"IP address {address} already allocated in subnet {subnet_id}.")


class IpAddressGenerationFailure(Conflict):
    """Every address of the pools is taken."""

    def __init__(self, network_id: str) -> None:
        super().__init__(f"No more IP addresses available on network {network_id}.")


class IpAddressGenerationFailureNoMatchingSubnet(Conflict):
    """Every subnet is for other owners."""

    def __init__(self, network_id: str, device_owner: str) -> None:
        super().__init__(
            f"No valid service subnet for the given device owner, network {network_id}, service type"
            f" {device_owner}."
        )


class InvalidIpForNetwork(BadRequest):
    """The address is in no subnet of the network."""

    def __init__(self, address: object) -> None:
        super().__init__(
            f"IP address {address} is not a valid IP for any of the subnets on the specified network."
        )


class InvalidIpForSubnet(BadRequest):
    """The address is not in the subnet named beside it."""

    def __init__(self, address: object) -> None:
        super().__init__(f"IP address {address} is not a valid IP for the specified subnet.")


class AllocationOnAutoAddressSubnet(BadRequest):
    """An address was chosen where machines choose for themselves."""

    def __init__(self, address: object, subnet_id: str) -> None:
        super().__init__(
            f"IPv6 address {address} cannot be directly assigned to a port on subnet {subnet_id} as the"
            " subnet is configured for automatic addresses"
        )


class GatewayConflictWithAllocationPools(Conflict):
    """The gateway lies in a pool."""

    def __init__(self, gateway_ip: object, pool: str) -> None:
        super().__init__(f"Gateway ip {gateway_ip} conflicts with allocation pool {pool}.")


class InvalidAllocationPool(BadRequest):
    """A pool ends before it starts."""

    def __init__(self, pool: str) -> None:
        super().__init__(f"The allocation pool {pool} is not valid.")


class OutOfBoundsAllocationPool(BadRequest):
    """A pool leaves the subnet."""

    def __init__(self, pool: str, cidr: object) -> None:
        super().__init__(f"The allocation pool {pool} spans beyond the subnet cidr {cidr}.")


class OverlappingAllocationPools(Conflict):
    """Two pools share addresses."""

    def __init__(self, pool: str, other: str, cidr: object) -> None:
        super().__init__(f"Found overlapping allocation pools: {pool} {other} for subnet {cidr}.")


class DNSNameServersExhausted(BadRequest):
    """More DNS servers than a subnet may have."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            "Unable to complete operation for the subnet. The number of DNS nameservers exceeds the"
            f" limit {limit}."
        )


class HostRoutesExhausted(BadRequest):
    """More routes than a subnet may have."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            "Unable to complete operation for the subnet. The number of host routes exceeds the limit"
            f" {limit}."
        )


class NetworkMTUSubnetConflict(Conflict):
    """The network's MTU is less than one of its subnets needs."""

    def __init__(self, network_id: str, least_mtu: int) -> None:
        super().__init__(f"MTU of {network_id} is not valid, subnet requires a minimum of {least_mtu}")


class PortBound(Conflict):
    """The change is impossible while the port is bound."""

    def __init__(self, port_id: str, vif_type: str, old_mac: object, new_mac: object) -> None:
        super().__init__(
            f"Unable to complete operation on port {port_id}, port is already bound, port type:"
            f" {vif_type}, old_mac {old_mac}, new_mac {new_mac}."
        )


class PortInUse(Conflict):
    """How a port is plugged cannot change while it is."""

    def __init__(self, port_id: str, network_id: str, device_id: str) -> None:
        super().__init__(
            f"Unable to complete operation on port {port_id} for network {network_id}. Port already has an"
            f" attached device {device_id}."
        )


class InUse(Conflict):
    """Something else refers to the resource."""

    def __init__(self, kind: str, resource_id: str) -> None:
        super().__init__(f"{kind} {resource_id} is in use: another resource refers to it.")


class StoreUnavailable(ServiceUnavailable):
    """The database is locked, full or gone."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The database is not available: {reason}.")
