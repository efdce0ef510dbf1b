"""The `openstack` command drives the live server, as operators do."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from osken_apps.link import Answer, HostReports, PortReports, Query
from osken_apps.model.changes import HostReport, PortReport
from osken_apps.model.resources import Binding, PortStatus
from osken_apps.questions import ForgetHost
from tests.rest.server import WAIT_S, Server

OPENSTACK = Path(sys.executable).with_name("openstack")
# The fields of the reference's tables, under the names that the command gives them today.
NETWORK_FIELDS = {
    "admin_state_up": "UP",
    "name": "net1",
    "provider:network_type": "vlan",
    "provider:physical_network": "default",
    "provider:segmentation_id": "1000",
    "shared": "False",
    "status": "ACTIVE",
    "subnets": "",
    "project_id": "default",
}
SUBNET_FIELDS = {
    "allocation_pools": "10.10.10.2-10.10.10.254",
    "cidr": "10.10.10.0/24",
    "dns_nameservers": "",
    "enable_dhcp": "True",
    "gateway_ip": "10.10.10.1",
    "host_routes": "",
    "ip_version": "4",
    "name": "sub1",
    "project_id": "default",
}


def environment(server: Server) -> dict[str, str]:
    """Give the environment in which the command talks to the server."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
    return clean | {"OS_AUTH_TYPE": "none", "OS_ENDPOINT": server.url}


def openstack(server: Server, *lines: str) -> list[Any]:
    """Run commands in one session of the client; give the JSON that they print."""
    done = subprocess.run(
        [OPENSTACK],
        input="\n".join(lines) + "\n",
        env=environment(server),
        capture_output=True,
        text=True,
        timeout=WAIT_S,
    )
    assert done.stderr == ""
    return documents(done.stdout)


def documents(text: str) -> list[Any]:
    """Give the JSON documents that follow each other in a text."""
    decoder, found = json.JSONDecoder(), []
    rest = text.replace("(openstack)", "").strip()
    while rest:
        document, end = decoder.raw_decode(rest)
        found.append(document)
        rest = rest[end:].strip()
    return found


def table(text: str) -> dict[str, str]:
    """Give the fields and values of a table as the command prints it."""
    rows = [line.split("|") for line in text.splitlines() if line.startswith("|")]
    return {row[1].strip(): row[2].strip() for row in rows[1:]}


def test_the_tables_of_the_reference_come_out(server: Server) -> None:
    options = ["--os-auth-type", "none", "--os-endpoint", server.url]
    commands = (
        ["network", "create", "net1"],
        ["subnet", "create", "--network", "net1", "--subnet-range", "10.10.10.0/24", "sub1"],
    )
    tables = []
    for command in commands:
        shown = subprocess.run(
            [OPENSTACK, *options, *command], capture_output=True, text=True, timeout=WAIT_S
        )
        tables.append(table(shown.stdout))
    openstack(server, "network delete net1")
    network, subnet = tables
    assert {name: network[name] for name in NETWORK_FIELDS} == NETWORK_FIELDS
    assert {name: subnet[name] for name in SUBNET_FIELDS} == SUBNET_FIELDS
    assert subnet["network_id"] == network["id"]


def test_networks_with_the_options_people_use(server: Server) -> None:
    provider = "--provider-network-type vlan --provider-physical-network default --provider-segment 42"
    created, listed, shown, changed = openstack(
        server,
        f"network create net1 {provider} --mtu 1400 --share --description words --tag red --tag blue -f json",
        "network list --long --tags red -f json",
        "network show net1 -f json",
        "network set net1 --name net2 --no-share --disable --tag green",
        "network unset net2 --tag red",
        "network show net2 -f json",
        "network delete net2",
    )
    assert (created["provider:segmentation_id"], created["mtu"], created["shared"]) == (42, 1400, True)
    assert [(network["ID"], network["Network Type"]) for network in listed] == [(created["id"], "vlan")]
    assert shown == created | {key: shown[key] for key in ("tags", "revision_number", "updated_at")}
    assert sorted(shown["tags"]) == ["blue", "red"]
    assert (changed["name"], changed["shared"], sorted(changed["tags"])) == ("net2", False, ["blue", "green"])


