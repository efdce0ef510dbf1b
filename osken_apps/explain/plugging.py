"""Causes of a port itself: whether it is on, plugged in, and its host what it should be. PURE."""

from collections.abc import Collection, Iterator

from osken_apps.explain.cause import Case, Cause, Certainty, Evidence, Found
from osken_apps.explain.facts import HostSeen, Source
from osken_apps.explain.words import listed, moment
from osken_apps.model.conditions import Code, Condition
from osken_apps.model.trouble import Topic

WAITED_FOR = (Topic.KEPT, Topic.TRACKING)  # what stands goes on
OF_CROWDS = (Code.TUNNEL_HOSTS, Code.TUNNEL_MACHINES)


def _port_down(case: Case) -> Found | None:
    if case.seen.port.admin_state_up or case.seen.is_dhcp_server:
        return None
    return Found(evidence=(case.store(f"admin_state_up of port {case.seen.called} is false"),))


def _network_down(case: Case) -> Found | None:
    if case.seen.network.admin_state_up:
        return None
    return Found(evidence=(case.store(f"admin_state_up of network {case.seen.network_called} is false"),))


def _conditions(case: Case) -> Iterator[tuple[HostSeen, Condition]]:
    """Give what hosts show to be wrong with the port's interface."""
    place = case.seen.place
    for host in case.facts.hosts.values():
        for condition in host.conditions:
            is_here = place is not None and host.name == place.host
            if condition.port_id == case.seen.port.id or (
                is_here and place and condition.interface == place.interface
            ):
                yield host, condition


def _said(host: HostSeen, condition: Condition) -> Found:
    evidence = Evidence(f"{host.name}: {condition.sentence}", Source.OVSDB, host.last_contact)
    words = {"host": host.name, "said": condition.sentence, "remedy": condition.remedy}
    return Found(words, (evidence,), condition.code.value)


def _mac_twice(case: Case) -> Found | None:
    twin, place = case.seen.twin, case.seen.place
    if twin is None or twin.value is None or place is None:
        return None
    other = twin.value
    words = {
        "host": place.host,
        "other": other.called,
        "mac": other.mac,
        "other_host": other.host or "no host",
    }
    says = f"the machines of {case.seen.called} and {other.called} both show {other.mac}"
    return Found(words, (Evidence(says, twin.source, twin.seen_at),))


def _interface_condition(case: Case) -> Found | None:
    found = (pair for pair in _conditions(case) if pair[1].code is not Code.WRONG_HOST)  # a cause of its own
    return next((_said(host, condition) for host, condition in found), None)


def _nearly_plugged(case: Case) -> Found | None:
    stray = case.seen.stray
    if stray is None or stray.value is None or case.seen.place:
        return None
    found, mac = stray.value, str(case.seen.port.mac_address)
    says = f"{found.interface} of {found.host} has iface-id {found.iface_id} and attached-mac {mac}"
    words = {"interface": found.interface, "host": found.host, "other": found.iface_id, "mac": mac}
    return Found(words, (Evidence(says, stray.source, stray.seen_at),))


def _elsewhere(case: Case) -> Found | None:
    wanted = case.seen.port.requested_host
    hosts = sorted({place.host for place in case.seen.claimants})
    if not wanted or not hosts or wanted in hosts:
        return None
    evidence = Evidence(
        f"interfaces with iface-id {case.seen.port.id} are on {listed(hosts)}", Source.OVSDB, case.facts.at
    )
    return Found({"wanted": wanted, "hosts": listed(hosts)}, (evidence,))


def _not_plugged(case: Case) -> Found | None:
    facts = case.facts
    if case.seen.place or case.seen.claimants or case.seen.is_dhcp_server:
        return None
    evidence = Evidence("no interface that is shown has that iface-id", Source.OVSDB, facts.at)
    away = f" ({listed(facts.away)} are not)" if facts.away else ""
    connected = f"{facts.known_hosts - len(facts.away)} of {facts.known_hosts}"
    return Found({"connected": connected, "away": away}, (evidence,))


def _host_gone(case: Case) -> Found | None:
    host = case.host
    if host is None or host.alive:
        return None
    evidence = Evidence(f"{host.name} is not connected", Source.CONTROLLER, host.last_contact)
    return Found({"host": host.name, "since": moment(host.last_contact)}, (evidence,))


def _outward_bridge(case: Case) -> str | None:
    """Name the bridge by which the port's network leaves a host."""
    layout, network = case.facts.layout, case.seen.network
    if network.network_type.is_tunnel:
        return layout.tunnel_bridge
    return layout.bridge_of(network.physical_network or "")


def _host_condition(case: Case) -> Found | None:
    """Find what keeps frames from passing between the host and others, or on all of it."""
    host = case.host
    for condition in host.conditions if host else ():
        if host and _is_in_the_way(case, condition):
            return _said(host, condition)
    return None


def _is_in_the_way(case: Case, condition: Condition) -> bool:
    """Tell whether a condition of the port's host keeps from passing what is asked about."""
    outward = _outward_bridge(case)
    if not condition.cuts:
        return False
    if outward and condition.bridge == outward:
        return _goes_out(case)
    return not condition.interface and condition.bridge in ("", case.facts.layout.integration_bridge)


