"""What the API says of itself: versions, resources, extensions. PURE."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from osken_apps.errors import NotFound
from osken_apps.rest.openapi.words import (
    TEXT,
    Document,
    array_of,
    object_of,
    operation,
    parameter,
)

UPDATED = "2026-11-22T00:00:00-00:00"


class ExtensionNotFound(NotFound):
    """No extension has that alias."""

    def __init__(self, alias: str) -> None:
        super().__init__(f"Extension with alias {alias} does not exist")


@dataclass(frozen=True, slots=True)
class Extension:
    """A part of the API that a client may ask for before it uses it."""

    alias: str
    name: str
    description: str


EXTENSIONS: Mapping[str, Extension] = {
    extension.alias: extension
    for extension in (
        Extension("binding", "Port Binding", "Where a port is and how it is plugged."),
        Extension("binding-extended", "Port Bindings Extended", "Where a port may move to."),
        Extension("provider", "Provider Network", "Type, physical network and segmentation id of networks."),
        Extension("external-net", "Neutron external network", "Networks marked as external."),
        Extension(
            "subnet-external-network", "Subnet external network", "Subnets of networks marked as external."
        ),
        Extension("net-mtu", "Network MTU", "The MTU of a network."),
        Extension("net-mtu-writable", "Network MTU (writable)", "The MTU of a network can be set."),
        Extension("project-id", "project_id field enabled", "project_id beside tenant_id."),
        Extension("sorting", "Sorting support", "sort_key and sort_dir in lists."),
        Extension("pagination", "Pagination support", "limit and marker in lists."),
        Extension("filter-validation", "Filter parameters validation", "Unknown filters are refused."),
        Extension(
            "empty-string-filtering", "Empty String Filtering Extension", "A filter may be the empty string."
        ),
        Extension("ip-substring-filtering", "IP address substring filtering", "Ports by part of an address."),
        Extension("standard-attr-description", "standard-attr-description", "Descriptions of resources."),
        Extension("standard-attr-timestamp", "Resource timestamps", "When a resource was made and changed."),
        Extension("standard-attr-revisions", "Resource revision numbers", "Revision numbers of resources."),
        Extension("revision-if-match", "If-Match constraints", "Changes on condition of a revision number."),
        Extension("extra_dhcp_opt", "Neutron Extra DHCP options", "DHCP options of a port."),
        Extension("subnet-service-types", "Subnet service types", "Subnets for ports of certain owners."),
        Extension("standard-attr-tag", "Tag support for resources with standard attribute", "Tags."),
        Extension("quotas", "Quota management support", "Quotas of projects."),
        Extension("quota_details", "Quota details management support", "Quotas and what is used of them."),
        Extension(
            "quota-check-limit", "Quota engine limit check", "No quota below what is used, if that is asked."
        ),
        Extension(
            "quota-check-limit-default",
            "Quota engine limit check by default",
            "No quota below what is used, unless it is forced.",
        ),
        Extension("agent", "agent", "Connected hosts as agents."),
        Extension("availability_zone", "Availability Zone", "Availability zones."),
        Extension("network_availability_zone", "Network Availability Zone", "Zones of networks."),
        Extension("network-ip-availability", "Network IP Availability", "How many addresses are taken."),
        Extension("osken-overview", "Overview", "Counts, what needs attention, what the caller may do."),
        Extension("osken-changes", "Changes", "What changed since a revision."),
        Extension("osken-search", "Search", "Things by part of a name, address, MAC or id."),
        Extension("osken-explain", "Explain", "Why a port has no address, or does not reach another."),
        Extension("osken-topology", "Topology", "Which machines hang on which networks, and where."),
        Extension("osken-flows", "Flows of hosts", "What hosts have beside what they should have, counted."),
        Extension("osken-interfaces", "Interfaces of hosts", "What hosts show of their interfaces."),
        Extension("osken-dhcp-transactions", "DHCP transactions", "What DHCP clients asked and were told."),
        Extension("osken-about", "About", "The version, and where it listens."),
        Extension("dns-integration", "DNS Integration", "DNS names of ports and networks."),
    )
}


# These are offered where they are enforced.
OF_SECURITY: Mapping[str, Extension] = {
    extension.alias: extension
    for extension in (
        Extension("port-security", "Port Security", "Port security of networks and ports."),
        Extension("allowed-address-pairs", "Allowed Address Pairs", "Further addresses of a port."),
        Extension("security-group", "security-group", "Security groups and their rules."),
        Extension("stateful-security-group", "Stateful security group", "Groups that track connections."),
        Extension("address-group", "Address group", "Addresses that rules name together."),
        Extension(
            "security-groups-remote-address-group",
            "Remote address group in security group rules",
            "Rules for address groups.",
        ),
        Extension(
            "security-groups-normalized-cidr",
            "Normalized CIDR in security group rules",
            "The prefix of a rule without host bits.",
        ),
        Extension(
            "security-groups-default-rules",
            "Default rules for security groups",
            "The rules that new groups are made with.",
        ),
        Extension(
            "security-groups-shared-filtering",
            "Security group filtering on the shared field",
            "Groups by whether they are shared.",
        ),
        Extension(
            "security-groups-rules-belongs-to-default-sg",
            "Security group rules of default groups",
            "Rules by whether their group is a default one.",
        ),
        Extension(
            "port-security-groups-filtering", "Port filtering on security groups", "Ports by their groups."
        ),
    )
}


def offered(enforced: bool) -> Mapping[str, Extension]:
    """Give the extensions that the API has, by alias."""
    return {**EXTENSIONS, **OF_SECURITY} if enforced else EXTENSIONS


def versions(host_url: str) -> dict[str, Any]:
    """Give the document of `GET /`."""
    link = {"rel": "self", "href": f"{host_url}/v2.0/"}
    return {"versions": [{"id": "v2.0", "status": "CURRENT", "links": [link]}]}


def index(host_url: str, names: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Give the document of `GET /v2.0/`: the collections, named in singular and plural."""
    return {
        "resources": [
            {
                "name": singular,
                "collection": plural,
                "links": [{"rel": "self", "href": f"{host_url}/v2.0/{plural}"}],
            }
            for singular, plural in names
        ]
    }


