"""Explaining over the API: who is meant, who may ask, and what each of them is told."""

from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from osken_apps import questions
from osken_apps.explain.causes import explain_address
from osken_apps.explain.facts import FrameFacts, Known, Place, Source
from osken_apps.model.conditions import Code, Condition, InterfaceFacts
from osken_apps.model.resources import FixedIp
from osken_apps.questions import FactsOfPort, Question
from osken_apps.rest.controller import Questions
from osken_apps.rest.explain_told import UNTOLD, shown, veiled
from osken_apps.rest.wsgi import application
from tests.golden.scenarios import LAYOUT, SUBNET1
from tests.unit.explain_facts import HOST1, NOW, VM1, VM2, facts, host, leased, seen
from tests.unit.rest_client import Client, Reply, client_of, config_of
from tests.unit.test_explain_families import DUAL

BROKEN = Condition(
    Code.INTERFACE_ERROR, "Open vSwitch cannot use tap1: no device", "plug it again", interface="tap1"
)


class Controller(Questions):
    """A controller that knows one port, and what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.hear()
        self.facts: Any = facts()
        self.was_asked: list[Any] = []

    @property
    def who_was_asked_about(self) -> tuple[str, str]:
        """The port and its peer of the last question."""
        return self.was_asked[-1].port_id, self.was_asked[-1].peer_id

    def ask(self, question: Question[Any]) -> Any:
        """Give the facts."""
        self.was_asked.append(question)
        if isinstance(question, questions.FactsOfFrame):
            if question.host != "host1":
                return None
            return FrameFacts(
                at=NOW,
                layout=LAYOUT,
                host="host1",
                bridge="br-int",
                ofport=2,
                hosts={"host1": host(HOST1)},
                ports=(seen(VM1),),
            )
        return self.facts


@pytest.fixture
def controller() -> Controller:
    return Controller()


@pytest.fixture
def api(tmp_path: Path, controller: Controller) -> Client:
    """Give an administrator of an API with two ports of project a."""
    text = "authentication = headers"
    client = client_of(tmp_path, text)
    app = application(client.store, config_of(tmp_path, text), client.hosts, controller)
    admin = replace(client, app=app).as_user("a", "admin")
    network = admin.make("network", name="net1")["id"]
    admin.subnet(network)
    for name in ("vm1", "vm2"):
        admin.make("port", network_id=network, name=name)
    return admin


def ask(api: Client, **question: Any) -> Reply:
    return api.call("POST", "/explain", {"explain": question})


def vm1(api: Client) -> dict[str, Any]:
    return next(port for port in api.get("/ports")["ports"] if port["name"] == "vm1")


@pytest.mark.parametrize("by", ["id", "name", "mac_address", "ip"])
def test_a_port_is_meant_by_its_id_name_mac_or_ip(api: Client, controller: Controller, by: str) -> None:
    port = vm1(api)
    text = port["fixed_ips"][0]["ip_address"] if by == "ip" else port[by]
    reply = ask(api, port=text)
    assert reply.status == 200, reply.body
    assert controller.was_asked == [FactsOfPort(port["id"], "", "icmp", 0, False)]


def test_a_port_is_meant_by_its_id_in_capitals_too(api: Client, controller: Controller) -> None:
    port = vm1(api)
    reply = ask(api, port=port["id"].upper())
    assert reply.status == 200, reply.body
    assert controller.was_asked == [FactsOfPort(port["id"], "", "icmp", 0, False)]


def test_a_verdict_has_its_sentence_its_evidence_and_the_way_of_a_frame(api: Client) -> None:
    told = api.get(f"/ports/{vm1(api)['id']}/explain")["explain"]
    assert told["question"] == "Why has vm1 no address?"
    assert told["verdict"]["code"] == "silent_no_client"
    assert [(fact["source"], fact["seen_at"]) for fact in told["verdict"]["evidence"]] == [
        ("openflow", "2026-11-26T09:30:00Z")
    ]
    assert [(hop["rule"], hop["number"]) for hop in told["path"]["hops"]] == [
        ("dhcp_broadcast", 4),
        ("dhcp_punt", 8),
    ]


def test_of_two_ports_both_are_asked_about(api: Client, controller: Controller) -> None:
    reply = ask(api, **{"from": "vm1", "to": "vm2", "protocol": "tcp", "port_number": 80})
    assert reply.status == 200, reply.body
    asked = controller.was_asked[0]
    assert (asked.protocol, asked.port_number, asked.probe) == ("tcp", 80, False)


def test_the_address_that_a_port_is_asked_for_by_is_the_one_that_is_followed(
    api: Client, controller: Controller
) -> None:
    network = api.make("network")["id"]
    api.subnet(network)
    subnet = api.subnet(network, "fd00::/64")["id"]
    for number in (1, 2):
        address = {"subnet_id": subnet, "ip_address": f"fd00::1{number}"}
        api.make("port", network_id=network, name=f"six{number}", fixed_ips=[address])
    controller.facts = DUAL
    told = ask(api, **{"from": "six1", "to": "fd00::12"}).body["explain"]
    assert "over IPv6" in told["verdict"]["sentence"]
    assert told["also"] == []


def test_whoever_may_not_see_hosts_is_told_that_something_is_wrong_and_not_what(
    api: Client, controller: Controller
) -> None:
    controller.facts = facts(None, None, host(HOST1, conditions=(BROKEN,)))
    reader = api.as_user("a", "reader")
    told = ask(reader, port="vm1").body["explain"]
    assert (told["verdict"]["code"], told["verdict"]["sentence"]) == ("interface_error", UNTOLD)
    assert "host1" not in str(told) and told["path"] is None
    assert "tap1" in ask(api, port="vm1").body["explain"]["verdict"]["sentence"]


def test_ports_of_others_are_not_there(api: Client) -> None:
    stranger = api.as_user("b", "member")
    assert ask(stranger, port="vm1").error == "PortNotFound"
    assert stranger.call("GET", f"/ports/{vm1(api)['id']}/explain").error == "PortNotFound"


def test_the_gateway_of_another_project_is_not_there(api: Client, controller: Controller) -> None:
    shared = api.make("network", name="shared", shared=True)["id"]
    subnet = api.subnet(shared, "10.20.0.0/24")
    member = api.as_user("b", "member")
    port = member.make("port", network_id=shared, name="mine")
    from_mine = {"from": "mine", "to": "198.51.100.1"}
    before = ask(member, **from_mine)
    gateway = [{"subnet_id": subnet["id"], "ip_address": subnet["gateway_ip"]}]
    router = api.make("port", network_id=shared, device_owner="network:router_gateway", fixed_ips=gateway)
    assert (before.status, ask(member, **from_mine).body) == (200, before.body)
    assert controller.who_was_asked_about == (port["id"], "")
    assert ask(api, **from_mine).status == 200  # who may see it is told how it is with it
    assert controller.who_was_asked_about == (port["id"], router["id"])


def test_what_others_call_theirs_keeps_nobody_from_naming_the_own(api: Client) -> None:
    network = api.as_user("b", "member").make("network")["id"]
    mine = api.as_user("b", "member").make("port", network_id=network, name="web")
    shared = api.make("network", shared=True)["id"]
    for _ in range(30):
        api.make("port", network_id=shared, name="web")
    assert ask(api.as_user("b", "member"), port="web").status == 200
    assert ask(api.as_user("b", "member"), port=mine["id"]).status == 200


def test_a_misspelt_name_is_answered_with_the_nearest_that_the_caller_may_see(api: Client) -> None:
    network = vm1(api)["network_id"]
    for name in ("database-1", "web-1"):
        api.make("port", network_id=network, name=name)
    reply = ask(api, port="datebase-1")
    assert (reply.status, reply.error) == (404, "PortNotFound")
    assert reply.message == "Port datebase-1 could not be found. Is it database-1?"
    stranger = api.as_user("b", "member")
    assert ask(stranger, port="datebase-1").message == "Port datebase-1 could not be found."


def test_an_address_that_no_port_has_is_reached_by_a_gateway_or_not(
    api: Client, controller: Controller
) -> None:
    port = vm1(api)
    told = ask(api, **{"from": "vm1", "to": "198.51.100.7"}).body["explain"]
    assert told["question"] == "Why can vm1 not reach 198.51.100.7?"
    assert (told["verdict"]["code"], told["verdict"]["state"]) == ("no_way_out", "broken")
    assert controller.who_was_asked_about == (port["id"], "")
    subnet = port["fixed_ips"][0]["subnet_id"]
    gateway = api.get(f"/subnets/{subnet}")["subnet"]["gateway_ip"]
    fixed_ip = {"subnet_id": subnet, "ip_address": gateway}
    router = api.make("port", network_id=port["network_id"], name="router", fixed_ips=[fixed_ip])
    at_gateway = replace(VM2, name="router", fixed_ips=(FixedIp("subnet1", IPv4Address("10.10.10.1")),))
    controller.facts = facts(seen(VM1, journal=leased(VM1)), seen(at_gateway, journal=leased(at_gateway)))
    told = ask(api, **{"from": "vm1", "to": "198.51.100.7"}).body["explain"]
    assert controller.who_was_asked_about == (port["id"], router["id"])
    assert told["question"] == "Why can vm1 not reach 198.51.100.7 by router (ICMP)?"
    assert "nw_dst=198.51.100.7" in told["path"]["hops"][0]["frame"]


def test_an_address_that_ports_may_have_besides_their_own_is_asked_for_and_those_are_told_to_who_sees_them(
    api: Client, controller: Controller
) -> None:
    other = next(one for one in api.get("/ports")["ports"] if one["name"] == "vm2")
    controller.facts = facts(paired=(replace(VM2, id=other["id"]), replace(VM2, id="another's")))
    told = ask(api, **{"from": "vm1", "to": "10.10.10.200"}).body["explain"]
    assert controller.was_asked[-1].outside == IPv4Address("10.10.10.200")
    assert "only vm2 (by allowed_address_pairs) or something on the wire" in told["verdict"]["sentence"]
    ask(api, **{"from": "vm1", "to": "198.51.100.7"})
    assert controller.was_asked[-1].outside == IPv4Address("10.10.10.1")


def test_the_second_nic_of_a_machine_is_asked_about_as_one_without_a_default_route(
    api: Client, controller: Controller
) -> None:
    network = vm1(api)["network_id"]
    subnet = replace(SUBNET1, gateway_ip=IPv4Address("10.10.10.1"))
    controller.facts = facts(replace(seen(VM1), subnets=(subnet,)))
    nics = [api.make("port", network_id=network, device_id="machine") for _ in range(2)]
    nics.sort(key=lambda nic: (nic["created_at"], nic["id"]))
    for nic, code in zip(nics, ("gateway_absent", "not_told"), strict=True):
        told = ask(api, **{"from": nic["id"], "to": "198.51.100.7"}).body["explain"]
        assert told["verdict"]["code"] == code


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "127.0.0.1", "224.0.0.251", "255.255.255.255", "::", "::1", "ff02::1", "fe80::1"]
)
def test_an_address_that_is_no_one_machine_s_of_the_network_is_no_destination(
    api: Client, address: str
) -> None:
    reply = ask(api, **{"from": "vm1", "to": address})
    reason = f"{address} is not the address of one machine, wherever it is asked from."
    assert (reply.status, reply.message) == (400, f"Invalid input for to. Reason: {reason}")


def test_a_port_is_not_asked_whether_it_reaches_itself(api: Client) -> None:
    port = vm1(api)
    for text in ("vm1", port["mac_address"], port["fixed_ips"][0]["ip_address"]):
        reply = ask(api, **{"from": "vm1", "to": text})
        assert (reply.status, reply.message.endswith("it is the port itself, or behind it.")) == (400, True)


def test_an_address_of_another_subnet_is_not_behind_the_gateway(api: Client, controller: Controller) -> None:
    port = vm1(api)
    network, subnet = port["network_id"], port["fixed_ips"][0]["subnet_id"]
    gateway = api.get(f"/subnets/{subnet}")["subnet"]["gateway_ip"]
    fixed_ip = {"subnet_id": subnet, "ip_address": gateway}
    api.make("port", network_id=network, name="router", fixed_ips=[fixed_ip])
    api.make("subnet", network_id=network, cidr="198.51.100.0/24", ip_version=4)
    told = ask(api, **{"from": "vm1", "to": "198.51.100.7"})
    assert told.status == 200
    assert controller.who_was_asked_about == (port["id"], "")


def test_verdicts_are_counted_by_code(api: Client, controller: Controller) -> None:
    ask(api, port="vm1")
    ask(api, frame={"host": "host1", "interface": "tap1", "fields": ["dl_src=fa:16:3e:00:00:01"]})
    assert controller.explained == {"silent_no_client": 1, "leaves": 1}


def test_a_name_of_several_ports_is_no_name(api: Client) -> None:
    api.make("port", network_id=vm1(api)["network_id"], name="vm1")
    reply = ask(api, port="vm1")
    assert (reply.status, reply.error) == (400, "HTTPBadRequest")
    assert "may be any of" in reply.message


def test_a_frame_is_followed_for_administrators_alone(api: Client, controller: Controller) -> None:
    frame = {"host": "host1", "interface": "tap1", "fields": ["dl_src=fa:16:3e:00:00:01", "tcp_dst=80"]}
    told = ask(api, frame=frame).body["explain"]
    assert told["verdict"]["code"] == "leaves"
    assert {leaving["port"] for leaving in told["path"]["exits"]} == {"br-int", "eth2", "br-eth2"}
    assert controller.was_asked == [questions.FactsOfFrame("host1", "tap1", (0xFA163E000001, 0))]
    assert ask(api.as_user("a", "member"), frame=frame).status == 403


def test_a_host_that_is_not_known_is_named_with_what_lists_those_that_are(api: Client) -> None:
    reply = ask(api, frame={"host": "host 9", "interface": "tap1"})
    told = "the controller knows no host 'host 9'; `osken-net hosts` lists them."
    assert (reply.status, reply.message) == (400, f"Invalid input for host. Reason: {told}")


def test_machines_are_probed_for_administrators_alone(api: Client, controller: Controller) -> None:
    assert ask(api, port="vm1", probe=True).status == 200
    assert controller.was_asked[0].probe
    assert ask(api.as_user("a", "member"), port="vm1", probe=True).status == 403


def test_a_controller_that_knows_nothing_of_a_port_is_no_error_of_the_question(
    api: Client, controller: Controller
) -> None:
    controller.facts = None
    assert ask(api, port="vm1").status == 503


def test_of_a_host_nothing_is_told_where_its_name_begins_with_another_s() -> None:
    hosts = {name: host(replace(HOST1, host=name)) for name in ("east", "east.example.org")}
    place = Place("east.example.org", "tap1", 2)
    down = Known(InterfaceFacts("tap1", link_up=False), Source.OVSDB, NOW)
    told = explain_address(facts(seen(VM1, place=place, interface=down), hosts=hosts))
    assert told.verdict.code == "link_down"
    sentence = veiled(shown("", told, hosts), told, hosts)["verdict"]["sentence"]
    assert sentence.startswith("tap1 on a host, which is vm1, has no link")


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"port": 7},
        {"port": "vm1", "probe": "yes"},
        {"port": "vm1", "to": "vm2"},
        {"from": "vm1"},
        {"port": "vm1", "colour": "red"},
        {"port": "vm1", "from": "vm1", "to": "vm2"},
        {"port": "vm1", "protocol": "tcp", "port_number": 80},
        {"port": "vm1", "frame": {"host": "host1", "interface": "tap1"}},
        {"frame": {"host": "host1", "interface": "tap1", "colour": "red"}},
        {"from": "vm1", "to": "vm2", "protocol": "sctp"},
        {"from": "vm1", "to": "vm2", "protocol": "tcp", "port_number": 65536},
        {"from": "vm1", "to": "vm2", "protocol": "icmp", "port_number": 80},
        {"from": "vm1", "to": "vm2", "port_number": 80},
        {"from": "vm1", "to": "vm2", "protocol": "tcp"},
        {"from": "vm1", "to": "vm2", "protocol": "udp", "port_number": 0},
        {"frame": {"host": "host1"}},
        {"frame": {"host": "host1", "interface": "tap1", "fields": ["colour=red"]}},
        {"frame": {"host": "host1", "interface": "tap1", "hex": "abc"}},
        {"frame": {"host": "host1", "interface": "tap1", "hex": "ab"}},
        {"frame": {"host": "host1", "interface": "tap1", "connection": "old"}},
    ],
)
def test_a_question_that_means_nothing_is_refused(api: Client, question: dict[str, Any]) -> None:
    assert api.call("POST", "/explain", {"explain": question}).status == 400
