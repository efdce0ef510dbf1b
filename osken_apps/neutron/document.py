"""What Neutron's API says of its resources, and what of it a request of ours would say. PURE.

A document has a list a kind, under the names that the API gives them, with resources as it shows them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from osken_apps.model.resources import DHCP_DEVICE_ID, DHCP_DEVICE_OWNER
from osken_apps.networking.dhcp_ports import DHCP_PORT_NAME
from osken_apps.networking.networks import ZONE
from osken_apps.networking.security_groups import DEFAULT_NAME, default_group_id

Item = Mapping[str, Any]
Document = Mapping[str, Sequence[Item]]

#: What is taken over, in this order: what is referred to comes before.
TAKEN = ("address_groups", "security_groups", "security_group_rules", "networks", "subnets", "ports")
#: What is read to say that it is not taken over.
LEFT = ("routers", "floatingips", "subnetpools", "rbac_policies", "trunks")
PATHS = {plural: plural.replace("_", "-") for plural in (*TAKEN, *LEFT)}

#: What says something of a resource that has no counterpart here, unless it is empty.
LOST = ("qos_policy_id", "subnetpool_id", "segment_id", "vlan_transparent", "trunk_details", "device_profile")
NULL_MEANS_NONE = frozenset({"gateway_ip"})  # elsewhere null is what there is without saying
#: Of further DHCP servers of a network: their addresses are not given out while they serve.
FURTHER_DHCP_SERVER = "neutron:dhcp"
#: What names another resource by its id.
REFERENCES = ("network_id", "security_group_id", "remote_group_id", "remote_address_group_id")
NETWORK_OF_ROUTERS = "HA network tenant "  # by which Neutron's L3 agents watch each other


def _follows(item: Item) -> bool:
    """Tell whether something left out is said by the network, too: that it is shared or external."""
    return bool(item.get("object_type") == "network" and item.get("target_tenant") == "*")


def is_default(group: Item) -> bool:
    """Tell whether a security group is its project's default group."""
    return bool(group["name"] == DEFAULT_NAME)


def references(item: Item) -> frozenset[str]:
    """Give the ids of what a resource cannot be without."""
    subnets = (address.get("subnet_id") for address in item.get("fixed_ips") or ())
    found = (*(item.get(name) for name in REFERENCES), *item.get("security_groups", ()), *subnets)
    return frozenset(id for id in found if id)


class Reader:
    """Reads a document; what it leaves out is counted."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._left: Counter[str] = Counter()
        for plural in LEFT:
            self._left[plural] = sum(not _follows(item) for item in document.get(plural, ()))
        groups = document.get("security_groups", ())
        # Neutron makes a default group for whoever asks without a project, too.
        self._left_groups = {group["id"] for group in groups if not group["project_id"]}
        # The id of a default group follows from its project's.
        self._groups = {
            group["id"]: default_group_id(group["project_id"])
            for group in groups
            if is_default(group) and group["project_id"]
        }
        self._project_of_network = {item["id"]: item["project_id"] for item in document.get("networks", ())}
        self._left_networks = {
            item["id"]
            for item in document.get("networks", ())
            if not item["project_id"] and item["name"].startswith(NETWORK_OF_ROUTERS)
        }
        self._served: set[str] = set()

    def left_out(self) -> list[str]:
        """Say what was left out, and how much of it."""
        return [f"{number} {what}" for what, number in sorted(self._left.items()) if number]

    def items(self, plural: str) -> Iterator[tuple[str, Item]]:
        """Give the resources of a kind as they are to be here, each with the id that it has in Neutron."""
        for item in self._document.get(plural, ()):
            if self._is_left(plural, item):
                continue
            for name in LOST:
                self._left[f"{name} of {plural}"] += bool(item.get(name))
            yield item["id"], self._changed(plural, item)

    def _is_left(self, plural: str, item: Item) -> bool:
        network_id = str(item["id"] if plural == "networks" else item.get("network_id"))
        if network_id in self._left_networks:
            self._left[f"{plural} between routers"] += 1
            return True
        if plural == "security_groups" and item["id"] in self._left_groups:
            self._left[f"{plural} without a project"] += 1
            return True
        # A rule for the members of such a group lets in nobody.
        if {item.get("security_group_id"), item.get("remote_group_id")} & self._left_groups:
            self._left[f"{plural} of groups without a project"] += 1
            return True
        return False

    def _changed(self, plural: str, item: Item) -> Item:
        changed = dict(item)
        if not item.get("project_id"):  # Neutron's own, as a router's gateway
            changed["project_id"] = self._project_of_network.get(item.get("network_id", ""), "")
        for name in ("security_group_id", "remote_group_id"):
            if name in item:
                changed[name] = self._groups.get(item[name], item[name])
        if "security_groups" in item:
            kept = [id for id in item["security_groups"] if id not in self._left_groups]
            self._left[f"security_groups of {plural}"] += kept != item["security_groups"]
            changed["security_groups"] = [self._groups.get(id, id) for id in kept]
        if hints := item.get("availability_zone_hints"):
            changed["availability_zone_hints"] = [hint for hint in hints if hint == ZONE]
            self._left[f"availability_zone_hints of {plural}"] += changed["availability_zone_hints"] != hints
        if plural == "security_groups":
            changed["id"] = self._groups.get(item["id"], item["id"])
        if plural == "ports" and item["device_owner"] == DHCP_DEVICE_OWNER:
            changed |= self._of_dhcp_server(item["network_id"])
        return changed

    def _of_dhcp_server(self, network_id: str) -> Item:
        """Give what is changed of a DHCP server's port: ours has the id and addresses of one of Neutron's."""
        nowhere = {"binding:host_id": "", "port_security_enabled": False, "security_groups": []}
        if network_id in self._served:
            return nowhere | {"device_owner": FURTHER_DHCP_SERVER}
        self._served.add(network_id)
        return nowhere | {"device_id": DHCP_DEVICE_ID, "name": DHCP_PORT_NAME}


def body_of(item: Item, names: frozenset[str]) -> dict[str, Any]:
    """Give the body of a request that makes a resource; `names` are those that one may have."""
    return {
        name: value
        for name, value in item.items()
        if name in names - {"tenant_id"} and (value is not None or name in NULL_MEANS_NONE)
    }
