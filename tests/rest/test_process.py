"""The process that serves REST: its link, its reports, its restart, its end."""

import pickle
import signal
import socket
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from osken_apps.build import BUILD
from osken_apps.config import load
from osken_apps.lab import wait_until
from osken_apps.link import (
    LENGTH,
    Changes,
    HostReports,
    Ping,
    Pong,
    PortReports,
    Serving,
    SnapshotPart,
    SnapshotWanted,
)
from osken_apps.model.changes import Deleted, HostReport, PortReport, Upserted
from osken_apps.model.resources import Binding, Network, Port, PortStatus
from osken_apps.model.security_groups import SecurityGroup, SecurityGroupRule
from osken_apps.rest import process
from osken_apps.store.store import Store
from tests.bench.scale.intent import Size, fill
from tests.fake_nova import fake_nova
from tests.rest.server import WAIT_S, Server, running, write_config
from tests.whole import of_kind

NOW = datetime(2026, 11, 22, 17, 46, 19, tzinfo=UTC)
HOST = HostReport(
    "host1", True, ("br-int", "br-eth2"), (("default", "br-eth2"),), True, NOW, NOW, bound_ports=1
)


def make_port(server: Server) -> dict[str, str]:
    """Make the network, subnet and port of the reference."""
    network = server.call("POST", "/v2.0/networks", {"network": {"name": "net1"}}).body["network"]
    subnet = {"network_id": network["id"], "ip_version": 4, "cidr": "10.10.10.0/24"}
    server.call("POST", "/v2.0/subnets", {"subnet": subnet})
    port = server.call("POST", "/v2.0/ports", {"port": {"network_id": network["id"]}}).body["port"]
    return {"network": network["id"], "port": port["id"]}


def has_binding(message: Changes) -> bool:
    """Tell whether a message tells of a port that is bound."""
    changed = [change.resource for change in message.changes if isinstance(change, Upserted)]
    return any(isinstance(resource, Port) and resource.binding is not None for resource in changed)


def test_the_controller_gets_a_snapshot_and_then_every_commit(tmp_path: Path) -> None:
    with running(write_config(tmp_path)) as server:
        assert server.told(SnapshotPart).part.store_id
        assert server.told(SnapshotPart, lambda part: part.last)
        network = server.call("POST", "/v2.0/networks", {"network": {"name": "net1"}}).body["network"]
        changes = server.told(Changes).changes
    # With the project's first network comes its default group.
    assert [type(change.resource) for change in changes] == [SecurityGroup, *[SecurityGroupRule] * 4, Network]
    assert (changes[-1].resource.id, changes[-1].resource.segmentation_id) == (network["id"], 1000)


def test_the_api_serves_while_nobody_takes_the_snapshot(tmp_path: Path) -> None:
    config_file = write_config(tmp_path)
    fill(f"sqlite:///{tmp_path}/osken-net.db", Size(hosts=40, networks=10, ports_per_host=50))
    with running(config_file, listening=False) as server:
        made = server.call("POST", "/v2.0/networks", {"network": {"name": "late"}})
        server.listen()
        parts = [server.told(SnapshotPart)]
        while not parts[-1].last:
            parts.append(server.told(SnapshotPart))
        *_, change = server.told(Changes).changes
    assert made.status == 201
    assert sum(len(of_kind(Port, part.part)) for part in parts) == 2000
    assert change.resource.name == "late"


def test_everything_survives_a_restart_and_is_told_again(tmp_path: Path) -> None:
    config_file = write_config(tmp_path)
    with running(config_file) as server:
        ids = make_port(server)
        before = server.call("GET", f"/v2.0/ports/{ids['port']}").body
    with running(config_file) as server:
        server.told(SnapshotPart, lambda message: of_kind(Network, message.part))
        assert server.call("GET", f"/v2.0/ports/{ids['port']}").body == before


def test_an_end_that_is_asked_for_twice_is_not_disturbed() -> None:
    before = signal.signal(signal.SIGTERM, process._stop)
    try:
        with pytest.raises(SystemExit):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_killed_server_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    config_file = write_config(tmp_path)
    with running(config_file) as server:
        ids = make_port(server)
        server.process.send_signal(signal.SIGKILL)
        assert server.process.wait(WAIT_S) == -signal.SIGKILL
        # The context expects a clean end of the process it started: give it one.
        server.process.returncode = 0
    with running(config_file) as server:
        assert server.call("GET", f"/v2.0/ports/{ids['port']}").status == 200


