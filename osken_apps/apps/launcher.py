"""Starts the controller: binds its sockets, builds the applications, runs until it is told to stop. SHELL.

The event loop must be installed before this module is imported; `osken_apps.cli` does that.
"""

import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from os_ken.base.app_manager import AppManager

from osken_apps.apps import runtime
from osken_apps.apps.answering.facts import Gatherer
from osken_apps.apps.answering.queries import Knowledge
from osken_apps.apps.audit import audit_for_ever
from osken_apps.apps.binding import is_early, listen
from osken_apps.apps.complaints import tell_again_for_ever
from osken_apps.apps.dhcp import Dhcp
from osken_apps.apps.edge import edge, look_at, watch_certificates
from osken_apps.apps.host import Bridge, Host
from osken_apps.apps.hosts import FIRST_CONNECTIONS_S, Hosts
from osken_apps.apps.listening import allow_many_sockets
from osken_apps.apps.memory import keep_collections_short, watch_endings
from osken_apps.apps.openflow import OpenFlowApp
from osken_apps.apps.ovsdb.app import OvsdbApp
from osken_apps.apps.packet_ins import Arrivals, PacketIns
from osken_apps.apps.peers import Peers
from osken_apps.apps.progress import tell_progress
from osken_apps.apps.reader import PacketInHandler
from osken_apps.apps.reconcile import HostReconciler
from osken_apps.apps.rest import RestApp
from osken_apps.apps.service import Service
from osken_apps.config import Config
from osken_apps.dhcp.reservation import Defaults
from osken_apps.errors import ConfigurationError
from osken_apps.failures import Failures, noted
from osken_apps.link import STARTED_BADLY
from osken_apps.model.conditions import Expected
from osken_apps.model.counts import ControllerCounts
from osken_apps.model.fabric import Fabric
from osken_apps.model.snapshot import HostSnapshot, Layout, PuntRates
from osken_apps.pipeline.features.dead import GUEST_ANNOUNCES
from osken_apps.pipeline.features.dhcp import DHCP_PUNT
from osken_apps.pipeline.stage import Rule

LOG = logging.getLogger(__name__)

#: What is served at the address that a section names.
SERVES = {"api": "API", "openflow": "OpenFlow", "ovsdb": "OVSDB", "metrics": "metrics"}

P = ParamSpec("P")
App = TypeVar("App")