def test_subnets_with_the_options_people_use(server: Server) -> None:
    created, six, listed, changed, unset = openstack(
        server,
        "network create net1 -f json -c id --noindent",
        "subnet create sub1 --network net1 --subnet-range 10.10.10.0/24 --gateway 10.10.10.254"
        " --allocation-pool start=10.10.10.10,end=10.10.10.20 --dns-nameserver 9.9.9.9"
        " --host-route destination=10.9.0.0/16,gateway=10.10.10.9 -f json",
        "subnet create sub6 --network net1 --ip-version 6 --subnet-range 2001:db8::/64"
        " --ipv6-ra-mode slaac --ipv6-address-mode slaac -f json",
        "subnet list --ip-version 4 --long -f json",
        "subnet set sub1 --no-dhcp --dns-nameserver 1.1.1.1 --gateway none",
        "subnet show sub1 -f json",
        "subnet unset sub1 --dns-nameserver 9.9.9.9 --host-route destination=10.9.0.0/16,gateway=10.10.10.9",
        "subnet show sub1 -f json",
        "subnet delete sub1 sub6",
        "network delete net1",
    )[1:]
    assert created["allocation_pools"] == [{"start": "10.10.10.10", "end": "10.10.10.20"}]
    assert (created["gateway_ip"], created["dns_nameservers"]) == ("10.10.10.254", ["9.9.9.9"])
    assert (six["ipv6_address_mode"], six["gateway_ip"]) == ("slaac", "2001:db8::")
    assert [subnet["Name"] for subnet in listed] == ["sub1"]
    assert (changed["enable_dhcp"], changed["gateway_ip"]) == (False, None)
    assert sorted(changed["dns_nameservers"]) == ["1.1.1.1", "9.9.9.9"]
    assert (unset["dns_nameservers"], unset["host_routes"]) == (["1.1.1.1"], [])


def test_ports_with_the_options_people_use(server: Server) -> None:
    created, listed, changed, unset = openstack(
        server,
        "network create net1 -f json -c id --noindent",
        "subnet create sub1 --network net1 --subnet-range 10.10.10.0/24 -f json -c id --noindent",
        "port create p1 --network net1 --fixed-ip subnet=sub1,ip-address=10.10.10.77"
        " --mac-address fa:16:3e:00:00:77 --device vm1 --device-owner compute:nova --description words"
        " --allowed-address ip-address=10.0.0.0/8 --extra-dhcp-option name=mtu,value=1400 --host host1"
        " --tag red -f json",
        "port list --network net1 --device-owner compute:nova --fixed-ip ip-address=10.10.10.77 -f json",
        "port set p1 --name p2 --fixed-ip subnet=sub1 --no-security-group --disable",
        "port show p2 -f json",
        "port unset p2 --fixed-ip subnet=sub1,ip-address=10.10.10.77"
        " --allowed-address ip-address=10.0.0.0/8,mac-address=fa:16:3e:00:00:77",
        "port show p2 -f json",
        "port delete p2",
        "network delete net1",
    )[2:]
    assert [ip["ip_address"] for ip in created["fixed_ips"]] == ["10.10.10.77"]
    assert (created["mac_address"], created["binding_host_id"]) == ("fa:16:3e:00:00:77", "host1")
    assert (created["binding_vif_type"], created["device_id"]) == ("binding_failed", "vm1")
    assert [port["Name"] for port in listed] == ["p1"]
    assert sorted(ip["ip_address"] for ip in changed["fixed_ips"]) == ["10.10.10.2", "10.10.10.77"]
    assert (changed["security_group_ids"], changed["admin_state_up"]) == ([], False)
    assert [ip["ip_address"] for ip in unset["fixed_ips"]] == ["10.10.10.2"]
    assert unset["allowed_address_pairs"] == []


def test_the_commands_beside_the_three_resources_answer(server: Server) -> None:
    agents, zones, use, extensions, groups = openstack(
        server,
        "network agent list -f json",
        "availability zone list --network -f json",
        "ip availability list -f json",
        "extension list --network -f json",
        "security group list -f json",
    )
    assert (agents, use) == ([], [])
    assert zones == [{"Zone Name": "nova", "Zone Status": "available"}]
    assert "provider" in {extension["Alias"] for extension in extensions}
    assert [group["Name"] for group in groups] == ["default"]


