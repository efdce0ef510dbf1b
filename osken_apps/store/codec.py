"""Rows of the database from resources, and resources from rows; the one place that knows both."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address
from typing import Any, TypeVar, cast

from osken_apps.model.addresses import IPAddress, mac_address
from osken_apps.model.kind import KINDS
from osken_apps.model.resources import (
    AddressPair,
    Binding,
    ExtraDhcpOption,
    FixedIp,
    Network,
    Port,
    PortStatus,
    Standard,
    Subnet,
)
from osken_apps.store.forms import Form, Row, form_of, moment, packed, seconds, unpacked
from osken_apps.store.tables import NETWORK, PORTS, SUBNET

R = TypeVar("R", bound=Standard)


def address_text(address: IPAddress) -> str:
    """Give an address as text that sorts as the address does."""
    return f"{int(address):0{address.max_prefixlen // 4}x}"


def address_of(text: str) -> IPAddress:
    """Give back the address of `address_text`."""
    return IPv4Address(int(text, 16)) if len(text) == 8 else IPv6Address(int(text, 16))


def _standard_row(resource: Standard) -> dict[str, Any]:
    return {
        "id": resource.id,
        "project_id": resource.project_id,
        "name": resource.name,
        "description": resource.description,
        "tags": packed(resource.tags),
        "created_at": seconds(resource.created_at),
        "updated_at": seconds(resource.updated_at),
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
        "tags": tuple(unpacked(tags)),
        "created_at": moment(created_at),
        "updated_at": moment(updated_at),
        "revision_number": revision_number,
    }


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
        "allowed_address_pairs": packed(
            (pair.ip_address, str(pair.mac_address)) for pair in port.allowed_address_pairs
        ),
        "extra_dhcp_opts": packed(
            (option.opt_name, option.opt_value, option.ip_version) for option in port.extra_dhcp_opts
        ),
        "security_groups": packed(port.security_groups),
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
        allowed_address_pairs=tuple(AddressPair(ip, mac_address(of)) for ip, of in unpacked(pairs)),
        extra_dhcp_opts=tuple(ExtraDhcpOption(*option) for option in unpacked(options)),
        security_groups=tuple(unpacked(groups)),
        dns_name=dns_name,
    )


FORMS: dict[type[Standard], Form] = {
    Network: NETWORK,
    Subnet: SUBNET,
    # Its addresses come from another table: a port is made by `port_of`.
    Port: Form(PORTS, port_row, port_of),
}


def form(model: type[Standard]) -> Form:
    """Give the form of a kind of resource; one that needs nothing besides is made when first asked for."""
    if model not in FORMS:
        FORMS[model] = form_of(KINDS[model])
    return FORMS[model]


def resource_of(model: type[R], row: Row, addresses: Iterable[tuple[str, str]] = ()) -> R:
    """Make the resource of a row; of a port with its (subnet id, address text) pairs."""
    made: Any = port_of(row, addresses) if model is Port else form(model).resource(row)
    return cast(R, made)
