"""Gathering facts: what the fabric knows is there at once, what a switch does not tell is unknown alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Address
from types import SimpleNamespace
from typing import Any

import pytest

from osken_apps.apps.answering import facts as gathering
from osken_apps.apps.answering import switches as answers
from osken_apps.apps.answering.facts import Gatherer
from osken_apps.apps.answering.switches import NO_ANSWER, NOT_CONNECTED
from osken_apps.apps.hosts import Hosts
from osken_apps.dhcp.journal import PortJournal
from osken_apps.explain.facts import Facts, Place, PortCounted
from osken_apps.model.changes import Snapshot, Upserted
from osken_apps.model.conditions import Code, Condition
from osken_apps.model.fabric import Fabric
from osken_apps.model.host import Interface
from osken_apps.model.resources import FixedIp
from osken_apps.model.trouble import Topic
from osken_apps.openflow.codec import HEADER, MULTIPART, OFP_VERSION, MessageType
from osken_apps.openflow.port_stats import OFPMP_PORT_STATS, PORT_STATS
from osken_apps.pipeline.desired import desired_flows
from osken_apps.questions import FactsOfFrame, FactsOfPort
from tests.golden.scenarios import LAYOUT, NET1, SCENARIOS, SERVER1, SUBNET1, VM1
from tests.model.loading import load
from tests.unit.hub_thread import in_a_hub
from tests.unit.test_group_use import Gone, Mute, reply


class Switch:
    """A switch that has the flows of the seed scenario, each took 3 packets, and counts its ports."""

    max_meters = 1000

    def __init__(self, bridge: str) -> None:
        self._flows = desired_flows(bridge, LAYOUT, SCENARIOS["seed"])

    def request(self, build: Callable[[int], bytes]) -> list[bytes]:
        """Answer a question for flows, or for a port's counters."""
        (kind,) = MULTIPART.unpack_from(build(1), HEADER.size)[:1]
        if kind != OFPMP_PORT_STATS:
            return [reply([(flow, 3) for flow in self._flows])]
        body = MULTIPART.pack(kind, 0) + PORT_STATS.pack(PORT_STATS.size, 2, 0, 0, 11, 22, *[0] * 6)
        return [HEADER.pack(OFP_VERSION, MessageType.MULTIPART_REPLY, HEADER.size + len(body), 1) + body]


def gathered(monkeypatch: pytest.MonkeyPatch, ask: Callable[[Gatherer], Any], **switches: Any) -> Any:
    """Ask for facts of a host whose bridges have these switches; None is one that is not connected."""
    if any(isinstance(switch, Mute) for switch in switches.values()):
        # The others answer in their first turn, which comes before any timer.
        monkeypatch.setattr(answers, "SWITCHES_WAIT_S", 0.01)
    fabric = Fabric(LAYOUT)
    load(fabric, Snapshot((NET1, SUBNET1, SERVER1, VM1)))
    for bridge, ofports in SCENARIOS["seed"].ofports.items():
        fabric.observe_bridge("host1", bridge, ofports)
    fabric.observe_interfaces("host1", [Interface("tap53903a95-82", VM1.id, 1)])
    host = SimpleNamespace(
        name="host1",
        alive=True,
        conditions=(),
        session=None,
        view=None,
        settled=False,
        troubles={Topic.PASS: "they are refused"},
    )
    host.last_contact = datetime(2026, 11, 26, tzinfo=UTC)
    host.bridges = {
        name.replace("_", "-"): SimpleNamespace(
            host=host, name=name, connection=switch, request=switch.request, meter_drops=lambda: {18: 40}
        )
        for name, switch in switches.items()
        if switch
    }
    said = Condition(Code.IFACE_ID_UNKNOWN, "tap1 is no port's", "", interface="tap1", port_id=VM1.id)
    away = SimpleNamespace(
        name="host2",
        alive=False,
        conditions=(said,),
        session=None,
        view=None,
        settled=True,
        troubles={},
        bridges={},
    )
    away.last_contact = host.last_contact
    hosts: Any = Hosts(fabric, lambda _host: host)
    hosts.by_name |= {"host1": host, "host2": away}
    dhcp: Any = SimpleNamespace(known_since=1.0, journal_of=lambda _: PortJournal())
    found: list[Any] = []
    in_a_hub(lambda _hub: found.append(ask(Gatherer(hosts, dhcp))))
    return found[0]


def of_vm1(gatherer: Gatherer) -> Facts | None:
    return gatherer.port_facts(FactsOfPort(VM1.id))


def test_what_is_known_of_a_port_its_network_and_its_hosts_is_gathered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    facts = gathered(monkeypatch, of_vm1, br_int=Switch("br-int"), br_eth2=Switch("br-eth2"))
    assert facts.port.place == Place("host1", "tap53903a95-82", 2)
    assert (facts.port.subnets, facts.port.server) == ((SUBNET1,), SERVER1)
    assert facts.port.counted.value == PortCounted(11, 22, 40)
    assert (facts.away, facts.known_hosts, set(facts.hosts)) == (("host2",), 2, {"host1", "host2"})
    host = facts.hosts["host1"]
    assert host.troubles == {Topic.PASS: "they are refused"}
    assert host.tags.value == {"tap53903a95-82": 1}
    assert {flow.packets for flow in host.installed["br-int"].value} == {3}
    counted = {name: len(host.installed[name].value) for name in ("br-int", "br-eth2")}
    assert counted == {name: len(desired_flows(name, LAYOUT, SCENARIOS["seed"])) for name in counted}
    assert facts.unseen == ()


