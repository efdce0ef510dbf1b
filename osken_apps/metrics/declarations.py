"""Every metric, declared once: name, help, labels, and how its samples come of the facts. PURE.

Series are bounded by hosts, bridges, reasons and routes; none is by port, MAC or IP address but those of the
ports that `[metrics] ports` lists. A host that is away has no series but whether it is up and when it was
heard last; one that is forgotten has none. Names follow Prometheus's "Metric and label naming".
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from osken_apps.metrics.facts import Measurements
from osken_apps.metrics.states import STATES, state_of
from osken_apps.model.changes import HostReport
from osken_apps.model.counts import Durations, PortCounts

PREFIX = "osken_"
NOT_DHCP = "dropped_by_meters"

Sample = tuple[tuple[str, ...], float | Durations]
Samples = Iterable[Sample]


class Kind(StrEnum):
    """What Prometheus does with a metric."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric; a counter's name ends in `_total`, a sample has a value for each of `labels`."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...]
    samples: Callable[[Measurements], Samples]


def _gauge(
    name: str, help: str, labels: tuple[str, ...], samples: Callable[[Measurements], Samples]
) -> Metric:
    return Metric(PREFIX + name, Kind.GAUGE, help, labels, samples)


def _counter(
    name: str, help: str, labels: tuple[str, ...], samples: Callable[[Measurements], Samples]
) -> Metric:
    return Metric(PREFIX + name, Kind.COUNTER, help, labels, samples)


def _histogram(
    name: str, help: str, labels: tuple[str, ...], samples: Callable[[Measurements], Samples]
) -> Metric:
    return Metric(PREFIX + name, Kind.HISTOGRAM, help, labels, samples)


def _one(read: Callable[[Measurements], float]) -> Callable[[Measurements], Samples]:
    return lambda facts: [((), read(facts))]


def _of_alive(read: Callable[[HostReport], float]) -> Callable[[Measurements], Samples]:
    """Read one value of every host that is connected."""
    return lambda facts: [((host.host,), read(host)) for host in facts.alive]


def _by_part(read: Callable[[HostReport], Iterable[tuple[str, float]]]) -> Callable[[Measurements], Samples]:
    """Read named values of every host that is connected."""
    return lambda facts: [((host.host, name), value) for host in facts.alive for name, value in read(host)]


def _states(facts: Measurements) -> Samples:
    counts = dict.fromkeys(STATES, 0) | {"refused": facts.refused}
    for host in facts.hosts:
        counts[state_of(host)] += 1
    return [((state,), count) for state, count in counts.items()]


def _bridges(facts: Measurements) -> Samples:
    for host in facts.alive:
        wanted = (facts.integration_bridge, *(bridge for _, bridge in host.bridge_mappings), *host.bridges)
        for bridge in dict.fromkeys(wanted):
            yield (host.host, bridge), bridge in host.bridges


def _conditions(facts: Measurements) -> Samples:
    for host in facts.alive:
        codes = [code for code, _, _ in host.conditions]
        for code in dict.fromkeys(codes):
            yield (host.host, code), codes.count(code)


def _errors(facts: Measurements) -> Samples:
    yield from ((("rest", what), count) for what, count in facts.errors.items())
    if facts.controller:
        yield from ((("controller", what), count) for what, count in facts.controller.errors)


def _segmentation_ids(facts: Measurements) -> Samples:
    for pool in facts.tally.pools if facts.tally else ():
        yield (pool.network_type, pool.physical_network, "used"), pool.used
        yield (pool.network_type, pool.physical_network, "free"), pool.size - pool.used


def _of_ports(
    received: Callable[[PortCounts], int], sent: Callable[[PortCounts], int]
) -> Callable[[Measurements], Samples]:
    def samples(facts: Measurements) -> Samples:
        for host in facts.alive:
            for port in host.counts.ports:
                yield (port.port_id, host.host, "received"), received(port)
                yield (port.port_id, host.host, "sent"), sent(port)

    return samples


HOST = ("host",)
PORT = ("port", "host", "direction")
PROCESS = ("process",)
DIRECTION = "`received` is what its machine sent"

