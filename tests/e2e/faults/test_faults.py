"""Faults, each while two VMs ping each other 100 times a second and a third asks for a lease every second."""

import signal
import sqlite3
import threading
import time
from contextlib import suppress

import pytest

from osken_apps.lab import PATIENCE_S, Host, LabError, processes, wait_until
from osken_apps.openflow.codec import Description
from osken_apps.openflow.flow_monitor import OPEN_VSWITCH, has_flow_monitor
from tests.e2e.conftest import flows
from tests.e2e.faults.conftest import Row, Site

PROBES = "cookie=0x6f736b70"


def wait_connected(site: Site) -> None:
    for host in site.world.lab.hosts.values():
        host.ovs.wait_connected()


def wait_for_leases(row: Row, more: int = 1) -> None:
    """Wait until the asker took leases, so that a fault is seen by it."""
    before = row.leases
    wait_until(lambda: row.leases >= before + more, PATIENCE_S, "another lease")


def test_a_restarted_controller_disturbs_nothing(site: Site) -> None:
    with site.during("controller stopped and started") as row:
        site.world.controller.stop()
        site.world.controller.start()
        wait_connected(site)
        wait_for_leases(row)
    assert (row.lost, row.flow_mods) == (0, 0)


def test_a_killed_controller_disturbs_nothing(site: Site) -> None:
    with site.during("controller killed and started") as row:
        site.world.controller.stop(signal.SIGKILL)
        site.world.controller.start()
        wait_connected(site)
        wait_for_leases(row)
    assert (row.lost, row.flow_mods) == (0, 0)


def test_a_restarted_ovsdb_server_disturbs_nothing(site: Site) -> None:
    with site.during("ovsdb-server restarted") as row:
        site.world.host(1).ovs.restart_ovsdb()
        wait_for_leases(row, 2)
    assert (row.lost, row.flow_mods, row.refused) == (0, 0, 0)


def test_a_host_whose_ovsdb_session_is_away_is_served_as_before(site: Site) -> None:
    host = site.world.host(1)
    with site.during("a host's OVSDB session away for 10 s") as row:
        host.ovs.disconnect_ovsdb()
        stay_without_ovsdb(site, "host1", 10)
        assert row.leases > 2
        host.ovs.connect_ovsdb()
        wait_until(lambda: site.world.has_ovsdb("host1"), PATIENCE_S, "the next session")
        wait_for_leases(row)
    assert (row.lost, row.flow_mods, row.refused) == (0, 0, 0)
    wait_until(lambda: trouble(site, "host1") == "", PATIENCE_S, "all to be well")


def test_a_host_whose_ovsdb_server_is_stopped_is_the_same_host(site: Site) -> None:
    """Without its database ovs-vswitchd itself stands still, and with it the lab's userspace datapath."""
    host = site.world.host(1)
    with site.during("ovsdb-server stopped for 10 s: ovs-vswitchd stands still") as row:
        host.ovs.stop_ovsdb()
        stay_without_ovsdb(site, "host1", 10)
        host.ovs.start_ovsdb()
        wait_until(lambda: site.world.has_ovsdb("host1"), PATIENCE_S, "the next session")
        wait_connected(site)
        wait_for_leases(row)
    assert row.flow_mods == 0
    wait_until(lambda: trouble(site, "host1") == "", PATIENCE_S, "all to be well")


def stay_without_ovsdb(site: Site, host: str, seconds: float) -> None:
    """Wait until a host has no session, and then so long; it must be alive."""
    wait_until(lambda: not site.world.has_ovsdb(host), PATIENCE_S, "the session's end")
    over = time.monotonic() + seconds
    while time.monotonic() < over:
        assert alive(site)[host]
        time.sleep(0.5)


def test_a_restarted_vswitchd_has_all_its_flows_again(site: Site) -> None:
    with site.during("ovs-vswitchd killed and started") as row:
        site.world.host(1).ovs.kill_vswitchd()
        site.world.host(1).ovs.start_vswitchd()
        wait_connected(site)
        wait_for_leases(row)
    assert row.flow_mods > 0


def test_everything_restarted_at_once_comes_back(site: Site) -> None:
    with site.during("controller, ovsdb-server and ovs-vswitchd killed together") as row:
        site.world.controller.stop(signal.SIGKILL)
        site.world.host(1).ovs.kill_vswitchd()
        site.world.host(1).ovs.restart_ovsdb()
        site.world.host(1).ovs.start_vswitchd()
        site.world.controller.start()
        wait_connected(site)
        wait_for_leases(row)
    assert row.flow_mods > 0