def test_a_declined_address_that_the_port_has_no_more_is_no_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(declined: str) -> Callable[[Gatherer], Any]:
        def ask(gatherer: Gatherer) -> Any:
            gatherer._hosts.fabric.decline(VM1.id, IPv4Address(declined))
            facts = of_vm1(gatherer)
            return facts and facts.port.conflict

        return ask

    conflicts = [gathered(monkeypatch, told(declined)) for declined in ("10.10.10.2", "10.10.10.77")]
    assert conflicts == [IPv4Address("10.10.10.2"), None]


def test_a_switch_that_does_not_tell_makes_its_part_unknown_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    facts = gathered(monkeypatch, of_vm1, br_int=Mute(1), br_eth2=Switch("br-eth2"))
    installed = facts.hosts["host1"].installed
    assert (installed["br-int"].value, installed["br-int"].why_not) == (None, NO_ANSWER)
    assert len(installed["br-eth2"].value) == 3
    assert facts.unseen == (
        f"the counters of port 2 on host1: {NO_ANSWER}",
        f"the flows of br-int on host1, taken to be as they should be: {NO_ANSWER}",
    )


@pytest.mark.parametrize(("switch", "why"), [(None, NOT_CONNECTED), (Gone(1), "it disconnected")])
def test_a_switch_that_is_away_is_said_to_be(monkeypatch: pytest.MonkeyPatch, switch: Any, why: str) -> None:
    facts = gathered(monkeypatch, of_vm1, br_int=switch, br_eth2=Switch("br-eth2"))
    assert facts.hosts["host1"].installed["br-int"].why_not == why


def test_of_a_port_that_is_not_there_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gathered(monkeypatch, lambda gatherer: gatherer.port_facts(FactsOfPort("other"))) is None
    assert gathered(monkeypatch, lambda gatherer: gatherer.port_facts(FactsOfPort(VM1.id, "other"))) is None


def test_hosts_that_are_not_back_since_the_start_are_known_and_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(gatherer: Gatherer) -> Any:
        gatherer._hosts.fabric.host("host3")  # as for each that has ports by what the store holds
        return of_vm1(gatherer), gatherer.frame_facts(FactsOfFrame("host3", "eth2", ()))

    facts, frame_facts = gathered(monkeypatch, ask, br_int=Switch("br-int"), br_eth2=Switch("br-eth2"))
    assert (facts.away, facts.known_hosts) == (("host2", "host3"), 3)
    assert (frame_facts.host, frame_facts.ofport, frame_facts.hosts["host3"].alive) == ("host3", None, False)


def test_where_a_frame_comes_in_and_whom_it_is_for_is_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(gatherer: Gatherer) -> Any:
        return gatherer.frame_facts(FactsOfFrame("host1", "eth2", (int(VM1.mac_address),)))

    facts = gathered(monkeypatch, ask, br_int=Switch("br-int"), br_eth2=Switch("br-eth2"))
    assert (facts.bridge, facts.ofport) == ("br-eth2", 1)
    assert [seen.port for seen in facts.ports] == [VM1]
    assert (
        gathered(monkeypatch, lambda gatherer: gatherer.frame_facts(FactsOfFrame("host9", "x", ()))) is None
    )


def test_a_machine_is_probed_once_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(gathering, "PROBES_EVERY_S", 3600.0)  # this machine may be slow
    monkeypatch.setattr(gathering, "answers_arp", lambda *probe: asked.append(probe[1:]) or False)

    def ask(gatherer: Gatherer) -> Any:
        return [gatherer.port_facts(FactsOfPort(VM1.id, probe=probe)) for probe in (False, True, True)]

    unasked, first, second = gathered(monkeypatch, ask, br_int=Switch("br-int"), br_eth2=Switch("br-eth2"))
    assert (unasked.port.answers, first.port.answers.value) == (None, False)
    refused = "not tried again within a second"
    assert (second.port.answers.why_not, second.unseen) == (
        refused,
        (f"whether {VM1.id} answers ARP: {refused}",),
    )
    assert (unasked.unseen, first.unseen) == ((), ())
    assert [(ofport, str(own), str(address)) for ofport, _, own, address in asked] == [
        (2, "10.10.10.3", "10.10.10.2")
    ]


def test_a_machine_is_probed_from_the_dhcp_server_s_address_on_its_own_subnet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(gathering, "answers_arp", lambda *probe: asked.append(probe[3:]) or False)
    elsewhere = FixedIp("subnet2", IPv4Address("192.168.5.2"))

    def ask(gatherer: Gatherer) -> Any:
        several = (elsewhere, *SERVER1.fixed_ips)
        gatherer._hosts.fabric.apply([Upserted(replace(SERVER1, fixed_ips=several))])
        gatherer.port_facts(FactsOfPort(VM1.id, probe=True))
        gatherer._hosts.fabric.apply([Upserted(replace(SERVER1, fixed_ips=(elsewhere,)))])
        return gatherer.port_facts(FactsOfPort(VM1.id, probe=True))

    last = gathered(monkeypatch, ask, br_int=Switch("br-int"), br_eth2=Switch("br-eth2"))
    assert [tuple(map(str, addresses)) for addresses in asked] == [("10.10.10.3", "10.10.10.2")]
    assert last.port.answers.why_not == gathering.NOTHING_TO_ASK
