"""The tracer does what Open vSwitch does: the same flows, and the same frames out of the same ports.

`ofproto/trace` tracks no connection: what it is to take for known of one is said in the question.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from random import Random

import pytest

from osken_apps.model.conditions.releases import without_ct_clear
from osken_apps.model.snapshot import HostSnapshot
from osken_apps.openflow.actions import Conjunction
from osken_apps.openflow.fields import UNTAGGED, CtState, Field
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.openflow.ports import OFPP_LOCAL
from osken_apps.pipeline.desired import FlowEncoder, desired_flows, desired_meters
from osken_apps.pipeline.document import rule_of
from osken_apps.pipeline.stage import Rule
from osken_apps.trace.connections import Assumption
from osken_apps.trace.frame import Frame, Original
from osken_apps.trace.lookup import Lookup, WireTables
from osken_apps.trace.result import Trace, Way
from osken_apps.trace.site import BridgePort, Learned, TracedBridge, TracedHost, traced_host
from osken_apps.trace.tracer import trace
from tests.examples import examples
from tests.golden.rendering import bridges_of
from tests.golden.scenarios import LAYOUT, SCENARIOS
from tests.ovs.conftest import Channel, Switch, open_vswitch
from tests.ovs.security.hosts import Unixctl
from tests.ovs.trace.frames import Vocabulary, random_frame, vocabulary
from tests.ovs.trace.ofproto import (
    CONTROLLER,
    Left,
    Said,
    ct_words,
    datapath_ports,
    matched_words,
    question,
    said,
)

FRAMES = {"guarded": 3600, "tunnels": 5600, "seed": 400, "two-networks-and-flat": 600, "idle": 100}
FEW = 50
#: What so few frames may miss: the first is for what a datapath has put together of fragments.
SELDOM = {"no_router_sent", "invalid_received", "own_dad", "sent_stateless", "track_received"}
FLOODED = "flooded"
LOCAL_16 = 0xFFFE
STATES = {
    "new": CtState.TRK | CtState.NEW,
    "established": CtState.TRK | CtState.EST,
    "reply": CtState.TRK | CtState.EST | CtState.RPL,
    "invalid": CtState.TRK | CtState.INV,
}


class AsAsked(Assumption):
    """Open vSwitch's own: of the connection is known what the question says of it, and no more."""

    def state_of(self, frame: Frame) -> int:
        return self.state

    def original(self, frame: Frame) -> Original | None:
        return frame.original


@dataclass(frozen=True)
class Site:
    """A scenario on a real switch, and the same for the tracer: as it should be, and as it is read back."""

    name: str
    snapshot: HostSnapshot
    host: TracedHost
    installed: TracedHost
    control: Unixctl
    names: Mapping[str, str]

    def ask(self, bridge: str, in_port: int, frame: Frame, state: int) -> Said:
        of_port = LOCAL_16 if in_port == OFPP_LOCAL else in_port
        nexts = ["--ct-next", ct_words(state)] * 3
        answer = self.control.call("ofproto/trace", *nexts, bridge, question(frame, of_port))
        return said(answer, self.names)


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switch]:
    with open_vswitch(tmp_path_factory.mktemp("t"), "--enable-dummy") as made:
        yield made


@pytest.fixture(scope="module", params=SCENARIOS)
def site(request: pytest.FixtureRequest, switch: Switch) -> Iterator[Site]:
    snapshot = SCENARIOS[request.param]
    host = traced_host(LAYOUT, snapshot)
    for bridge in switch.vsctl("list-br").split():
        switch.vsctl("del-br", bridge)
    switch.vsctl(*(word for bridge in host.bridges.values() for word in _made_of(host, bridge)))
    with ExitStack() as stack:
        control = Unixctl(switch.directory / "switch.ctl")
        stack.callback(control.close)
        # Tunnels are the datapath's, which is told where to; Open vSwitch's own would need routes.
        control.call("dpif/set-dp-features", "br-int", "tnl_push_pop", "false")
        tables: dict[str, Lookup] = {}
        for bridge in bridges_of(snapshot):
            channel = Channel(switch.management(bridge))
            stack.callback(channel.close)
            channel.set_config()
            channel.install(
                FlowEncoder().flows(bridge, LAYOUT, snapshot),
                desired_meters(bridge, LAYOUT, snapshot).values(),
            )
            tables[bridge] = WireTables(channel.read().items())
        learned = dict(_learn(host, control))
        yield Site(
            request.param,
            snapshot,
            traced_host(LAYOUT, snapshot, learned=learned),
            traced_host(LAYOUT, snapshot, tables, learned=learned),
            control,
            datapath_ports(control.call("dpif/show")),
        )