def test_a_bound_port_is_shown_where_it_is_and_the_dhcp_server_gets_the_next_address(tmp_path: Path) -> None:
    with running(write_config(tmp_path)) as server:
        ids = make_port(server)
        report = PortReport(ids["port"], Binding("host1", 3, "tap1"), PortStatus.ACTIVE, "the tag")
        server.link.send(PortReports((report,)))
        server.told(Changes, has_binding)
        port = server.call("GET", f"/v2.0/ports/{ids['port']}").body["port"]
        dhcp = server.call("GET", "/v2.0/ports?device_owner=network:dhcp").body["ports"]
    assert (port["status"], port["binding:host_id"], port["binding:vif_type"]) == ("ACTIVE", "host1", "ovs")
    assert port["binding:vif_details"] == {
        "connectivity": "l2",
        "port_filter": True,
        "ovs_hybrid_plug": False,
        "bridge_name": "br-int",
        "datapath_type": "system",
        "ovs_create_tap": True,
        "bound_drivers": {"0": "openvswitch"},
        "host": "host1",
        "requested_host": "",
        "local_vlan": 3,
        "waits_for": "the tag",
    }
    assert [ip["ip_address"] for port in dhcp for ip in port["fixed_ips"]] == ["10.10.10.3"]


def test_hosts_are_shown_as_agents_and_make_requested_bindings_good(tmp_path: Path) -> None:
    with running(write_config(tmp_path)) as server:
        ids = make_port(server)
        path = f"/v2.0/ports/{ids['port']}"
        unknown = server.call("PUT", path, {"port": {"binding:host_id": "host1"}}).body["port"]
        server.link.send(HostReports((HOST,)))
        agents = wait_until(
            lambda: server.call("GET", "/v2.0/agents").body["agents"], WAIT_S, "the host to be an agent"
        )
        known = server.call("GET", path).body["port"]
        shown = server.call("GET", f"/v2.0/agents/{agents[0]['id']}").body["agent"]
    assert (unknown["binding:vif_type"], known["binding:vif_type"]) == ("binding_failed", "ovs")
    assert shown == agents[0]
    assert (shown["host"], shown["alive"], shown["heartbeat_timestamp"]) == (
        "host1",
        True,
        "2026-11-22 17:46:19",
    )
    assert shown["configurations"] == {
        "bridges": ["br-int", "br-eth2"],
        "bridge_mappings": {"default": "br-eth2"},
        "devices": 1,
        "datapath_type": "",
        "ovsdb": True,
        "dhcp": {},
        "repairs": 0,
        "trouble": "",
        "conditions": [],
        "system_id": "",
        "tunneling_ip": "",
    }


def test_a_host_is_known_after_a_restart_before_it_has_connected(tmp_path: Path) -> None:
    config_file = write_config(tmp_path)
    with running(config_file) as server:
        ids = make_port(server)
        server.link.send(HostReports((replace(HOST, datapath_type="netdev", former_names=()),)))
        store = Store(load(config_file).database)

        def known() -> list[HostReport]:
            with store.read() as view:
                return view.known_hosts()

        wait_until(known, WAIT_S, "the host to be kept")
        store.close()
    with running(config_file) as server:
        path = f"/v2.0/ports/{ids['port']}"
        port = server.call("PUT", path, {"port": {"binding:host_id": "host1"}}).body["port"]
    assert (port["binding:vif_type"], port["binding:vif_details"]["datapath_type"]) == ("ovs", "netdev")


def test_nova_hears_what_an_earlier_process_could_not_tell_and_nothing_twice(tmp_path: Path) -> None:
    with fake_nova() as nova:
        config_file = write_config(tmp_path, nova.section)
        nova.let_in = False
        with running(config_file) as server:
            port_id = make_port(server)["port"]
            owner = {"device_owner": "compute:nova", "device_id": "5a4b8f5e-2f5f-4a5b-8f5e-2f5f4a5b8f5e"}
            server.call("PUT", f"/v2.0/ports/{port_id}", {"port": owner})
            active = PortReports((PortReport(port_id, Binding("host1", 1), PortStatus.ACTIVE),))
            server.link.send(active)
            server.told(Changes, has_binding)
        nova.let_in = True
        with running(config_file) as server:
            told = nova.told()
            server.link.send(active)
            server.link.send(PortReports((PortReport(port_id, None, PortStatus.DOWN),)))
            told += nova.told()
    assert told == [("network-vif-plugged", port_id), ("network-vif-unplugged", port_id)]