def test_a_host_cut_off_from_the_controller_goes_on(site: Site) -> None:
    host = site.world.host(1)
    with site.during("a host cut off from the controller for 4 s", lease_s=3) as row:
        host.run(["ip", "link", "set", "mgmt", "down"])
        refused = row.refused
        wait_until(lambda: row.refused > refused, PATIENCE_S, "a lease that is not answered")
        host.run(["ip", "link", "set", "mgmt", "up"])
        wait_connected(site)
        wait_for_leases(row)
    assert (row.lost, row.flow_mods) == (0, 0)


def test_deleted_flows_are_put_back_at_once_and_without_an_audit(site: Site) -> None:
    version = site.world.host(1).ovs.vsctl("get", "Open_vSwitch", ".", "ovs_version").strip('"\n')
    if not has_flow_monitor(Description(OPEN_VSWITCH, version, "")):
        pytest.skip(f"Open vSwitch {version} does not tell of it")
    with site.during("someone's `del-flows` on br-int") as row:
        site.world.host(1).ovs.ofctl("del-flows", "br-int")
    assert row.flow_mods > 0


def test_a_tag_set_by_hand_is_set_back(site: Site) -> None:
    host, tap = site.world.host(1), site.pinger.tap
    tag = host.ovs.tag(tap)
    with site.during("someone's tag on a VM's interface") as row:
        host.ovs.vsctl("set", "port", tap, "tag=99")
        wait_until(lambda: host.ovs.tag(tap) == tag, PATIENCE_S, "the tag")
    assert row.flow_mods == 0


def test_a_killed_rest_process_disturbs_nothing(site: Site) -> None:
    world = site.world
    with site.during("REST process killed") as row:
        pid = rest_process(site)
        world.host(1).run(["kill", "-KILL", str(pid)])
        wait_until(lambda: rest_process(site) not in (0, pid), PATIENCE_S, "a new REST process")
        wait_until(world.api.answers, PATIENCE_S, "the API")
        wait_for_leases(row)
    assert (row.lost, row.flow_mods, row.refused) == (0, 0, 0)


def test_a_stopped_rest_process_holds_up_no_host(site: Site) -> None:
    world, host = site.world, site.world.host(1)
    desired = flows(host, "br-int")
    with site.during("REST process stopped, then ovs-vswitchd killed and started") as row:
        pid = str(rest_process(site))
        host.run(["kill", "-STOP", pid])
        host.ovs.kill_vswitchd()
        host.ovs.start_vswitchd()
        wait_connected(site)
        wait_until(lambda: flows(host, "br-int") == desired, PATIENCE_S, "its flows")
        wait_for_leases(row)
        host.run(["kill", "-CONT", pid])
        wait_until(world.api.answers, PATIENCE_S, "the API")
    assert rest_process(site) == int(pid)


def rest_process(site: Site) -> int:
    """Give the pid of the controller's REST process, 0 if there is none now."""
    controller = processes.find(site.world.lab.site, "controller")
    assert controller is not None
    with open(f"/proc/{controller.pid}/task/{controller.pid}/children") as children:
        pids = children.read().split()
    return int(pids[0]) if pids else 0


def test_a_locked_database_is_503_and_leases_go_on(site: Site) -> None:
    path = site.world.controller.config_file.with_name("osken-net.db")
    with site.during("database locked (REST says 503)") as row:
        lock = sqlite3.connect(path)
        lock.execute("BEGIN IMMEDIATE")
        assert site.world.api.request("POST", "networks", {"network": {}}).status == 503
        wait_for_leases(row, 2)
        lock.rollback()
        lock.close()
    assert (row.lost, row.flow_mods, row.refused) == (0, 0, 0)


def trouble(site: Site, host: str) -> str:
    """Give what a host says keeps it from what it should be."""
    return "; ".join(agent["configurations"]["trouble"] for agent in site.world.agents(host))


def alive(site: Site) -> dict[str, bool]:
    return {agent["host"]: agent["alive"] for agent in site.world.api.list("agent")}


def set_hostname(host: Host, name: str) -> None:
    host.ovs.vsctl("set", "Open_vSwitch", ".", f"external_ids:hostname={name}")


def test_a_second_host_of_one_name_disturbs_nobody_and_heals(site: Site) -> None:
    second = site.world.host(2)
    with site.during("a second host takes the name of the first") as row:
        set_hostname(second, "host1")
        wait_until(lambda: "is refused" in trouble(site, "host1"), PATIENCE_S, "trouble of the first")
        assert "its host name host1 is that of host host1" in trouble(site, "host1")
        wait_for_leases(row, 2)
        set_hostname(second, "host2")
        wait_until(
            lambda: alive(site).get("host2") and trouble(site, "host1") == "", PATIENCE_S, "all to be well"
        )
    assert (row.lost, row.flow_mods, row.refused) == (0, 0, 0)