def _made_of(host: TracedHost, bridge: TracedBridge) -> Iterator[str]:
    """Give what ovs-vsctl makes a bridge of."""
    yield from ("--", "add-br", bridge.name, "--", "set", "bridge", bridge.name, "datapath_type=dummy")
    yield "fail_mode=secure"
    for port in bridge.ports.values():
        if port.ofport == OFPP_LOCAL:
            continue
        yield from ("--", "add-port", bridge.name, port.name, *([f"tag={port.tag}"] if port.tag else []))
        yield from ("--", "set", "interface", port.name, f"ofport_request={port.ofport}")
        if port.peer:
            peer, far = port.peer
            yield from ("type=patch", f"options:peer={host.bridges[peer].ports[far].name}")
        elif port.is_tunnel:
            yield from (f"type={port.name.removeprefix('tun-')}", "options:key=flow")
            yield from ("options:remote_ip=flow", "options:local_ip=192.0.2.1")
        else:
            yield "type=dummy"


def _learn(host: TracedHost, control: Unixctl) -> Iterator[tuple[str, Learned]]:
    """Have each bridge know some machines, also at odd places, where Open vSwitch can be told of them."""
    if "fdb/add" not in control.call("list-commands"):
        return
    dice = Random(7)
    for bridge in host.bridges.values():
        learned = {}
        for mac in (0x020000000099, 0xFA163E000002, 0xFA163EFEC787, 0xFA163E00050A):
            for vlan in (0, 1, 2, 3, 1000, 1001):
                if dice.random() < 0.5:
                    port = dice.choice(list(bridge.ports.values()))
                    learned[vlan, mac] = port.ofport
                    name = "LOCAL" if port.ofport == OFPP_LOCAL else str(port.ofport)
                    text = ":".join(f"{mac:012x}"[at : at + 2] for at in range(0, 12, 2))
                    control.call(
                        "fdb/add", bridge.name, bridge.name if name == "LOCAL" else port.name, str(vlan), text
                    )
        yield bridge.name, learned


def told(traced: Trace) -> Said:
    """Give what the tracer says as `said` does."""
    matched = []
    for hop in traced.hops:
        words = ""
        if hop.flow:
            words = matched_words(hop.table_id, hop.flow.priority, hop.flow.match)[1]
        matched.append((hop.bridge, hop.table_id, words))
    left: list[Left] = []
    for leaving in traced.exits:
        tunnel = ""
        if leaving.way is Way.TUNNEL:
            network, peer = leaving.frame.number(Field.TUN_ID), leaving.frame.number(Field.TUN_DST)
            tunnel = f"{network}@{IPv4Address(peer)}"
        left.append((leaving.port.name if leaving.port else CONTROLLER, leaving.frame.vlans, tunnel))
    return Said(matched, sorted(left))


def questions(
    name: str, host: TracedHost, *, come_tracked: bool
) -> Iterator[tuple[TracedBridge, int, Frame, int]]:
    """Make frames, each with a bridge, a port and what is said of its connection: half of them such as some
    flow may be for, each rule as often as the others. With `come_tracked` most are tracked when they come.
    """
    snapshot, wanted = SCENARIOS[name], examples(FRAMES.get(name, FEW))
    dice = Random(name if wanted["derandomize"] else None)
    words = vocabulary(snapshot)
    bridges = list(host.bridges.values())
    flows = {bridge.name: desired_flows(bridge.name, LAYOUT, snapshot) for bridge in bridges}
    rules = [len({flow.cookie for flow in flows[bridge.name]}) for bridge in bridges]
    for _ in range(wanted["max_examples"]):
        (bridge,) = dice.choices(bridges, rules)
        match = _some_match(dice, flows[bridge.name])
        in_port = dict(match.fields).get(Field.IN_PORT, dice.choice(list(bridge.ports)))
        assert isinstance(in_port, int)
        mac, address = _sender(dice, words, snapshot, bridge, in_port)
        frame = random_frame(dice, words, mac, address, match)
        frame = _arriving(dice, words, frame, bridge.ports[in_port], match, snapshot)
        state = dice.choice(list(STATES))
        if come_tracked and dice.random() < 0.7 and frame.opening():
            original = {"invalid": None, "reply": frame.answered()}.get(state, frame.opening())
            frame = replace(frame.having({Field.CT_STATE: STATES[state]}), original=original)
        yield bridge, in_port, frame, STATES[state]


