"""What requests for addresses, address pairs, options and profiles of a port look like. PURE."""

import json
from dataclasses import replace
from typing import Any

from osken_apps.errors import BadRequest, InvalidInput
from osken_apps.model.resources import MAX_EXTRA_DHCP_OPTS
from osken_apps.networking.addresses import FixedIpRequest
from osken_apps.networking.port_security import AddressPairRequest
from osken_apps.networking.ports import DhcpOptionRequest
from osken_apps.rest.address_types import ADDRESS, CIDR, CIDR_LENGTH, MAC
from osken_apps.rest.attribute import NAME
from osken_apps.rest.types import UUID, Type, choice, list_of, optional, parse_integer, record, text

MAX_DHCP_OPTION_LENGTH = 255
MAX_FIXED_IPS_NAMED = 1000  # with those that do not count: of each subnet whose machines make their own
MAX_ADDRESS_PAIRS = 10
MAX_SECURITY_GROUPS = 64
MAX_PROFILE_LENGTH = 4095


class AllowedAddressPairExhausted(BadRequest):
    """More address pairs than a port may have."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The number of allowed address pair exceeds the maximum {limit}.")


class AllowedAddressPairsMissingIP(BadRequest):
    """An address pair without an address."""

    def __init__(self) -> None:
        super().__init__("AllowedAddressPair must contain ip_address")


def _parse_pair(value: Any) -> AddressPairRequest:
    if isinstance(value, dict) and "ip_address" not in value:
        raise AllowedAddressPairsMissingIP
    pair: AddressPairRequest = _PAIR.parse(value)
    return pair


def _parse_prefix(value: Any) -> str:
    """Take an address or a range and keep it as it was written; whoever filters by it applies the mask."""
    type_ = CIDR if isinstance(value, str) and "/" in value else ADDRESS
    if type_.parse(value).is_multicast:
        raise ValueError(f"'{value}' is a multicast address")
    return str(value)


def _parse_host(value: Any) -> str:
    return "" if value is None else str(NAME.parse(value))


def _parse_profile(value: Any) -> str:
    if value is None:
        return "{}"
    if not isinstance(value, dict):
        raise ValueError(f"'{value}' is not a dictionary")
    profile = json.dumps(value, sort_keys=True)
    if len(profile) > MAX_PROFILE_LENGTH:
        raise InvalidInput("binding:profile value too large")
    return profile


def _shown_profile(text: str) -> Any:
    return {} if text == "{}" else json.loads(text)


_FIXED_IP = record({"subnet_id": optional(UUID), "ip_address": optional(ADDRESS)}, (), FixedIpRequest)
# How many are shown has no bound of its own: a port has one of each subnet whose machines make their own.
FIXED_IPS = replace(
    list_of(_FIXED_IP, MAX_FIXED_IPS_NAMED, unique=False, null=False),
    shown_schema=list_of(_FIXED_IP).answer_schema,
)
PREFIX = Type(_parse_prefix, {"type": "string", "maxLength": CIDR_LENGTH})
_PAIR = record({"ip_address": PREFIX, "mac_address": optional(MAC)}, ("ip_address",), AddressPairRequest)
PAIRS = list_of(
    replace(_PAIR, parse=_parse_pair),
    MAX_ADDRESS_PAIRS,
    unique=False,
    too_many=AllowedAddressPairExhausted,
)
HOST = Type(_parse_host, {"anyOf": [NAME.schema, {"type": "null"}]}, shown_schema=NAME.schema)
# At most MAX_PROFILE_LENGTH characters as JSON text, so at most as many parts as the shortest ones would be.
PROFILE = Type(
    _parse_profile,
    {"anyOf": [{"type": "object", "maxProperties": MAX_PROFILE_LENGTH // len('"":0,')}, {"type": "null"}]},
    _shown_profile,
)
DHCP_OPTION = {
    "opt_name": text(64),
    "opt_value": optional(text(MAX_DHCP_OPTION_LENGTH)),
    "ip_version": choice(4, 6, convert=parse_integer),
}
DHCP_OPTIONS = list_of(
    record(DHCP_OPTION, ("opt_name", "opt_value"), DhcpOptionRequest), MAX_EXTRA_DHCP_OPTS, unique=False
)
VNIC_TYPES = ("normal", "direct", "macvtap", "baremetal", "direct-physical", "virtio-forwarder", "smart-nic")