class Controller:
    """The applications of one controller, over all hosts."""

    def __init__(self, config: Config, config_file: Path) -> None:
        sockets = {section: listen(f"[{section}]", found) for section, found in config.listeners.items()}
        _warn_of(sockets, config)
        self._listeners = ", ".join(
            f"{SERVES[section]} on {_address(sock)}" for section, sock in sockets.items()
        )
        self._service = Service(os.environ)
        self._status = 0
        self._has_started = False
        self._started_at = time.time()
        self._signals, self._wakeup = _signals()
        self._audit_interval_s = config.audit_interval_s
        self._hosts = hosts = self._hosts_of(config)
        peers = Peers(hosts, bridges_are_certified=config.openflow_tls is not None)
        openflow_edge = edge(config.openflow_tls, hosts.refused_by_certificate)
        ovsdb_edge = edge(config.ovsdb_tls, hosts.refused_by_certificate)
        self._edges = [openflow_edge, ovsdb_edge]
        defaults = Defaults(config.dhcp.lease_time_s, config.dhcp.domain, config.dhcp.dns_servers)
        self._dhcp = Dhcp(hosts, defaults)
        self._ovsdb = _instantiate(OvsdbApp, peers, sockets["ovsdb"], ovsdb_edge)
        self._rest = _instantiate(
            RestApp,
            peers=peers,
            config_file=config_file,
            api_socket=sockets["api"],
            knows=Knowledge(hosts, self._dhcp, Gatherer(hosts, self._dhcp)).answer,
            forget_port=self._dhcp.forget,
            started=self._log_started,
            give_up=self._give_up,
            metrics_socket=sockets.get("metrics"),
            counts=self._counts,
        )
        self._openflow = _instantiate(OpenFlowApp, peers, sockets["openflow"], openflow_edge)

    def run(self) -> int:
        """Run until SIGTERM or SIGINT, or until the REST process cannot even start; give the exit status."""
        for app in (self._ovsdb, self._rest, self._openflow):
            app.start()
        keep_collections_short()
        runtime.spawn_for_ever(watch_endings)
        runtime.spawn_for_ever(self._service.feed_for_ever)
        runtime.spawn_for_ever(watch_certificates, self._edges)
        runtime.spawn_for_ever(tell_again_for_ever)
        runtime.spawn_for_ever(tell_progress, self._hosts)
        runtime.spawn_for_ever(audit_for_ever, self._hosts, self._audit_interval_s)
        runtime.spawn_after_rounds(FIRST_CONNECTIONS_S, self._hosts.wait_no_longer)
        while self._signals.recv(1) == bytes([signal.SIGHUP]):
            LOG.info("SIGHUP: reading certificates and policy again")
            look_at(self._edges, is_asked=True)
            self._rest.reload()
        if not self._status:
            LOG.info("stopping")
        self._service.stopping()
        self._rest.stop()
        return self._status

    def _hosts_of(self, config: Config) -> Hosts:
        """Make the hosts, of which none has come yet."""
        network, rates = config.network, PuntRates(config.dhcp.port_rate, config.dhcp.bridge_rate)
        layout = Layout(network.integration_bridge, network.bridge_mappings, rates, network.tunnel_bridge)
        expected = Expected(
            layout,
            openflow_port=config.openflow.port,
            ovsdb_port=config.ovsdb.port,
            api_port=config.api.endpoint.port,
            openflow_method="ssl" if config.openflow_tls else "tcp",
            ovsdb_method="ssl" if config.ovsdb_tls else "tcp",
        )
        fabric = Fabric(layout, config.remove_unknown, config.security.enforce, Failures().note)
        watched_ports = frozenset(config.metrics.ports if config.metrics else ())
        return Hosts(fabric, self._reconciler, expected, watched_ports)

    def _counts(self) -> ControllerCounts:
        passes, answers = self._hosts.passes.durations, self._dhcp.durations.durations
        errors = tuple(sorted(self._openflow.errors.items()))
        return ControllerCounts(self._started_at, passes, answers, errors, tuple(sorted(noted.items())))

    def _log_started(self, store: str) -> None:
        """Say which store is served; the first time the controller runs: its configuration can work."""
        if self._has_started:
            LOG.info("the REST process serves %s", store)
        else:
            LOG.info("started: osken-net %s; database %s; %s", version("osken-apps"), store, self._listeners)
            self._service.ready(self._listeners)
        self._has_started = True

    def _give_up(self) -> None:
        """End the controller: its configuration cannot work, as the REST process has said."""
        self._status = STARTED_BADLY
        self._wakeup.send(b"!")

    def _reconciler(self, host: Host) -> HostReconciler:
        return HostReconciler(host, self._hosts, self._serve, self._rest.report)

    def _serve(self, bridge: Bridge, snapshot: HostSnapshot) -> None:
        """Have the packet-ins of a host's integration bridge answered as its snapshot says."""
        handlers: dict[Rule, PacketInHandler] = {DHCP_PUNT: self._dhcp.handler(bridge, snapshot)}
        if snapshot.waiting:
            handlers[GUEST_ANNOUNCES] = Arrivals(bridge.host, self._hosts, snapshot)
        bridge.answer_packet_ins(PacketIns(handlers))


def run(config: Config, config_file: Path) -> int:
    """Run the controller until it is told to stop; give the exit status. Raises ConfigurationError."""
    allow_many_sockets()
    try:
        config.state_dir.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"state_dir={config.state_dir}: {error.strerror}") from error
    return Controller(config, config_file).run()


def _address(sock: socket.socket) -> str:
    """Give where a socket listens, as people write it."""
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _warn_of(sockets: Mapping[str, socket.socket], config: Config) -> None:
    """Warn of addresses that are not there yet, and of listeners that believe everybody."""
    for section, sock in sockets.items():
        if is_early(sock):
            address = sock.getsockname()[0]
            LOG.warning("[%s] this machine has no address %s yet; it is served once it has", section, address)
    for section, endpoint, tls in (
        ("openflow", config.openflow, config.openflow_tls),
        ("ovsdb", config.ovsdb, config.ovsdb_tls),
    ):
        if not (tls or endpoint.is_loopback):
            LOG.warning("[%s] insecure=true: whoever reaches %s passes for a host", section, endpoint.host)


def _instantiate(kind: Callable[P, App], *arguments: P.args, **named: P.kwargs) -> App:
    """Make an application as os-ken has it."""
    app: App = AppManager.get_instance().instantiate(kind, *arguments, **named)
    return app


def _signals() -> tuple[Any, Any]:
    """Give a socket that has an octet, the number, for each SIGTERM, SIGINT and SIGHUP.

    A handler alone would not wake the loop. The second socket is its other end and must be kept.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.fileno())
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return reader, writer
