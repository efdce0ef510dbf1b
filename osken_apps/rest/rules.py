"""The words of which policy rules are made: who somebody is, and what a resource is to them. PURE."""

from collections.abc import Mapping

ANYBODY = "rule:regular_user"
ADMIN = "rule:admin_only"
MEMBER = "rule:admin_or_member"
READER = "rule:admin_or_reader"
ANY_READER = "rule:admin_only or role:reader"
NETWORK_OWNER = "rule:admin_or_network_owner"
NETWORK_READER = "(role:reader and rule:network_owner)"
GROUP_OWNER = "(role:member and rule:sg_owner)"
GROUP_READER = "(role:reader and rule:sg_owner)"
SERVICE = "role:service"

BASE: Mapping[str, str] = {
    "regular_user": "",
    "context_is_admin": "role:admin",
    "admin_only": "rule:context_is_admin",
    "owner": "project_id:%(project_id)s",
    "network_owner": "project_id:%(network:project_id)s",
    "sg_owner": "project_id:%(security_group:project_id)s",
    "shared": "field:networks:shared=True",
    "external": "field:networks:router:external=True",
    "network_shared": "field:networks:network:shared=True",
    "network_external": "field:networks:network:router:external=True",
    "network_device": "field:port:device_owner=~^network:",
    "admin_or_reader": "rule:context_is_admin or (role:reader and rule:owner)",
    "admin_or_member": "rule:context_is_admin or (role:member and rule:owner)",
    "admin_or_network_owner": "rule:context_is_admin or (role:member and rule:network_owner)",
    "create_for_other_project": ADMIN,
    "get_overview": ANY_READER,
    "get_changes": ANY_READER,
    "get_search": ANY_READER,
    "get_topology": ANY_READER,
    "get_dhcp_transactions": ADMIN,
    "get_about": ANY_READER,
    "get_about:database": ADMIN,
    "get_about:listeners": ADMIN,
    "explain_frame": ADMIN,
    "explain_probe": ADMIN,
    "get_quota": READER,
    "update_quota": ADMIN,
    "delete_quota": ADMIN,
}


def of_projects(singular: str) -> dict[str, str]:
    """Give the rules of a resource that the members of a project make, and its readers see."""
    writes = {f"{action}_{singular}": MEMBER for action in ("create", "update", "delete")}
    return {f"get_{singular}": READER, **writes}