def test_the_process_ends_when_the_controller_is_gone(tmp_path: Path) -> None:
    with running(write_config(tmp_path)) as server:
        server.told(SnapshotPart)
        server.link._socket.shutdown(socket.SHUT_RDWR)
        assert server.process.wait(WAIT_S) == 0


def test_a_locked_database_is_a_503_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with running(write_config(tmp_path)) as server:
        server.told(SnapshotPart)
        other = sqlite3.connect(tmp_path / "osken-net.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        refused = server.call("POST", "/v2.0/networks", {"network": {"name": "net1"}})
        readable = server.call("GET", "/v2.0/networks")
        other.execute("ROLLBACK")
        other.close()
        accepted = server.call("POST", "/v2.0/networks", {"network": {"name": "net2"}})
    assert (refused.status, refused.body["NeutronError"]["type"]) == (503, "StoreUnavailable")
    assert (readable.status, readable.body) == (200, {"networks": []})
    assert accepted.body["network"]["provider:segmentation_id"] == 1000


def test_a_message_that_breaks_costs_only_itself(tmp_path: Path) -> None:
    with running(write_config(tmp_path)) as server:
        ids = make_port(server)
        server.link.send(PortReports((None,)))  # type: ignore[arg-type]
        server.link.send(PortReports((PortReport(ids["port"], Binding("a", 1), PortStatus.ACTIVE),)))
        server.told(Changes, lambda message: "binding=Binding" in repr(message))
        server.link.send(Ping())
        server.told(Pong)


def test_a_snapshot_is_told_again_when_it_is_wanted_and_changes_go_on_after_it(tmp_path: Path) -> None:
    with running(write_config(tmp_path)) as server:
        ids = make_port(server)
        server.told(Changes, lambda message: "Port(" in repr(message))
        server.link.send(SnapshotWanted())
        parts = [server.told(SnapshotPart)]
        while not parts[-1].last:
            parts.append(server.told(SnapshotPart))
        server.call("DELETE", f"/v2.0/ports/{ids['port']}")
        deleted = server.told(Changes)
    assert [port.id for part in parts for port in of_kind(Port, part.part)] == [ids["port"]]
    assert (deleted.sequence, deleted.changes) == (parts[-1].sequence + 1, (Deleted(Port, ids["port"]),))


def test_reports_wait_for_a_locked_database(tmp_path: Path) -> None:
    with running(write_config(tmp_path)) as server:
        ids = make_port(server)
        other = sqlite3.connect(tmp_path / "osken-net.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        server.link.send(PortReports((PortReport(ids["port"], Binding("a", 1), PortStatus.DOWN),)))
        server.link.send(PortReports((PortReport(ids["port"], Binding("b", 2), PortStatus.ACTIVE),)))
        # A write that fails shows that the reports had to wait, too.
        refused = server.call("DELETE", f"/v2.0/ports/{ids['port']}")
        other.execute("ROLLBACK")
        other.close()
        status = ""
        while status != "ACTIVE":
            port = server.call("GET", f"/v2.0/ports/{ids['port']}").body["port"]
            status = port["status"]
    assert refused.status == 503
    assert (port["binding:host_id"], port["binding:vif_details"]["local_vlan"]) == ("b", 2)


def test_a_broken_database_is_told_to_whoever_asks(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "osken-net.db").write_bytes(b"this is no database, but it is long enough to be read" * 40)
    with running(write_config(tmp_path)) as server:
        assert "no database" in server.told(Serving).store
        server.link.send(Ping())
        server.told(Pong)
        answers = [
            server.call("GET", "/v2.0/networks"),
            server.call("POST", "/v2.0/networks", {"network": {}}),
        ]
        assert server.call("GET", "/").status == 200
    assert [answer.status for answer in answers] == [503, 503]
    assert "osken-net.db is not a database; to restore a backup" in answers[0].body["NeutronError"]["message"]
    (line,) = (line for line in capfd.readouterr().err.splitlines() if " ERROR " in line)
    assert "is not a database" in line


def test_a_controller_of_another_build_is_told_nothing_and_whoever_asks_is_told_to_restart_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with running(write_config(tmp_path), build="another") as server:
        answers = [
            server.call("GET", "/v2.0/networks"),
            server.call("POST", "/v2.0/networks", {"network": {}}),
        ]
        message = pickle.dumps(Ping()).replace(b"Ping", b"Pang")  # which this build does not have
        server.link._socket.sendall(LENGTH.pack(len(message)) + message)
        assert server.messages.get(timeout=WAIT_S) == Pong()
        assert server.messages.empty()
    assert [answer.status for answer in answers] == [503, 503]
    assert "restart the controller" in answers[0].body["NeutronError"]["message"]
    assert not (tmp_path / "osken-net.db").exists()
    (line,) = (line for line in capfd.readouterr().err.splitlines() if " ERROR " in line)
    assert "the program was changed after the controller was started" in line


def started_in_vain(config_file: Path) -> str:
    """Give why the process did not start; it must have said nothing to its controller."""
    link, other = socket.socketpair()
    with socket.create_server(("127.0.0.1", 0)) as listener, link:
        descriptors = (listener.fileno(), other.fileno())
        command = [sys.executable, "-m", "osken_apps.rest.process", f"--build={BUILD}", str(config_file)]
        command += map(str, descriptors)
        ended = subprocess.run(command, pass_fds=descriptors, capture_output=True, text=True, timeout=WAIT_S)
        other.close()
        assert (ended.returncode, link.recv(1)) == (2, b"")
    return ended.stderr


def test_a_database_that_cannot_be_meant_is_one_line_and_status_2(tmp_path: Path) -> None:
    config_file = write_config(tmp_path, "[database]\nconnection = sqlite:////no/such/directory/x.db")
    told = "osken-net: [database] connection: /no/such/directory/x.db: No such file or directory\n"
    assert started_in_vain(config_file) == told


def test_what_the_api_cannot_work_with_is_found_before_anything_is_served(tmp_path: Path) -> None:
    keystone = "authentication = keystone\n[keystone_authtoken]\nauth_type = no such plugin"
    assert "osken-net: [keystone_authtoken] " in started_in_vain(write_config(tmp_path, keystone))


def test_who_has_heard_that_it_serves_finds_the_file_of_the_first_user(tmp_path: Path) -> None:
    with running(write_config(tmp_path, "authentication = local")) as server:
        server.told(Serving)
        assert (tmp_path / "admin-openrc").exists()


def test_networks_without_a_bridge_are_said_at_the_start(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    config_file = write_config(tmp_path)
    with running(config_file) as server:
        for _ in range(3):
            server.call("POST", "/v2.0/networks", {"network": {}})
    assert "bridge_mappings" not in capfd.readouterr().err
    mappings = "bridge_mappings = physnet1:br-eth2\nvlan_ranges = physnet1:1000:2000"
    with running(write_config(tmp_path, f"[network]\n{mappings}")) as server:
        parts = [server.told(SnapshotPart)]
        while not parts[-1].last:
            parts.append(server.told(SnapshotPart))
    lines = [line for line in capfd.readouterr().err.splitlines() if "bridge_mappings" in line]
    assert len(lines) == 1 and " ERROR " in lines[0]
    assert (
        "3 networks are on physical network default, which [network] bridge_mappings lacks (it has"
        in lines[0]
    )
    assert sum(len(of_kind(Network, part.part)) for part in parts) == 3


def test_clients_that_do_not_read_hold_up_nobody(tmp_path: Path) -> None:
    with running(write_config(tmp_path)) as server:
        server.call("POST", "/v2.0/networks", {"networks": [{"name": "n" * 200}] * 300})
        request = b"GET /v2.0/networks HTTP/1.1\r\nHost: slow\r\n\r\n"
        slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(12)]
        for connection in slow:
            connection.sendall(request * 100)
        # Every thread of the server has had to do with one of them once each has begun to answer.
        for connection in slow:
            assert connection.recv(1) == b"H"
        made = server.call("POST", "/v2.0/networks", {"network": {"name": "quick"}})
        for connection in slow:
            connection.close()
    assert made.status == 201


def test_half_requests_by_the_thousand_keep_nobody_out(tmp_path: Path) -> None:
    with running(write_config(tmp_path)) as server:
        halves = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(1100)]
        for half in halves:
            half.sendall(b"GET /v2.0/networks HTTP/1.1\r\nHost: localhost\r\n")
        answered = server.call("GET", "/v2.0/networks").status
        closed = sum(is_closed(half) for half in halves[:800])
        for half in halves:
            half.close()
    assert (answered, closed) == (200, 800)


def is_closed(connection: socket.socket) -> bool:
    """Wait until the other end says something, or closes."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True