METRICS: tuple[Metric, ...] = (
    # The processes. REST answers the scrape: whether it is there is Prometheus's own `up`.
    _gauge("build_info", "The version that runs.", ("version",), lambda it: [((it.version,), 1)]),
    _gauge("controller_up", "Whether the controller has spoken within 15 s; hosts are as it told last.", (),
           _one(lambda it: it.controller_is_heard)),
    _gauge("controller_start_time_seconds", "When the controller started.", (),
           lambda it: [((), it.controller.started_at)] if it.controller else []),
    _counter("process_cpu_seconds_total", "Processor time, of the system's own count.", PROCESS,
             lambda it: [((name,), process.cpu_s) for name, process in it.processes.items()]),
    _gauge("process_resident_memory_bytes", "Memory that is in use.", PROCESS,
           lambda it: [((name,), process.resident_bytes) for name, process in it.processes.items()]),
    _gauge("process_open_fds", "Files and sockets that are open.", PROCESS,
           lambda it: [((name,), process.open_files) for name, process in it.processes.items()]),
    _counter("errors_total", "Errors of the program that cost one port, packet, request or message each, by"
             " what failed; the log has the first of each kind.", ("process", "what"), _errors),
    # Hosts, as the controller reports them within two seconds.
    _gauge("hosts", "Hosts by state, as `GET /v2.0/overview` counts them.", ("state",), _states),
    _gauge("host_up", "Whether anything of a host is connected.", HOST,
           lambda it: [((host.host,), host.alive) for host in it.hosts]),
    _gauge("host_last_contact_timestamp_seconds", "When a host was connected last.", HOST,
           lambda it: [((host.host,), host.last_contact.timestamp()) for host in it.hosts]),
    _gauge("host_bridge_connected", "Whether a bridge that a host must have has an OpenFlow connection.",
           ("host", "bridge"), _bridges),
    _gauge("host_ovsdb_connected", "Whether a host has an OVSDB session.", HOST,
           _of_alive(lambda host: host.ovsdb)),
    _gauge("host_synced", "Whether a host has the flows and tags that it should have.", HOST,
           _of_alive(lambda host: host.counts.in_order)),
    _gauge("host_trouble", "Whether a host is in trouble; `osken-net hosts` says which.", HOST,
           _of_alive(lambda host: bool(host.trouble))),
    _gauge("host_conditions", "What a host's OVSDB shows to be wrong, by code.", ("host", "code"),
           _conditions),
    _gauge("host_bound_ports", "Ports that are bound to a host.", HOST,
           _of_alive(lambda host: host.bound_ports)),
    _gauge("host_flows", "Flows of ours on a bridge, as last read or sent.", ("host", "bridge"),
           _by_part(lambda host: host.counts.flows)),
    _gauge("host_foreign_flows", "Flows of others on a bridge, as last read; 1000 at most.",
           ("host", "bridge"), _by_part(lambda host: host.counts.foreign_flows)),
    _counter("host_foreign_flow_changes_total", "Changes of flows by another hand that a host's switches told"
             " of as they happened.", HOST, _of_alive(lambda host: host.counts.foreign_changes)),
    _counter("host_flow_changes_total", "Flows that were sent to be added, and to be deleted.",
             ("host", "op"),
             _by_part(lambda it: (("add", it.counts.added_flows), ("delete", it.counts.deleted_flows)))),
    _counter("host_repairs_total", "What another hand had changed on a host, and was mended.", HOST,
             _of_alive(lambda host: host.repairs)),
    _histogram("host_pass_duration_seconds", "How long a pass over one host takes, of all hosts.", (),
               lambda it: [((), it.controller.passes)] if it.controller else []),
    _counter("openflow_errors_total", "Errors that switches sent, by type.", ("type",),
             lambda it: [((kind,), n) for kind, n in it.controller.openflow_errors] if it.controller else []),
    # DHCP.
    _counter("dhcp_messages_total", "DHCP messages by what became of them, as a port's journal names it.",
             ("host", "outcome"),
             _by_part(lambda host: [item for item in host.dhcp_counters if item[0] != NOT_DHCP])),
    _histogram("dhcp_answer_duration_seconds", "From a packet's reading to its answer's sending; packets that"
               " were read together count as one.", (),
               lambda it: [((), it.controller.dhcp_answers)] if it.controller else []),
    _counter("meter_drops_packets_total", "Packets to the controller that the meters of ports, or of the"
             " bridge, have dropped; read with each audit.", ("host", "kind"),
             _by_part(lambda host: host.counts.meter_drops)),
    # What the database holds, at most 15 s old.
    _gauge("store_up", "Whether the database can be read.", (), _one(lambda it: it.tally is not None)),
    _histogram("store_commit_duration_seconds", "How long a transaction that writes takes, from its turn"
               " until it is on the disk.", (), lambda it: [((), it.commits)] if it.commits else []),
    _gauge("networks", "Networks.", (), lambda it: [((), it.tally.networks)] if it.tally else []),
    _gauge("subnets", "Subnets.", (), lambda it: [((), it.tally.subnets)] if it.tally else []),
    _gauge("ports", "Ports by status.", ("status",),
           lambda it: [((status,), count) for status, count in it.tally.ports.items()] if it.tally else []),
    _gauge("address_pool_used_ratio_max", "The part of its addresses that the fullest subnet has given out.",
           (), lambda it: [((), it.tally.fullest)] if it.tally else []),
    _gauge("segmentation_ids", "Segmentation ids of the configured pools.",
           ("network_type", "physical_network", "state"), _segmentation_ids),
    # The API.
    _counter("http_requests_total", "Requests of the API.", ("method", "status_class"),
             lambda it: it.requests.items()),
    _histogram("http_request_duration_seconds", "How long the API takes over a request, by route.",
               ("route",),
               lambda it: [((route,), took) for route, took in it.durations.items()]),
    _counter("link_queries_total", "Questions of the API to the controller.", ("name", "result"),
             lambda it: it.queries.items()),
    _counter("explain_total", "Questions why something does not work, by the code of the verdict.", ("code",),
             lambda it: [((code,), count) for code, count in it.explained.items()]),
    # Ports that [metrics] ports lists, and no others.
    _counter("port_packets_total", f"Packets of a listed port; {DIRECTION}.", PORT,
             _of_ports(lambda it: it.received_packets, lambda it: it.sent_packets)),
    _counter("port_bytes_total", f"Octets of a listed port; {DIRECTION}.", PORT,
             _of_ports(lambda it: it.received_bytes, lambda it: it.sent_bytes)),
    _counter("port_dropped_packets_total", f"Packets of a listed port that were dropped; {DIRECTION}.", PORT,
             _of_ports(lambda it: it.received_dropped, lambda it: it.sent_dropped)),
    _counter("port_errors_total", f"Errors of a listed port's device; {DIRECTION}.", PORT,
             _of_ports(lambda it: it.received_errors, lambda it: it.sent_errors)),
)  # fmt: skip
