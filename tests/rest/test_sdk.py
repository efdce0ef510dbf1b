"""openstacksdk drives the live server: the cloud layer and the proxy layer."""

from collections.abc import Iterator
from typing import Any

import openstack
import pytest
from openstack import exceptions

from osken_apps.rest.discovery import offered
from tests.rest.server import Server


@pytest.fixture
def cloud(server: Server) -> Iterator[Any]:
    """Give a connection to an API that has nothing left of the test before."""
    connection = openstack.connect(auth_type="none", endpoint=server.url)
    yield connection
    for port in connection.network.ports():
        connection.network.delete_port(port)
    for network in connection.network.networks():
        connection.network.delete_network(network)
    connection.close()


def test_the_cloud_layer_makes_finds_changes_and_deletes(cloud: Any) -> None:
    network = cloud.create_network("net1", shared=True, mtu_size=1400)
    subnet = cloud.create_subnet(
        "net1", cidr="10.10.10.0/24", subnet_name="sub1", enable_dhcp=True, dns_nameservers=["9.9.9.9"]
    )
    port = cloud.create_port(network.id, name="p1")
    assert (network.provider_segmentation_id, network.mtu, network.is_shared) == (1000, 1400, True)
    assert (subnet.gateway_ip, subnet.dns_nameservers) == ("10.10.10.1", ["9.9.9.9"])
    assert port.fixed_ips == [{"subnet_id": subnet.id, "ip_address": "10.10.10.2"}]
    assert cloud.get_network("net1").subnet_ids == [subnet.id]
    assert [found.id for found in cloud.search_ports("p1")] == [port.id]
    assert cloud.update_network("net1", name="net2").name == "net2"
    assert cloud.update_subnet(subnet.id, disable_gateway_ip=True).gateway_ip is None
    assert cloud.update_port(port.id, name="p2").name == "p2"
    assert [cloud.delete_port("p2"), cloud.delete_subnet("sub1"), cloud.delete_network("net2")] == [True] * 3
    assert cloud.delete_network("net2") is False


def test_the_proxy_layer_makes_finds_changes_and_deletes(cloud: Any) -> None:
    proxy = cloud.network
    network = proxy.create_network(name="net1", description="words")
    subnet = proxy.create_subnet(network_id=network.id, ip_version=6, cidr="2001:db8::/64", name="sub1")
    port = proxy.create_port(network_id=network.id, name="p1", device_id="vm1")
    assert proxy.find_network("net1").id == network.id
    assert [found.id for found in proxy.ports(device_id="vm1")] == [port.id]
    assert [found.id for found in proxy.subnets(ip_version=6, network_id=network.id)] == [subnet.id]
    assert proxy.update_port(port, admin_state_up=False).is_admin_state_up is False
    with pytest.raises(exceptions.ConflictException, match=port.id):
        proxy.delete_network(network)
    proxy.delete_port(port)
    proxy.delete_subnet(subnet)
    proxy.delete_network(network)
    assert proxy.find_network("net1") is None


def test_pages_are_followed_to_the_end(cloud: Any) -> None:
    names = {f"net{number}" for number in range(7)}
    for name in sorted(names):
        cloud.network.create_network(name=name)
    listed = [network.name for network in cloud.network.networks(limit=3, paginated=True)]
    first_page = list(cloud.network.networks(limit=3, paginated=False))
    assert (sorted(listed), len(first_page)) == (sorted(names), 3)


def test_tags_are_set_added_and_removed(cloud: Any) -> None:
    network = cloud.network.create_network(name="net1")
    cloud.network.set_tags(network, ["red"])
    cloud.network.add_tag(network, "blue")
    assert sorted(cloud.network.get_network(network.id).tags) == ["blue", "red"]
    assert [found.id for found in cloud.network.networks(tags="red,blue")] == [network.id]
    network.remove_all_tags(cloud.network)
    assert cloud.network.get_network(network.id).tags == []