def bind(server: Server, port_id: str, host: str) -> None:
    """Report a port as bound to a host, and wait until the API shows it."""
    server.link.send(PortReports((PortReport(port_id, Binding(host, 1, "tap1"), PortStatus.ACTIVE),)))
    deadline = time.monotonic() + WAIT_S
    while server.call("GET", f"/v2.0/ports/{port_id}").body["port"]["status"] != "ACTIVE":
        assert time.monotonic() < deadline


def test_the_host_of_a_port_is_asked_for_and_no_longer_asked_for(server: Server) -> None:
    network, port = openstack(server, "network create net1 -f json", "port create p1 --network net1 -f json")
    bind(server, port["id"], "host1")
    fact, same, wish, none = openstack(
        server,
        "port show p1 -f json",
        "port set p1 --host host1",
        "port show p1 -f json",
        "port set p1 --host host2",
        "port show p1 -f json",
        "port unset p1 --host",
        "port show p1 -f json",
        "port delete p1",
        "network delete net1",
    )
    told = [
        (
            shown["binding_host_id"],
            shown["binding_vif_details"]["host"],
            shown["binding_vif_details"]["requested_host"],
        )
        for shown in (fact, same, wish, none)
    ]
    assert network["name"] == "net1"
    # The client sends only what differs from what it has read: a port is not pinned to where it is already.
    assert told == [
        ("host1", "host1", ""),
        ("host1", "host1", ""),
        ("host2", "host1", "host2"),
        ("host1", "host1", ""),
    ]


def test_address_pairs_are_taken_away_as_they_were_given(server: Server) -> None:
    made, rest = openstack(
        server,
        "network create net1 -f json -c id --noindent",
        "port create p1 --network net1 --mac-address fa16.3e00.0011"
        " --allowed-address ip-address=10.10.10.5/24 --allowed-address ip-address=2001:DB8::1/64 -f json",
        "port unset p1 --allowed-address ip-address=10.10.10.5/24,mac-address=fa:16:3e:00:00:11",
        "port show p1 -f json",
        "port delete p1",
        "network delete net1",
    )[1:]
    assert [pair["ip_address"] for pair in made["allowed_address_pairs"]] == [
        "10.10.10.5/24",
        "2001:DB8::1/64",
    ]
    assert [pair["ip_address"] for pair in rest["allowed_address_pairs"]] == ["2001:DB8::1/64"]


def test_the_pools_of_a_subnet_are_emptied(server: Server) -> None:
    (shown,) = openstack(
        server,
        "network create net1 -f json -c id --noindent",
        "subnet create sub1 --network net1 --subnet-range 10.10.10.0/24 -f json -c id --noindent",
        "subnet set sub1 --no-allocation-pool",
        "subnet show sub1 -f json",
        "network delete net1",
    )[2:]
    assert shown["allocation_pools"] == []


def test_the_agent_of_a_host_that_is_gone_is_deleted(server: Server) -> None:
    now = datetime(2026, 11, 25, tzinfo=UTC)
    server.link.send(HostReports((HostReport("gone", False, (), (), False, now, now, 0),)))
    deadline = time.monotonic() + WAIT_S
    while not server.call("GET", "/v2.0/agents?host=gone").body["agents"]:
        assert time.monotonic() < deadline
    (listed,) = openstack(server, "network agent list -f json")
    (agent,) = [agent for agent in listed if agent["Host"] == "gone"]
    with ThreadPoolExecutor(1) as pool:
        deleted = pool.submit(openstack, server, f"network agent delete {agent['ID']}")
        query = server.told(Query)
        server.link.send(Answer(query.number, ""))
        assert deleted.result() == []
    server.link.send(HostReports(()))
    assert query.question == ForgetHost("gone")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("network show nothing", "No Network found for nothing"),
        ("network create x --mtu 9000", "9000"),
        ("subnet create x --network nothing --subnet-range 10.0.0.0/24", "No Network found for nothing"),
    ],
)
def test_refusals_reach_the_operator_in_words(server: Server, command: str, said: str) -> None:
    done = subprocess.run(
        [OPENSTACK, *command.split()], env=environment(server), capture_output=True, text=True, timeout=WAIT_S
    )
    assert done.returncode != 0
    assert said in done.stderr