def _some_match(dice: Random, flows: Sequence[Flow]) -> Match:
    """Give what up to three flows of different rules, one after another, match together."""
    by_rule: dict[int, list[Flow]] = {}
    for flow in sorted(flows, key=lambda flow: flow.table_id):
        by_rule.setdefault(flow.cookie, []).append(flow)
    match = Match()
    chosen = set(dice.sample(list(by_rule), min(len(by_rule), dice.choice((0, 1, 2, 2, 3, 3)))))
    for of_rule in (of_rule for cookie, of_rule in by_rule.items() if cookie in chosen):
        known = dict(match.fields)
        at_port = [flow for flow in of_rule if _in_port(flow.match) == known.get(Field.IN_PORT)]
        match = Match.of({**dict(dice.choice(at_port or of_rule).match.fields), **known})
    return match


def _in_port(match: Match) -> object:
    return dict(match.fields).get(Field.IN_PORT)


def _sender(
    dice: Random, words: Vocabulary, snapshot: HostSnapshot, bridge: TracedBridge, in_port: int
) -> tuple[int, int]:
    """Give the MAC and IPv4 address of a frame: those of the port that it comes from, or any."""
    senders = []
    if bridge.name == LAYOUT.integration_bridge and dice.random() < 0.8:
        for bound in snapshot.ports:
            if bound.ofport == in_port:
                senders.append((int(bound.mac_address), dice.choice(words.ipv4)))
                for own in bound.guard.addresses if bound.guard else ():
                    if own.network.version == 4:
                        senders.append((int(own.mac_address), int(own.network.network_address)))
    return dice.choice(senders) if senders else (dice.choice(words.macs), dice.choice(words.ipv4))


def _arriving(
    dice: Random, words: Vocabulary, frame: Frame, port: BridgePort, match: Match, snapshot: HostSnapshot
) -> Frame:
    """Give a frame the tag or the tunnel that it may have at a port."""
    asked = dict(match.fields)
    if port.is_tunnel:
        tunnel = {
            Field.TUN_ID: asked.get(Field.TUN_ID, dice.choice(words.tunnel_ids)),
            Field.TUN_SRC: asked.get(Field.TUN_SRC, dice.choice(words.peers)),
            Field.TUN_DST: snapshot.tunnel_address or 0,
        }
        return frame.having({field: int(value) for field, value in tunnel.items()})  # type: ignore[arg-type]
    vid = asked.get(Field.VLAN_VID)
    if isinstance(vid, int):
        return replace(frame, vlans=() if vid == UNTAGGED else (vid,))
    if port.tag is None and dice.random() < 0.6:
        return replace(frame, vlans=(dice.choice(words.vids),))
    return frame


def test_the_tracer_says_what_open_vswitch_says(site: Site) -> None:
    reached = set()
    come_tracked = not without_ct_clear(site.control.call("version").split()[-1])
    for bridge, in_port, frame, state in questions(site.name, site.host, come_tracked=come_tracked):
        assumption = AsAsked("as asked", state, "")
        traced = trace([site.host], "host1", bridge.name, in_port, frame, assumption)
        read_back = trace([site.installed], "host1", bridge.name, in_port, frame, assumption)
        assert told(read_back) == told(traced)
        answer = site.ask(bridge.name, in_port, frame, state)
        ours = told(traced)
        if FLOODED in str([hop.does for hop in traced.hops]):  # in which order is nobody's to know
            ours, answer = ours.unordered(), answer.unordered()
        assert ours == answer, f"{bridge.name} {question(frame, in_port)} {ct_words(state)}"
        reached |= {hop.rule for hop in traced.hops}
    missed = {rule.name for rule in _rules(site) - reached}
    assert missed <= SELDOM, missed


def _rules(site: Site) -> set[Rule]:
    """Give the rules that can take a frame in a scenario: a flow with a conjunction never does."""
    flows = (flow for name in site.host.bridges for flow in desired_flows(name, LAYOUT, site.snapshot))
    return {
        rule
        for flow in flows
        if not any(isinstance(action, Conjunction) for action in flow.actions)
        and (rule := rule_of(flow.cookie))
    }