def test_quotas_are_set_shown_and_reset(cloud: Any) -> None:
    assert cloud.network.update_quota("default", networks=5).networks == 5
    assert cloud.network.get_quota("default").networks == 5
    # What the openstack command sends, without --force and with it.
    assert cloud.network.update_quota("default", networks=4, check_limit=True).networks == 4
    cloud.network.create_network(name="net1")
    with pytest.raises(exceptions.BadRequestException, match="already used 1"):
        cloud.network.update_quota("default", networks=0, check_limit=True)
    assert cloud.network.update_quota("default", networks=0, force=True).networks == 0
    cloud.network.update_quota("default", networks=5)
    assert cloud.network.get_quota("default", details=True).networks["limit"] == 5
    assert cloud.network.get_quota_default("default").networks == -1
    assert [quota.project_id for quota in cloud.network.quotas()] == ["default"]
    cloud.network.delete_quota("default")
    assert cloud.network.get_quota("default").networks == -1


def test_extensions_zones_and_agents_are_listed(cloud: Any) -> None:
    assert {extension.alias for extension in cloud.network.extensions()} == set(offered(True))
    assert cloud.network.find_extension("provider").alias == "provider"
    assert [zone.name for zone in cloud.network.availability_zones()] == ["nova"]
    assert list(cloud.network.agents()) == []


def test_a_stale_revision_is_refused(cloud: Any) -> None:
    network = cloud.network.create_network(name="net1")
    cloud.network.update_network(network.id, name="net2")
    with pytest.raises(exceptions.PreconditionFailedException):
        cloud.network.update_network(network, if_revision=1, name="net3")
    assert cloud.network.get_network(network.id).name == "net2"


def test_address_use_is_counted(cloud: Any) -> None:
    network = cloud.network.create_network(name="net1")
    cloud.network.create_subnet(network_id=network.id, ip_version=4, cidr="10.10.10.0/24")
    cloud.network.create_port(network_id=network.id)
    use = cloud.network.get_network_ip_availability(network.id)
    assert (use.total_ips, use.used_ips) == (253, 1)


def test_security_groups_are_made_used_and_deleted(cloud: Any) -> None:
    proxy = cloud.network
    group = cloud.create_security_group("web", "servers", stateful=False)
    rule = cloud.create_security_group_rule("web", 80, 80, "tcp", "10.0.0.0/8")
    again = proxy.create_security_group_rule(
        security_group_id=group.id, direction="egress", ether_type="IPv6", protocol="58", port_range_min=128
    )
    assert {found.id for found in proxy.security_group_rules(security_group_id=group.id)} >= {
        rule.id,
        again.id,
    }
    assert proxy.update_security_group(group, name="www").name == "www"
    assert [found.id for found in proxy.security_groups(name="www", is_shared=False)] == [group.id]
    network = proxy.create_network(name="net1", is_port_security_enabled=False)
    port = proxy.create_port(network_id=network.id, is_port_security_enabled=True, security_groups=[group.id])
    assert [found.id for found in proxy.ports(security_groups=[group.id])] == [port.id]
    with pytest.raises(exceptions.ConflictException, match=group.id):
        proxy.delete_security_group(group)
    proxy.update_port(port, security_groups=[])
    proxy.delete_security_group(group)
    assert proxy.find_security_group("www", ignore_missing=True) is None


def test_address_groups_and_rules_of_new_groups_are_made_and_deleted(cloud: Any) -> None:
    proxy = cloud.network
    group = proxy.create_address_group(name="ag", addresses=["10.0.0.0/8"])
    proxy.add_addresses_to_address_group(group, ["192.0.2.0/24"])
    proxy.remove_addresses_from_address_group(group, ["10.0.0.0/8"])
    assert proxy.get_address_group(group.id).addresses == ["192.0.2.0/24"]
    rule = proxy.create_default_security_group_rule(direction="ingress", protocol="icmp", ether_type="IPv4")
    assert rule.id in {found.id for found in proxy.default_security_group_rules()}
    proxy.delete_default_security_group_rule(rule)
    proxy.delete_address_group(group)
    assert list(proxy.address_groups()) == []
