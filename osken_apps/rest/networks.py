"""Networks: their attributes, what a request of one means, and who may make it."""

from collections.abc import Mapping, Sequence
from typing import Any

from osken_apps.errors import BadRequest, InvalidInput
from osken_apps.model.kind import KINDS
from osken_apps.model.resources import Network
from osken_apps.networking import networks
from osken_apps.networking.networks import ZONE, NetworkRequest
from osken_apps.networking.segments import TUNNEL_IDS
from osken_apps.networking.state import State
from osken_apps.rest.address_types import DNS_NAME
from osken_apps.rest.attribute import MAX_INTEGER, NAME, Attribute, nothing, port_security, standard
from osken_apps.rest.collection import Around, Collection, request_of
from osken_apps.rest.rules import ADMIN, READER, of_projects
from osken_apps.rest.types import BOOLEAN, UUID, integer, list_of, not_null, optional, record, text
from osken_apps.rest.validation import Values

MAX_ZONE_HINTS = 10
MAX_SEGMENTATION_ID = max(ids[-1] for ids in TUNNEL_IDS.values())
SEGMENT_TYPES = {
    "provider:network_type": text(32),
    "provider:physical_network": text(64),
    "provider:segmentation_id": integer(-MAX_INTEGER, MAX_SEGMENTATION_ID),
}


class SegmentsSetInConjunctionWithProviders(BadRequest):
    """A network's segment is said in two ways."""

    def __init__(self) -> None:
        super().__init__("Segments and provider values cannot both be set.")


def _segment(**asked: Any) -> Values:
    """Give the provider attributes that a segment has: gophercloud says "" and 0 for what nobody asked."""
    return {name: value for name, value in asked.items() if value or name == "provider:network_type"}


def _too_many_segments(_limit: int) -> InvalidInput:
    return InvalidInput("a network has one segment")


# Neutron's multi-provider: the only words that Terraform has for the segment. Ours has one, shown as any.
SEGMENTS = list_of(
    record(SEGMENT_TYPES, ("provider:network_type",), _segment),
    1,
    unique=False,
    null=False,
    too_many=_too_many_segments,
)

ATTRIBUTES = (
    *standard(),
    Attribute("admin_state_up", BOOLEAN, default=True, filter=True, sort=True),
    Attribute("status", NAME, post=False, put=False, filter=True, sort=True, get=lambda network, _: "ACTIVE"),
    Attribute(
        "subnets",
        list_of(UUID),
        post=False,
        put=False,
        get=lambda network, context: list(context.subnet_ids.get(network.id, ())),
    ),
    Attribute("shared", BOOLEAN, default=False, filter=True),
    Attribute("router:external", BOOLEAN, default=False, filter=True, model_field="external"),
    Attribute("is_default", BOOLEAN, default=False, filter=True),
    Attribute("mtu", integer(0, MAX_INTEGER), filter=True, sort=True),
    Attribute("port_security_enabled", BOOLEAN, default=True, get=port_security),
    Attribute(
        "provider:network_type",
        SEGMENT_TYPES["provider:network_type"],
        filter=True,
        model_field="network_type",
        guarded=True,
    ),
    Attribute(
        "provider:physical_network",
        not_null(SEGMENT_TYPES["provider:physical_network"]),
        filter=True,
        model_field="physical_network",
        guarded=True,
        get=lambda network, _: network.physical_network or None,
    ),
    Attribute(
        "provider:segmentation_id",
        not_null(SEGMENT_TYPES["provider:segmentation_id"]),
        filter=True,
        model_field="segmentation_id",
        guarded=True,
    ),
    Attribute("segments", SEGMENTS, hidden=True),
    Attribute("availability_zone_hints", list_of(NAME, MAX_ZONE_HINTS, null=False), default=(), put=False),
    Attribute(
        "availability_zones",
        list_of(NAME),
        post=False,
        put=False,
        get=lambda network, context: [ZONE] if context.subnet_ids.get(network.id) else [],
    ),
    Attribute("ipv4_address_scope", optional(UUID), post=False, put=False, get=nothing),
    Attribute("ipv6_address_scope", optional(UUID), post=False, put=False, get=nothing),
    Attribute("dns_domain", DNS_NAME, default="", filter=True, sort=True),
)

POLICY = of_projects("network") | {
    "get_network": f"{READER} or rule:shared or rule:external",
    **{
        f"{action}_network:{attribute}": ADMIN
        for action in ("create", "update")
        for attribute in ("shared", "router:external", "is_default", "segments")
    },
    **{
        f"{action}_network:provider:{attribute}": ADMIN
        for action in ("create", "get", "update")
        for attribute in ("network_type", "physical_network", "segmentation_id")
    },
}


def _request(values: Values) -> NetworkRequest:
    """Make a request of the values of a body. Raises SegmentsSetInConjunctionWithProviders."""
    segments = values.get("segments", ())
    if segments and not SEGMENT_TYPES.keys().isdisjoint(values):
        raise SegmentsSetInConjunctionWithProviders
    request: NetworkRequest = request_of(NetworkRequest, ATTRIBUTES, values | dict(*segments))
    return request


def _create(state: State, project_id: str, values: Values, around: Around) -> Network:
    physical = around.config.network.physical
    return networks.create(state, project_id, _request(values), physical, around.terms, around.away())


def _update(state: State, network: Network, values: Values, around: Around) -> Network:
    return networks.update(state, network, _request(values), around.config.network.physical)


def _delete(state: State, network: Network, _around: Around) -> None:
    networks.delete(state, network)


def _context(view: Any, resources: Sequence[Network] | None) -> Mapping[str, Any]:
    """Read the subnets of networks."""
    ids = None if resources is None else [network.id for network in resources]
    return {"subnet_ids": view.subnet_ids(ids)}


NETWORKS = Collection(KINDS[Network], ATTRIBUTES, POLICY, _create, _update, _delete, _context)
