"""Rows of the database from resources, and resources from rows; the one place that knows both."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, TypeVar, cast

from osken_apps.model.addresses import IPAddress, mac_address
from osken_apps.model.resources import (
    AddressPair,
    AllocationPool,
    Binding,
    ExtraDhcpOption,
    FixedIp,
    HostRoute,
    Network,
    NetworkType,
    Port,
    PortStatus,
    Resource,
    Standard,
    Subnet,
)
from osken_apps.store.tables import NETWORKS, PORTS, SUBNETS

Row = Sequence[Any]
EMPTY_LIST = "[]"

R = TypeVar("R", Network, Subnet, Port)


def address_text(address: IPAddress) -> str:
    """Give an address as text that sorts as the address does."""
    return f"{int(address):0{address.max_prefixlen // 4}x}"


def address_of(text: str) -> IPAddress:
    """Give back the address of `address_text`."""
    return IPv4Address(int(text, 16)) if len(text) == 8 else IPv6Address(int(text, 16))


def _packed(values: Iterable[Any]) -> str:
    listed = list(values)
    return json.dumps(listed, separators=(",", ":"), ensure_ascii=False) if listed else EMPTY_LIST


def _unpacked(text: str) -> list[Any]:
    return [] if text == EMPTY_LIST else json.loads(text)


def _seconds(moment: datetime | None) -> int:
    return int(moment.timestamp()) if moment else 0


@lru_cache(1024)
def moment(seconds: int) -> datetime:
    """Give the time of a row."""
    return datetime.fromtimestamp(seconds, UTC)


def _standard_row(resource: Standard) -> dict[str, Any]:
    return {
        "id": resource.id,
        "project_id": resource.project_id,
        "name": resource.name,
        "description": resource.description,
        "tags": _packed(resource.tags),
        "created_at": _seconds(resource.created_at),
        "updated_at": _seconds(resource.updated_at),
        "revision_number": resource.revision_number,
    }


def _standard(row: Row) -> dict[str, Any]:
    """Give the fields of `Standard` from the columns after `sequence`."""
    _, id_, project_id, name, description, tags, created_at, updated_at, revision_number = row[:9]
    return {
        "id": id_,
        "project_id": project_id,
        "name": name,
        "description": description,
        "tags": tuple(_unpacked(tags)),
        "created_at": moment(created_at),
        "updated_at": moment(updated_at),
        "revision_number": revision_number,
    }


def network_row(network: Network) -> dict[str, Any]:
    """Give a network's columns."""
    return _standard_row(network) | {
        "admin_state_up": network.admin_state_up,
        "shared": network.shared,
        "external": network.external,
        "is_default": network.is_default,
        "mtu": network.mtu,
        "port_security_enabled": network.port_security_enabled,
        "network_type": network.network_type.value,
        "physical_network": network.physical_network,
        "segmentation_id": network.segmentation_id,
        "availability_zone_hints": _packed(network.availability_zone_hints),
        "dns_domain": network.dns_domain,
    }


def network_of(row: Row) -> Network:
    """Make the network of a row."""
    (up, shared, external, default, mtu, security, type_, physical, segment, hints, domain) = row[9:]
    return Network(
        **_standard(row),
        admin_state_up=up,
        shared=shared,
        external=external,
        is_default=default,
        mtu=mtu,
        port_security_enabled=security,
        network_type=NetworkType(type_),
        physical_network=physical,
        segmentation_id=segment,
        availability_zone_hints=tuple(_unpacked(hints)),
        dns_domain=domain,
    )


def subnet_row(subnet: Subnet) -> dict[str, Any]:
    """Give a subnet's columns."""
    return _standard_row(subnet) | {
        "network_id": subnet.network_id,
        "cidr": str(subnet.cidr),
        "gateway_ip": None if subnet.gateway_ip is None else str(subnet.gateway_ip),
        "allocation_pools": _packed((str(pool.start), str(pool.end)) for pool in subnet.allocation_pools),
        "dns_nameservers": _packed(map(str, subnet.dns_nameservers)),
        "host_routes": _packed((str(route.destination), str(route.nexthop)) for route in subnet.host_routes),
        "enable_dhcp": subnet.enable_dhcp,
        "ipv6_ra_mode": subnet.ipv6_ra_mode,
        "ipv6_address_mode": subnet.ipv6_address_mode,
        "service_types": _packed(subnet.service_types),
    }