def extensions(enforced: bool) -> dict[str, Any]:
    """Give the document of `GET /v2.0/extensions`."""
    return {"extensions": [_shown(extension) for extension in offered(enforced).values()]}


def extension(enforced: bool, alias: str) -> dict[str, Any]:
    """Give the document of one extension. Raises ExtensionNotFound."""
    known = offered(enforced).get(alias)
    if known is None:
        raise ExtensionNotFound(alias)
    return {"extension": _shown(known)}


def _shown(extension: Extension) -> dict[str, Any]:
    return {
        "alias": extension.alias,
        "name": extension.name,
        "description": extension.description,
        "updated": UPDATED,
        "links": [],
    }


def described() -> Document:
    """Give its paths of the OpenAPI document."""
    anything = {"type": "object"}
    alias = parameter("alias", "path", TEXT | {"pattern": "^[0-9A-Za-z_-]+$"}, required=True)
    return {
        "/": {
            "get": operation("versions", 200, object_of({"versions": array_of(anything)}, ["versions"]), ())
        },
        "/v2.0": {
            "get": operation(
                "resources", 200, object_of({"resources": array_of(anything)}, ["resources"]), ()
            )
        },
        "/v2.0/extensions": {
            "get": operation(
                "list_extensions", 200, object_of({"extensions": array_of(anything)}, ["extensions"]), ()
            )
        },
        "/v2.0/extensions/{alias}": {
            "parameters": [alias],
            "get": operation(
                "show_extension", 200, object_of({"extension": anything}, ["extension"]), (404,)
            ),
        },
    }
