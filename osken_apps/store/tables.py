"""The tables of the database.

Constraints, not code, hold what must be unique. `sequence` is the order of creation. Addresses are
fixed-width hexadecimal text, so that the database sorts them as numbers, whatever their width.
"""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from osken_apps.model.kind import KINDS
from osken_apps.model.resources import Network, Port, Subnet
from osken_apps.store.forms import METADATA, form_of, standard_columns

SCHEMA_VERSION = Table("schema_version", METADATA, Column("version", Integer, primary_key=True))

# One row: a random id that tells this store from any other.
STORE = Table("store", METADATA, Column("id", String(36), primary_key=True))


NETWORK = form_of(
    KINDS[Network], UniqueConstraint("physical_network", "segmentation_id", name="one_segmentation_id")
)
NETWORKS = NETWORK.table
# A flat network has no segmentation id, and NULLs are never equal to each other.
Index(
    "one_flat_network",
    NETWORKS.c.physical_network,
    unique=True,
    sqlite_where=NETWORKS.c.segmentation_id.is_(None),
    postgresql_where=NETWORKS.c.segmentation_id.is_(None),
)

SUBNET = form_of(
    KINDS[Subnet],
    # Every pool address below this one is taken: where the search for a free one starts.
    Column("search_from", String(32), nullable=False, default="", server_default=""),
)
SUBNETS = SUBNET.table

# A port is declared by hand: its addresses have a table of their own, and its binding several columns.
PORTS = Table(
    "ports",
    METADATA,
    *standard_columns(KINDS[Port]),
    Column("network_id", String(36), ForeignKey("networks.id"), nullable=False),
    Column("mac_address", String(17), nullable=False, index=True),
    Column("admin_state_up", Boolean, nullable=False),
    Column("device_id", String(255), nullable=False, index=True),
    Column("device_owner", String(255), nullable=False),
    Column("status", String(16), nullable=False),
    Column("requested_host", String(255), nullable=False),
    Column("binding_host", String(255)),
    Column("binding_local_vlan", Integer),
    Column("binding_interface", String(255), nullable=False),
    Column("waits_for", Text, nullable=False),
    Column("vnic_type", String(32), nullable=False),
    Column("binding_profile", Text, nullable=False),
    Column("port_security_enabled", Boolean, nullable=False),
    Column("allowed_address_pairs", Text, nullable=False),
    Column("extra_dhcp_opts", Text, nullable=False),
    Column("security_groups", Text, nullable=False),
    Column("dns_name", String(255), nullable=False),
    UniqueConstraint("network_id", "mac_address", name="one_mac_address"),
)
Index("ports_by_owner", PORTS.c.network_id, PORTS.c.device_owner)

FIXED_IPS = Table(
    "fixed_ips",
    METADATA,
    Column("subnet_id", String(36), ForeignKey("subnets.id"), primary_key=True),
    Column("ip_address", String(32), primary_key=True),
    Column("port_id", String(36), ForeignKey("ports.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
)

QUOTAS = Table(
    "quotas",
    METADATA,
    Column("project_id", String(255), primary_key=True),
    Column("resource", String(64), primary_key=True),
    Column("quota", Integer, nullable=False),
)

# Ports that were bound when they were deleted: what their hosts still have of them is to end.
DELETED_PORTS = Table(
    "deleted_ports",
    METADATA,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("port_id", String(36), nullable=False, unique=True),
    Column("deleted_at", Integer, nullable=False, index=True),
)
