"""The cause of frames that are too large for what is between two ports. PURE."""

from collections.abc import Iterator

from osken_apps.explain.cause import Case, Cause, Evidence, Found
from osken_apps.explain.facts import PortSeen, Source
from osken_apps.model.conditions import InterfaceFacts

Shown = tuple[str, InterfaceFacts, float]  # of which host, what, and when it was seen


def _mtu(case: Case) -> Found | None:
    """Find what carries less than the network's frames may have, from the one machine to the other."""
    peer, mtu = case.peer, case.seen.network.mtu
    if peer is None:
        return None
    for host, interface, seen_at in (*_ends(case.seen, peer), *_nics(case)):
        if interface.mtu is not None and interface.mtu < mtu:
            said = f"{interface.name} of {host} has MTU {interface.mtu}"
            words = {"said": said, "passes": str(interface.mtu), "mtu": str(mtu)}
            return Found(words, (Evidence(said, Source.OVSDB, seen_at),))
    return None


def _ends(*ports: PortSeen) -> Iterator[Shown]:
    for seen in ports:
        if seen.place and seen.interface and seen.interface.value:
            yield seen.place.host, seen.interface.value, seen.interface.seen_at


def _nics(case: Case) -> Iterator[Shown]:
    """Give the NICs between the hosts of the two; those that tunnels leave by are not known."""
    hosts = [case.host, case.facts.host_of(case.peer) if case.peer else None]
    bridge = case.facts.layout.bridge_of(case.seen.network.physical_network or "")
    for host in hosts if None not in hosts and hosts[0] is not hosts[1] else ():
        if host and host.nics and host.nics.value and bridge:
            for nic in host.nics.value.get(bridge, ()):
                yield host.name, nic, host.nics.seen_at


MTU = Cause(
    "mtu", "Frames of more than {passes} octets do not pass from {port} to {peer}: {said}, and {network} has"
    " {mtu}",
    "give it the MTU {mtu}, or: openstack network set --mtu {passes} {network_id}",
    "mtu in OVSDB of both interfaces and of the NICs between, and the network's", _mtu, is_operators=True,
)  # fmt: skip
