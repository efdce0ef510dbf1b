"""The controller beside its REST process, which is slow, stopped, killed or wrong: nobody waits for it."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import eventlet
import pytest

from osken_apps.apps import rest
from osken_apps.apps.answering import queries
from osken_apps.apps.answering.queries import Knows
from osken_apps.apps.host import Host, Reconciler
from osken_apps.apps.hosts import Hosts
from osken_apps.apps.peers import Peers
from osken_apps.apps.rest import RestApp
from osken_apps.model.changes import HostReport, PortReport
from osken_apps.model.fabric import Fabric
from osken_apps.model.resources import Binding, PortStatus
from osken_apps.questions import PortDhcp, Question
from tests.golden.scenarios import LAYOUT
from tests.model.switch import SwitchBridge, SwitchConnection
from tests.rest.server import Reply, call_at, write_config
from tests.unit.hub_thread import in_a_hub

SHORT_S = 1.0
REPORTS = 20_000


def no_reconciler(host: Host) -> Reconciler:
    raise AssertionError(f"host {host.name} connected, and there is no switch")


class Controller:
    """The controller's side of the REST process and nothing else of it."""

    def __init__(self, config_file: Path, listener: socket.socket, knows: Knows) -> None:
        self.port = listener.getsockname()[1]
        self.hosts = Hosts(Fabric(LAYOUT), no_reconciler)
        self.peers = Peers(self.hosts)
        self.gave_up = False
        self.started: list[str] = []
        self.app = RestApp(
            peers=self.peers,
            config_file=config_file,
            api_socket=listener,
            knows=knows,
            forget_port=lambda port_id: None,
            started=self.started.append,
            give_up=lambda: None,
            metrics_socket=None,
            counts=None,
        )

    @property
    def inventory(self) -> Any:
        return self.hosts.fabric.inventory

    @property
    def pid(self) -> int:
        return self.app._process.pid if self.app._process else 0

    @property
    def intent(self) -> Any:
        assert self.app._link is not None
        return self.app._link._intent

    def call(self, method: str, path: str, body: Any = None) -> Reply:
        """Send a request from a thread of its own, as the hub must go on meanwhile."""
        replies: list[Reply] = []
        thread = threading.Thread(target=lambda: replies.append(call_at(self.port, method, path, body)))
        thread.start()
        wait_until(lambda: not thread.is_alive())
        return replies[0]

    def make_port(self) -> str:
        """Make a network and a port, of which the controller hears later; give the port's id."""
        network = self.call("POST", "/v2.0/networks", {"network": {}}).body["network"]["id"]
        return str(self.call("POST", "/v2.0/ports", {"port": {"network_id": network}}).body["port"]["id"])

    def make_known_port(self) -> str:
        """Make a network and a port; give the port's id once the controller has heard of it."""
        port_id = self.make_port()
        wait_until(lambda: port_id in self.inventory.ports)
        return port_id


def wait_until(condition: Callable[[], Any]) -> None:
    """Wait in the hub; the limit is that of `in_a_hub`."""
    while not condition():
        eventlet.sleep(0.01)