def _goes_out(case: Case) -> bool:
    """Tell whether it goes to other hosts, as DHCP does not; a port may wait for just the way there."""
    places = [seen.place for seen in (case.facts.port, case.peer) if seen]
    hosts = {place.host for place in places if place}
    return bool(case.seen.waits_for or case.facts.outside_address or len(hosts) > 1)


def _bridge_gone(case: Case) -> Found | None:
    host, bridge = case.host, case.facts.layout.integration_bridge
    if host is None or bridge not in host.cut_off:
        return None
    evidence = Evidence(f"{bridge} of {host.name} is not connected", Source.CONTROLLER, case.facts.at)
    return Found({"host": host.name, "bridge": bridge}, (evidence,))


def _trouble(case: Case) -> Found | None:
    """Find what the controller could not do, and does not do for a port that waits."""
    return _troubles(case, (Topic.PASS, *(WAITED_FOR if case.seen.waits_for else ())))


def _trouble_besides(case: Case) -> Found | None:
    """Find what it tells of the host besides."""
    return _troubles(case, set(Topic) - {Topic.PASS, *(WAITED_FOR if case.seen.waits_for else ())})


def _troubles(case: Case, topics: Collection[Topic]) -> Found | None:
    host = case.host
    told = [text for topic, text in sorted(host.troubles.items()) if topic in topics] if host else []
    if host is None or not told:
        return None
    said = "; ".join(told)
    evidence = Evidence(f"{host.name}: {said}", Source.CONTROLLER, case.facts.at)
    return Found({"host": host.name, "said": said}, (evidence,))


def _tag_foreign(case: Case) -> Found | None:
    host, place = case.host, case.seen.place
    if host is None or place is None or host.tags is None or host.tags.value is None:
        return None
    flows = host.installed.get(case.facts.layout.integration_bridge)
    if flows is not None and flows.value is None:
        return None  # a port gets its tag when its flows stand, and the bridge does not say whether they do
    binding = case.seen.port.binding
    if binding is None or place.interface not in host.tags.value:
        return None
    tag = host.tags.value[place.interface]
    if tag == binding.local_vlan:
        return None
    shown = "no tag" if tag is None else f"tag {tag}"
    evidence = Evidence(f"{place.interface} of {host.name} has {shown}", Source.OVSDB, host.tags.seen_at)
    words = {"interface": place.interface, "host": host.name, "has": shown, "wanted": binding.local_vlan}
    return Found({key: str(word) for key, word in words.items()}, (evidence,))


def _flow_missing(case: Case) -> Found | None:
    host = case.host
    bridge = case.facts.layout.integration_bridge
    delta = case.paths.differs(host, bridge) if host else None
    if host is None or not delta or not delta.add:
        return None
    known = host.installed[bridge]
    says = f"{len(delta.add)} flows of {bridge} are missing or are not as they should be"
    words = {"host": host.name, "bridge": bridge, "missing": str(len(delta.add))}
    return Found(words, (Evidence(says, Source.OPENFLOW, known.seen_at),))


def _two_hosts(case: Case) -> Found | None:
    hosts = sorted({place.host for place in case.seen.claimants})
    if len(hosts) < 2 or case.seen.place is None:
        return None
    says = f"interfaces with iface-id {case.seen.port.id} are on {listed(hosts)}"
    words = {"hosts": listed(hosts), "host": case.seen.place.host}
    return Found(words, (Evidence(says, Source.OVSDB, case.facts.at),))


def _waits(case: Case) -> Found | None:
    waits_for = case.seen.waits_for
    if not waits_for or case.seen.conflict:
        return None
    return Found({"waits_for": waits_for}, (case.store(f"waits_for of port {case.seen.called}"),))


def _host_besides(case: Case) -> Found | None:
    """Find what is wrong with the bridges that its frames pass, and does not keep them from passing."""
    host = case.host
    for condition in host.conditions if host else ():
        if host and not _is_in_the_way(case, condition) and _is_on_the_way(case, condition):
            return _said(host, condition)
    return None


def _is_on_the_way(case: Case, condition: Condition) -> bool:
    """Tell whether a condition of the port's host is of a bridge, or of tunnels, that its frames pass."""
    network = case.seen.network
    if condition.code in OF_CROWDS:
        return network.id in condition.sentence
    if condition.code in (Code.TUNNEL_MTU, Code.TUNNEL_VLANS):
        return network.network_type.is_tunnel
    if condition.code is Code.NIC_MTU and case.peer:
        return False  # a cause of its own, where frames are to pass
    bridges = (case.facts.layout.integration_bridge, _outward_bridge(case))
    return condition.bridge in bridges and not condition.port_id