def test_security_groups_and_their_rules_with_the_options_people_use(server: Server) -> None:
    created, renamed, ssh, ping, named, listed, tagged, shown, unset = openstack(
        server,
        "security group create web --description servers --tag red -f json",
        "security group set web --name www --description words --stateless",
        "security group show www -f json",
        "security group set www --stateful",
        "security group rule create www --protocol tcp --dst-port 22 --remote-ip 10.0.0.0/8"
        " --description ssh -f json",
        "security group rule create www --protocol icmp --icmp-type 8 --icmp-code 0 -f json",
        "security group rule create www --egress --ethertype IPv6 --protocol udp --dst-port 5000:5010"
        " --remote-group www -f json",
        "security group rule list www -f json",
        "security group list --tag red -f json",
        "security group show www -f json",
        "security group unset www --tag red",
        "security group show www -f json",
    )
    assert (created["name"], created["description"], len(created["rules"])) == ("web", "servers", 2)
    assert (renamed["name"], renamed["description"], renamed["stateful"]) == ("www", "words", False)
    assert (ssh["port_range_min"], ssh["port_range_max"], ssh["remote_ip_prefix"]) == (22, 22, "10.0.0.0/8")
    assert (ping["port_range_min"], ping["port_range_max"], ping["remote_ip_prefix"]) == (8, 0, "0.0.0.0/0")
    assert (named["remote_group_id"], named["direction"]) == (created["id"], "egress")
    assert {row["ID"] for row in listed} == {rule["id"] for rule in shown["rules"]}
    assert [group["Name"] for group in tagged] == ["www"]
    assert (len(shown["rules"]), shown["stateful"], unset["tags"]) == (5, True, [])
    rules = " ".join(rule["id"] for rule in shown["rules"])
    left, groups = openstack(
        server,
        f"security group rule delete {rules}",
        "security group rule list www -f json",
        "security group delete www",
        "security group list -f json",
    )
    assert (left, [group["Name"] for group in groups]) == ([], ["default"])


def test_address_groups_and_rules_of_new_groups_by_the_command(server: Server) -> None:
    created, shown, _, rule, default, listed, group = openstack(
        server,
        "address group create ag --address 10.0.0.0/8 --description words -f json",
        "address group set ag --name ag2 --address 192.0.2.0/24 --address 2001:db8::/32",
        "address group unset ag2 --address 10.0.0.0/8",
        "address group show ag2 -f json",
        "security group create web -f json -c id --noindent",
        "security group rule create web --protocol tcp --dst-port 80 --remote-address-group ag2 -f json",
        "default security group rule create --ingress --protocol tcp --dst-port 22 --for-custom-sg -f json",
        "default security group rule list -f json",
        "security group create other -f json",
        "security group delete web other",
    )
    assert (created["addresses"], created["description"]) == (["10.0.0.0/8"], "words")
    assert (shown["addresses"], shown["id"]) == (["192.0.2.0/24", "2001:db8::/32"], created["id"])
    assert rule["remote_address_group_id"] == created["id"]
    assert default["id"] in [row["ID"] for row in listed]
    assert [item["port_range_min"] for item in group["rules"] if item["direction"] == "ingress"] == [22]
    openstack(server, f"default security group rule delete {default['id']}", "address group delete ag2")


def test_port_security_with_the_options_people_use(server: Server) -> None:
    network, free, guarded, pair, none, group, off = openstack(
        server,
        "network create open --disable-port-security -f json",
        "port create p1 --network open -f json",
        "network set open --enable-port-security",
        "port create p2 --network open -f json",
        "port set p2 --allowed-address ip-address=192.0.2.0/24",
        "port show p2 -f json",
        "port set p2 --no-security-group",
        "port show p2 -f json",
        "port set p2 --security-group default",
        "port show p2 -f json",
        "port set p2 --no-security-group --no-allowed-address --disable-port-security",
        "port show p2 -f json",
        "port delete p1 p2",
        "network delete open",
    )
    assert (network["port_security_enabled"], free["port_security_enabled"]) == (False, False)
    assert (free["security_group_ids"], len(guarded["security_group_ids"])) == ([], 1)
    assert pair["allowed_address_pairs"] == [
        {"ip_address": "192.0.2.0/24", "mac_address": guarded["mac_address"]}
    ]
    assert (none["security_group_ids"], none["port_security_enabled"]) == ([], True)
    assert group["security_group_ids"] == guarded["security_group_ids"]
    assert (off["port_security_enabled"], off["allowed_address_pairs"]) == (False, [])
