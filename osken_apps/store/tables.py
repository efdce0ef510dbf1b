"""The tables of the database.

Constraints, not code, hold what must be unique, each with its error. `sequence` is the order of creation.
Addresses of ports are fixed-width hexadecimal text, so that the database sorts them as numbers.
"""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from osken_apps.errors import FlatNetworkInUse, MacAddressInUse, TunnelIdInUse, VlanIdInUse
from osken_apps.model.kind import KINDS
from osken_apps.model.resources import Network, Port, Standard, Subnet
from osken_apps.model.security_groups import SecurityGroup
from osken_apps.store.forms import METADATA, Form, Unique, form_of

SCHEMA_VERSION = Table("schema_version", METADATA, Column("version", Integer, primary_key=True))

# One row: a random id that tells this store from any other.
STORE = Table("store", METADATA, Column("id", String(36), primary_key=True))

NETWORK = form_of(
    KINDS[Network],
    Unique(
        "one_segmentation_id",
        ("network_type", "physical_network", "segmentation_id"),
        lambda network: (
            TunnelIdInUse(network.segmentation_id)
            if network.network_type.is_tunnel
            else VlanIdInUse(network.segmentation_id, network.physical_network)
        ),
    ),
    Unique(
        "one_flat_network",
        ("physical_network",),
        lambda network: FlatNetworkInUse(network.physical_network),
        null="segmentation_id",
    ),
)
SUBNET = form_of(
    KINDS[Subnet],
    # Every pool address below this one is taken: where the search for a free one starts.
    Column("search_from", String(32), nullable=False, default="", server_default=""),
)
PORT = form_of(
    KINDS[Port],
    Unique(
        "one_mac_address",
        ("network_id", "mac_address"),
        lambda port: MacAddressInUse(port.network_id, port.mac_address),
    ),
    elsewhere=("fixed_ips",),
)
NETWORKS, SUBNETS, PORTS = NETWORK.table, SUBNET.table, PORT.table
Index("ports_by_owner", PORTS.c.network_id, PORTS.c.device_owner)

FORMS: dict[type[Standard], Form] = {
    Network: NETWORK,
    Subnet: SUBNET,
    Port: PORT,
    SecurityGroup: form_of(KINDS[SecurityGroup]),  # ports are its members
}


def form(model: type[Standard]) -> Form:
    """Give the form of a kind of resource; one that needs nothing besides is made when first asked for."""
    if model not in FORMS:
        FORMS[model] = form_of(KINDS[model])
    return FORMS[model]


FIXED_IPS = Table(
    "fixed_ips",
    METADATA,
    Column("subnet_id", String(36), ForeignKey("subnets.id"), primary_key=True),
    Column("ip_address", String(32), primary_key=True),
    Column("port_id", String(36), ForeignKey("ports.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
)

# The ports of each group: what the row of a port has as a list, the other way round.
MEMBERS = Table(
    "security_group_members",
    METADATA,
    Column("port_id", String(36), ForeignKey("ports.id", ondelete="CASCADE"), primary_key=True),
    Column("security_group_id", String(36), ForeignKey("security_groups.id"), primary_key=True, index=True),
)

# The last number that was given out of each kind; none is ever given out again.
COUNTERS = Table(
    "counters",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("last", Integer, nullable=False),
)

QUOTAS = Table(
    "quotas",
    METADATA,
    Column("project_id", String(255), primary_key=True),
    Column("resource", String(64), primary_key=True),
    Column("quota", Integer, nullable=False),
)

# Ports that left a host, or were deleted, and when: what a host still has of them is to end. The names in the
# database are of before, when only deleted ports were kept.
DEPARTED_PORTS = Table(
    "deleted_ports",
    METADATA,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("port_id", String(36), nullable=False, unique=True),
    Column("deleted_at", Integer, nullable=False, index=True),
)

# VLANs in which hosts had ports that are there no more: one that is away may still send with their ids.
LEFT_SEGMENTS = Table(
    "left_segments",
    METADATA,
    Column("host", String(255), primary_key=True),
    Column("physical_network", String(64), primary_key=True),
    Column("segmentation_id", Integer, primary_key=True),
    Column("left_at", Integer, nullable=False, index=True),
)

# What is kept of hosts, so that they are known before they have connected again.
KNOWN_HOSTS = Table(
    "known_hosts",
    METADATA,
    Column("name", String(255), primary_key=True),
    Column("seen_at", Integer, nullable=False),
    Column("datapath_type", String(64), nullable=False),
    Column("address", String(64), nullable=False),
)

# Which of them is which. Beside their table, as a database of before knew their names only.
HOST_IDENTITIES = Table(
    "host_identities",
    METADATA,
    Column("name", String(255), ForeignKey("known_hosts.name", ondelete="CASCADE"), primary_key=True),
    Column("system_id", String(255), nullable=False),
    Column("former_names", Text, nullable=False),  # a JSON list, the newest last
)