def subnet_of(row: Row) -> Subnet:
    """Make the subnet of a row."""
    (network_id, cidr, gateway, pools, servers, routes, dhcp, ra_mode, address_mode, types, _) = row[9:]
    return Subnet(
        **_standard(row),
        network_id=network_id,
        cidr=ip_network(cidr),
        gateway_ip=None if gateway is None else ip_address(gateway),
        allocation_pools=tuple(
            AllocationPool(ip_address(start), ip_address(end)) for start, end in _unpacked(pools)
        ),
        dns_nameservers=tuple(ip_address(server) for server in _unpacked(servers)),
        host_routes=tuple(HostRoute(ip_network(to), ip_address(via)) for to, via in _unpacked(routes)),
        enable_dhcp=dhcp,
        ipv6_ra_mode=ra_mode,
        ipv6_address_mode=address_mode,
        service_types=tuple(_unpacked(types)),
    )


def port_row(port: Port) -> dict[str, Any]:
    """Give a port's columns; its fixed ips have their own table."""
    binding = port.binding
    return _standard_row(port) | {
        "network_id": port.network_id,
        "mac_address": str(port.mac_address),
        "admin_state_up": port.admin_state_up,
        "device_id": port.device_id,
        "device_owner": port.device_owner,
        "status": port.status.value,
        "requested_host": port.requested_host,
        "binding_host": binding.host if binding else None,
        "binding_local_vlan": binding.local_vlan if binding else None,
        "binding_interface": binding.interface if binding else "",
        "waits_for": port.waits_for,
        "vnic_type": port.vnic_type,
        "binding_profile": port.binding_profile,
        "port_security_enabled": port.port_security_enabled,
        "allowed_address_pairs": _packed(
            (pair.ip_address, str(pair.mac_address)) for pair in port.allowed_address_pairs
        ),
        "extra_dhcp_opts": _packed(
            (option.opt_name, option.opt_value, option.ip_version) for option in port.extra_dhcp_opts
        ),
        "security_groups": _packed(port.security_groups),
        "dns_name": port.dns_name,
    }


def port_of(row: Row, addresses: Iterable[tuple[str, str]]) -> Port:
    """Make the port of a row and its (subnet id, address text) pairs."""
    network_id, mac, up, device_id, owner, status, requested, host, vlan, interface, waits, vnic = row[9:21]
    profile, security, pairs, options, groups, dns_name = row[21:]
    return Port(
        **_standard(row),
        network_id=network_id,
        mac_address=mac_address(mac),
        fixed_ips=tuple(FixedIp(subnet_id, address_of(text)) for subnet_id, text in addresses),
        admin_state_up=up,
        device_id=device_id,
        device_owner=owner,
        status=PortStatus(status),
        requested_host=requested,
        binding=None if host is None else Binding(host, vlan, interface),
        waits_for=waits,
        vnic_type=vnic,
        binding_profile=profile,
        port_security_enabled=security,
        allowed_address_pairs=tuple(AddressPair(ip, mac_address(of)) for ip, of in _unpacked(pairs)),
        extra_dhcp_opts=tuple(ExtraDhcpOption(*option) for option in _unpacked(options)),
        security_groups=tuple(_unpacked(groups)),
        dns_name=dns_name,
    )


TABLE_OF: Mapping[type[Resource], Any] = {Network: NETWORKS, Subnet: SUBNETS, Port: PORTS}
ROW_OF: Mapping[type[Resource], Callable[[Any], dict[str, Any]]] = {
    Network: network_row,
    Subnet: subnet_row,
    Port: port_row,
}
_OF_ROW: Mapping[type[Resource], Callable[[Row], Resource]] = {Network: network_of, Subnet: subnet_of}


def resource_of(kind: type[R], row: Row, addresses: Iterable[tuple[str, str]] = ()) -> R:
    """Make the resource of a row; of a port with its (subnet id, address text) pairs."""
    made: Any = port_of(row, addresses) if kind is Port else _OF_ROW[kind](row)
    return cast(R, made)
