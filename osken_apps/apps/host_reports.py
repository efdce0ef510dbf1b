"""What the API's list of agents shows of each host. SHELL (it reads the clock)."""

from collections import Counter
from collections.abc import Callable, Iterable
from enum import StrEnum

from osken_apps.apps.host import Host, now
from osken_apps.apps.hosts import Hosts
from osken_apps.apps.peers import Peers
from osken_apps.model.changes import HostReport
from osken_apps.model.counts import HostCounts
from osken_apps.model.shown_identity import Key, Refused
from osken_apps.model.turns import in_turns
from osken_apps.model.well_known import KERNEL_DATAPATH

HOSTS_A_TURN = 20  # some two milliseconds of work


def host_reports(peers: Peers, pause: Callable[[], object] = lambda: None) -> tuple[HostReport, ...]:
    """Give a report of every host that is known, and of every host that is refused.

    Calls `pause` where it may take long.
    """
    hosts, refused = peers.hosts, peers.identities.refused()
    rivals: dict[str, list[str]] = {}
    for _, it in refused:
        rivals.setdefault(it.rival, []).append(f"another that uses its names is refused: {it.reason}")
    every = in_turns(sorted(hosts.by_name.items()), pause, HOSTS_A_TURN)
    known = [_of_host_or_less(hosts, host, rivals.get(name, [])) for name, host in every]
    return (*known, *_of_refused(peers, refused))


def _of_host_or_less(hosts: Hosts, host: Host, rivals: list[str]) -> HostReport:
    """Report a host; where an error of ours is about it, that it is there, and that."""
    try:
        return _of_host(hosts, host, rivals)
    except Exception as error:
        hosts.failures.note("a host was not reported", error, f"host {host.name}")
        return HostReport(
            host=host.name,
            alive=host.alive,
            bridges=tuple(sorted(host.bridges)),
            bridge_mappings=hosts.fabric.layout.bridge_mappings,
            ovsdb=host.session is not None,
            started_at=host.started_at,
            last_contact=host.last_contact,
            bound_ports=0,
            trouble="an error of the controller; see its log",
            system_id=host.system_id,
        )


def _of_host(hosts: Hosts, host: Host, rivals: list[str]) -> HostReport:
    if host.alive:
        host.last_contact = now()
    fabric = hosts.fabric
    troubles = [host.troubles[topic] for topic in sorted(host.troubles)]
    return HostReport(
        host=host.name,
        alive=host.alive,
        bridges=tuple(sorted(host.bridges)),
        bridge_mappings=fabric.layout.bridge_mappings,
        ovsdb=host.session is not None,
        started_at=host.started_at,
        last_contact=host.last_contact,
        bound_ports=fabric.count_recorded_at(host.name),
        repairs=host.tallies.repairs,
        trouble="; ".join((*troubles, *rivals, *(condition.sentence for condition in host.conditions))),
        conditions=tuple((it.code.value, it.sentence, it.remedy) for it in host.conditions),
        dhcp_counters=_named(host.tallies.dhcp, sum(host.tallies.drops_by_kind.values())),
        datapath_type=_datapath_type(hosts, host),
        system_id=host.system_id,
        tunnel_address=_tunnel_address(hosts, host),
        former_names=fabric.names.former_names(host.name) if fabric.inventory.loaded else None,
        counts=_counts(host),
    )


def _counts(host: Host) -> HostCounts:
    tallies = host.tallies
    installed = ((name, bridge.installed) for name, bridge in sorted(host.bridges.items()))
    return HostCounts(
        in_order=host.in_order,
        flows=tuple((name, len(known.flows)) for name, known in installed if known is not None),
        foreign_changes=tallies.foreign_changes,
        foreign_flows=tuple((name, len(bridge.foreign)) for name, bridge in sorted(host.bridges.items())),
        added_flows=tallies.added_flows,
        deleted_flows=tallies.deleted_flows,
        meter_drops=tuple(sorted(tallies.drops_by_kind.items())),
        ports=tallies.watched_ports,
    )


def _tunnel_address(hosts: Hosts, host: Host) -> str | None:
    """Give where others reach a host; None as long as it is not known what the store has of it."""
    if not hosts.fabric.inventory.loaded:
        return None
    return str(hosts.fabric.tunnel_peers.addresses.of(host.name) or "")


def _datapath_type(hosts: Hosts, host: Host) -> str:
    """Give the datapath type of the integration bridge, as Neutron names them; empty: it is not shown."""
    bridge = host.view.facts.bridge(hosts.fabric.layout.integration_bridge) if host.view else None
    return (bridge.datapath_type or KERNEL_DATAPATH) if bridge else ""


def _of_refused(peers: Peers, refused: Iterable[tuple[Key, Refused]]) -> list[HostReport]:
    """Report the sessions that are refused, so that their operator finds them among the hosts."""
    reports = []
    for key, it in refused:
        session = peers.session(key)
        if session is not None:
            reports.append(
                HostReport(
                    host=it.host,
                    alive=True,
                    bridges=(),
                    bridge_mappings=peers.hosts.fabric.layout.bridge_mappings,
                    ovsdb=False,
                    started_at=session.began_at,
                    last_contact=now(),
                    bound_ports=0,
                    trouble=it.reason,
                    system_id=peers.identities.system_id_of(key),
                    refused=session.address[0],
                )
            )
    return reports


def _named(counters: Counter[StrEnum], meter_drops: int) -> tuple[tuple[str, int], ...]:
    counted = {reason.name.lower(): count for reason, count in counters.items()}
    return tuple(sorted((counted | {"dropped_by_meters": meter_drops}).items()))