PORT_DOWN = Cause(
    "port_down", "{port} is switched off: its admin_state_up is false",
    "openstack port set --enable {id}", "the port's admin_state_up", _port_down,
)  # fmt: skip
NETWORK_DOWN = Cause(
    "network_down", "The network {network} of {port} is switched off: its admin_state_up is false",
    "openstack network set --enable {network_id}", "the network's admin_state_up", _network_down,
)  # fmt: skip
MAC_TWICE = Cause(
    "mac_twice", "The machines of {port} on {host} and of {other} on {other_host} have one MAC address,"
    " {mac}: what is for it goes now to the one and now to the other, and a guarded port drops what is"
    " not its own",
    "give each machine its port's MAC address",
    "attached-mac in OVSDB, DHCP messages, and the network's ports",
    _mac_twice, is_operators=True,
)  # fmt: skip
INTERFACE_CONDITION = Cause(
    "interface", "On {host}, {said}", "{remedy}",
    "what OVSDB shows of an interface that is the port's, or was meant to be", _interface_condition,
    is_operators=True,
)  # fmt: skip
ELSEWHERE = Cause(
    "elsewhere", "{port} is plugged into {hosts} but must be on {wanted}, which binding:host_id asks for",
    "plug it in there, or openstack port unset --host {id}", "iface-ids, and binding:host_id", _elsewhere,
    is_operators=True,
)  # fmt: skip
NEARLY_PLUGGED = Cause(
    "nearly_plugged", "{interface} on {host} has iface-id {other}, which is no port's, and its machine has"
    " {port}'s MAC address {mac}: was the port made anew?",
    "ovs-vsctl set interface {interface} external_ids:iface-id={id}",
    "iface-ids and attached-macs in OVSDB", _nearly_plugged, certainty=Certainty.LIKELY, is_operators=True,
)  # fmt: skip
NOT_PLUGGED = Cause(
    "not_plugged", "Nothing is plugged in for {port}: no interface has iface-id {id}; {connected} hosts are"
    " connected{away}",
    "start its machine, or ovs-vsctl set interface IFACE external_ids:iface-id={id}",
    "the iface-ids that all hosts show", _not_plugged,
)  # fmt: skip
HOST_GONE = Cause(
    "host_gone", "{host}, which {port} is at, is not connected since {since}: DHCP is not answered there;"
    " other traffic goes on as it was",
    "see whether {host} reaches the controller: osken-net host-check --through 'ssh {host}'",
    "the host's connections", _host_gone, is_operators=True,
)  # fmt: skip
HOST_CONDITION = Cause(
    "host", "{port} is on {host}, and there {said}", "{remedy}",
    "what OVSDB shows of the host's bridges and NICs", _host_condition, is_operators=True,
)  # fmt: skip
BRIDGE_GONE = Cause(
    "bridge_gone", "{bridge} of {host}, which {port} is at, is not connected to the controller, and {host}"
    " is: DHCP is not answered there; other traffic goes on as it was",
    "ovs-vsctl --columns=target,status list controller {bridge} # on {host}; it has the last error",
    "the host's connections", _bridge_gone, is_operators=True,
)  # fmt: skip
TROUBLE = Cause(
    "trouble", "{host} cannot be brought to what it should be: {said}", "see the log of the controller",
    "what the controller could not do", _trouble, is_operators=True,
)  # fmt: skip
TAG_FOREIGN = Cause(
    "tag_foreign", "{interface} on {host} has {has} instead of {wanted}: another hand sets it",
    "find out who writes to its port row: ovsdb-client monitor Port name,tag",
    "the tag in OVSDB, and the port's local VLAN", _tag_foreign, is_operators=True,
)  # fmt: skip
FLOW_MISSING = Cause(
    "flow_missing", "{bridge} of {host} lacks {missing} of its flows; they are sent again, at the"
    " next audit at the latest",
    "osken-net diff {host}", "the flows that the bridge has, and those that it should have", _flow_missing,
    is_operators=True,
)  # fmt: skip
WAITS = Cause("waits", "{port} waits for {waits_for}", "", "waits_for of the port", _waits, is_operators=True)
TWO_HOSTS = Cause(
    "two_hosts", "{port} is plugged into {hosts}; {host} has it, the others are dead",
    "unplug it where it is not wanted, unless its machine is moving", "iface-ids", _two_hosts,
    is_operators=True,
)  # fmt: skip
HOST_BESIDES = Cause(
    "host_besides", "On {host}, {said}", "{remedy}", "what OVSDB shows of the host's bridges", _host_besides,
    is_operators=True,
)  # fmt: skip
TROUBLE_BESIDES = Cause(
    "trouble_besides", "Of {host} the controller says: {said}", "", "what the controller tells of the host",
    _trouble_besides, certainty=Certainty.LIKELY, is_operators=True,
)  # fmt: skip

#: What keeps a port from anything at all, in order.
PLUGGING = (
    PORT_DOWN, NETWORK_DOWN, MAC_TWICE, INTERFACE_CONDITION, ELSEWHERE, NEARLY_PLUGGED, NOT_PLUGGED,
    HOST_GONE, HOST_CONDITION, BRIDGE_GONE, TROUBLE, TAG_FOREIGN, FLOW_MISSING, WAITS,
)  # fmt: skip
#: What may disturb it.
DISTURBING = (TWO_HOSTS, HOST_BESIDES, TROUBLE_BESIDES)