@contextmanager
def controlling(directory: Path, knows: Knows = repr) -> Iterator[Controller]:
    """Run a REST process under a controller, which answers its questions so."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        controller = Controller(write_config(directory), listener, knows)
        controller.app.start()
        try:
            wait_until(lambda: controller.inventory.loaded)
            yield controller
        finally:
            controller.app.stop()


def bound(port_id: str, host: str) -> PortReport:
    return PortReport(port_id, Binding(host, 1, "tap" + "x" * 200), PortStatus.ACTIVE)


def test_what_has_started_is_ready_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "BEAT_S", 1000.0)

    def work(_hub: object) -> None:
        with controlling(tmp_path) as controller:
            wait_until(lambda: controller.started)
            assert controller.call("GET", "/readyz").body == {"status": "ready"}

    in_a_hub(work)


def test_a_stopped_rest_process_holds_up_nobody_and_hears_the_newest_afterwards(tmp_path: Path) -> None:
    def work(_hub: object) -> None:
        with controlling(tmp_path) as controller:
            port_id = controller.make_known_port()
            os.kill(controller.pid, signal.SIGSTOP)
            with eventlet.Timeout(SHORT_S):
                for number in range(REPORTS):
                    controller.app.report([bound(port_id, f"host{number}"), bound(f"gone{number}", "host")])
            os.kill(controller.pid, signal.SIGCONT)
            wait_until(lambda: controller.inventory.ports[port_id].binding)
            wait_until(lambda: controller.inventory.ports[port_id].binding.host == f"host{REPORTS - 1}")

    in_a_hub(work)


def test_a_rest_process_that_does_not_answer_is_killed_and_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "FIRST_RESTART_S", 0.01)

    def work(_hub: object) -> None:
        with controlling(tmp_path) as controller:
            port_id, first = controller.make_port(), controller.pid
            monkeypatch.setattr(rest, "BEAT_S", 0.02)
            os.kill(first, signal.SIGSTOP)
            wait_until(lambda: controller.pid not in (0, first))
            monkeypatch.setattr(rest, "BEAT_S", 2.0)
            assert controller.call("GET", f"/v2.0/ports/{port_id}").status == 200

    in_a_hub(work)


def test_a_rest_process_that_answers_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(_hub: object) -> None:
        with controlling(tmp_path) as controller:
            first, beats = controller.pid, 0

            def counted(_hosts: Hosts, _pause: object) -> tuple[HostReport, ...]:
                nonlocal beats
                beats += 1
                return ()

            monkeypatch.setattr(rest, "BEAT_S", 0.1)
            monkeypatch.setattr(rest, "host_reports", counted)
            wait_until(lambda: beats > 2 * rest.MAX_SILENT_BEATS)
            assert controller.pid == first

    in_a_hub(work)


class Idle:
    """A reconciler that does nothing."""

    def wake(self) -> None: ...
    def audit(self) -> None: ...
    def run(self) -> None: ...
    def announce(self, port_id: str, frame: bytes) -> None: ...


def test_a_host_that_comes_or_goes_is_shown_before_the_next_beat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "BEAT_S", 3600.0)

    def shown(controller: Controller) -> list[tuple[str, bool, list[str]]]:
        agents = controller.call("GET", "/v2.0/agents").body["agents"]
        return [(agent["host"], agent["alive"], agent["configurations"]["bridges"]) for agent in agents]

    def work(_hub: object) -> None:
        with controlling(tmp_path) as controller:
            monkeypatch.setattr(controller.hosts, "_reconciler_of", lambda host: Idle())
            connection = SwitchConnection(SwitchBridge({}), "br-int")
            controller.peers.connected(connection, "host1")  # type: ignore[arg-type]
            wait_until(lambda: shown(controller) == [("host1", True, ["br-int"])])
            controller.peers.disconnected(connection)  # type: ignore[arg-type]
            wait_until(lambda: shown(controller) == [("host1", False, [])])

    in_a_hub(work)


def test_a_gap_in_the_changes_is_closed_by_a_fresh_snapshot(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def work(_hub: object) -> None:
        with controlling(tmp_path) as controller:
            take = controller.intent.take_changes
            controller.intent.take_changes = lambda message: set()
            missed = controller.make_port()
            wait_until(lambda: "port" in controller.call("GET", f"/v2.0/ports/{missed}").body)
            controller.intent.take_changes = take
            seen = controller.make_port()
            wait_until(lambda: {missed, seen} <= controller.inventory.ports.keys())

    in_a_hub(work)
    assert caplog.text.count("a change of the store was missed") == 1


def test_a_query_that_breaks_or_hangs_is_its_own_answer_and_the_link_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def port_dhcp(question: Question[Any]) -> Any:
        assert isinstance(question, PortDhcp)
        if controllers[0].inventory.ports[question.port_id].name == "hangs":
            eventlet.sleep(60)
        raise RuntimeError("this query breaks")

    controllers: list[Controller] = []

    def work(_hub: object) -> None:
        with controlling(tmp_path, port_dhcp) as controller:
            controllers.append(controller)
            port_id, first = controller.make_known_port(), controller.pid
            path = f"/v2.0/ports/{port_id}"
            broken = [controller.call("GET", f"{path}/dhcp") for _ in range(3)]
            controller.call("PUT", path, {"port": {"name": "hangs"}})
            wait_until(lambda: controller.inventory.ports[port_id].name == "hangs")
            monkeypatch.setattr(queries, "DEADLINE_S", 0.2)
            hung = controller.call("GET", f"{path}/dhcp")
            assert [reply.status for reply in (*broken, hung)] == [503] * 4
            assert "an error of the controller" in broken[0].body["NeutronError"]["message"]
            assert "had no answer" in hung.body["NeutronError"]["message"]
            assert controller.pid == first

    in_a_hub(work)
    assert caplog.text.count("Traceback") == 1


def test_a_change_that_breaks_costs_only_itself(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def work(_hub: object) -> None:
        with controlling(tmp_path) as controller:
            first = controller.pid
            apply = controller.hosts.fabric.apply

            def breaking(changes: Any) -> set[str]:
                if "Network(" in repr(changes):
                    raise RuntimeError("this change breaks")
                return apply(changes)

            controller.hosts.fabric.apply = breaking  # type: ignore[method-assign]
            for _ in range(3):
                controller.call("POST", "/v2.0/networks", {"network": {}})
            controller.hosts.fabric.apply = apply  # type: ignore[method-assign]
            controller.make_known_port()
            assert controller.pid == first

    in_a_hub(work)
    assert caplog.text.count("Traceback") == 1


def test_a_database_that_vanished_is_not_made_anew_and_hosts_keep_what_they_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "FIRST_RESTART_S", 0.01)
    database = tmp_path / "osken-net.db"

    def work(_hub: object) -> None:
        with controlling(tmp_path) as controller:
            port_id, first = controller.make_known_port(), controller.pid
            for file in tmp_path.glob("osken-net.db*"):
                file.unlink()
            refused = controller.call("POST", "/v2.0/networks", {"network": {}})
            os.kill(first, signal.SIGKILL)
            wait_until(lambda: controller.pid not in (0, first))
            again = controller.call("GET", "/v2.0/networks")
            assert (refused.status, again.status) == (503, 503)
            assert "was removed" in again.body["NeutronError"]["message"]
            assert not database.exists()
            assert list(controller.inventory.ports) == [port_id]

    in_a_hub(work)


def test_a_process_that_cannot_be_started_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "FIRST_RESTART_S", 0.01)
    made = rest.RestProcess
    refusals = iter([True, True, False])

    def refusing(*arguments: Any) -> Any:
        if next(refusals):
            raise OSError("Cannot allocate memory")
        return made(*arguments)

    monkeypatch.setattr(rest, "RestProcess", refusing)

    def work(_hub: object) -> None:
        with controlling(tmp_path) as controller:
            assert controller.call("GET", "/v2.0/networks").status == 200

    in_a_hub(work)