def test_a_host_renamed_and_renamed_back_keeps_its_ports(site: Site) -> None:
    second = site.world.host(2)
    port_id = site.pinged.port_id
    with site.during("a host renamed, and renamed back") as row:
        for name in ("host2.example.org", "host2"):
            set_hostname(second, name)
            wait_until(
                lambda name=name: site.world.api.show("port", port_id)["binding:host_id"] == name,
                PATIENCE_S,
                f"the port at {name}",
            )
        wait_for_leases(row)
    assert (row.lost, row.flow_mods, row.refused) == (0, 0, 0)
    assert site.world.api.show("port", port_id)["status"] == "ACTIVE"


def test_an_empty_database_silences_nobody(site: Site) -> None:
    world = site.world
    database = world.controller.config_file.with_name("osken-net.db")
    aside = database.with_name("aside.db")
    with site.during("the controller started with an empty database") as row:
        world.controller.stop()
        database.rename(aside)
        world.controller.start()
        for host in ("host1", "host2"):
            wait_until(
                lambda host=host: "this database does not know" in trouble(site, host), PATIENCE_S, "trouble"
            )
        world.controller.stop()
        aside.rename(database)
        world.controller.start()
        wait_connected(site)
        wait_for_leases(row)
        wait_until(lambda: trouble(site, "host1") == "", PATIENCE_S, "all to be well")
    assert (row.lost, row.flow_mods) == (0, 0)


def test_a_physical_network_lost_from_the_configuration_silences_nobody(site: Site) -> None:
    controller = site.world.controller
    right = controller.config_file.read_text()
    with site.during("a physical network lost from the configuration") as row:
        controller.stop()
        lost = "[network]\nbridge_mappings = other:br-other\nvlan_ranges = other:1000:1999\n"
        controller.config_file.write_text(f"{right}\n{lost}")
        controller.start()
        wait_until(lambda: "bridge_mappings lacks" in trouble(site, "host1"), PATIENCE_S, "trouble")
        controller.stop()
        controller.config_file.write_text(right)
        controller.start()
        wait_connected(site)
        wait_for_leases(row)
        wait_until(lambda: trouble(site, "host1") == "", PATIENCE_S, "all to be well")
    assert (row.lost, row.flow_mods) == (0, 0)


def test_a_rule_changed_a_hundred_times_disturbs_nobody_that_it_does_not_concern(site: Site) -> None:
    api = site.world.api
    (group_id,) = api.show("port", site.pinger.port_id)["security_groups"]
    ssh = {"direction": "ingress", "protocol": "tcp", "port_range_min": 22, "port_range_max": 22}
    with site.during("a security group's rule made and deleted fifty times") as row:
        for _ in range(50):
            rule = api.create("security_group_rule", security_group_id=group_id, **ssh)
            api.delete("security_group_rule", rule["id"])
        wait_for_leases(row)
    assert (row.lost, row.refused) == (0, 0)
    assert row.flow_mods > 0


def test_a_network_with_plugged_ports_is_not_deleted(site: Site) -> None:
    network_id = site.world.api.show("port", site.pinger.port_id)["network_id"]
    answer = site.world.api.request("DELETE", f"networks/{network_id}")
    assert (answer.status, answer.body["NeutronError"]["type"]) == (409, "NetworkInUse")


def test_a_controller_that_is_killed_while_it_probes_leaves_no_flow_behind(site: Site) -> None:
    world = site.world
    network = world.network("192.0.2.0/24")
    one, two = (world.plug(number, world.port(network)) for number in (1, 2))  # nobody answers there
    for machine in (one, two):
        world.wait_active(world.api.show("port", machine.port_id))
    switches = [world.host(number).ovs for number in (1, 2)]

    def ask() -> None:
        with suppress(LabError, OSError):
            question = {"from": one.port_id, "to": two.port_id, "probe": True}
            world.api.request("POST", "explain", {"explain": question})

    asking = threading.Thread(target=ask)
    asking.start()
    wait_until(
        lambda: all(PROBES in switch.dump_flows("br-int") for switch in switches), PATIENCE_S, "probes"
    )
    world.controller.stop(signal.SIGKILL)
    asking.join()
    wait_until(
        lambda: not any(PROBES in switch.dump_flows("br-int") for switch in switches), PATIENCE_S, "their end"
    )
    world.controller.start()
    wait_connected(site)
