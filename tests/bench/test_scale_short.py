"""The short form of the scale benchmark: the same steps with ten hosts, and no clock."""

from pathlib import Path

from tests.bench.scale import guarded, intent, measure, new_ports
from tests.bench.scale.intent import Size

SIZE = Size(hosts=10, networks=20, ports_per_host=5)
QUIET_S = 1.0
SETTLE_S = 0.3


def test_hosts_converge_a_change_concerns_its_own_host_and_a_restart_sends_nothing(tmp_path: Path) -> None:
    filled = intent.fill(f"sqlite:///{tmp_path}/osken-net.db", SIZE)
    with measure.site(tmp_path, filled) as on:
        with on.controller() as controller:
            cold = measure.cold_start(on, controller, QUIET_S)
            ports = [new_ports.new_port(on, controller, host, host, SETTLE_S) for host in (3, 7)]
        with on.controller() as controller:
            again = measure.restart(on, controller, QUIET_S)
    assert cold.flow_mods > SIZE.ports
    assert [port.messages_to_others for port in ports] == [0, 0]
    assert all(port.messages > 0 for port in ports)
    assert (again.flow_mods, again.writes) == (0, 0)


def test_guarded_hosts_converge_and_a_new_member_reaches_each_of_its_network() -> None:
    size = Size(hosts=4, networks=2, ports_per_host=4, networks_of_a_tenant=1, guarded=True)
    found = guarded.measured(size, new_ports=2, quiet_s=QUIET_S)
    assert found.cold.flow_mods > 20 * size.ports
    assert (found.warm.flow_mods, found.warm.writes) == (0, 0)
    assert len(found.members_s) == 2


def test_over_tunnels_a_change_concerns_the_hosts_of_its_network_and_no_other(tmp_path: Path) -> None:
    size = Size(hosts=12, networks=30, ports_per_host=5, tunnels=True)
    filled = intent.fill(f"sqlite:///{tmp_path}/osken-net.db", size)
    with measure.site(tmp_path, filled) as on:
        with on.controller() as controller:
            measure.cold_start(on, controller, QUIET_S)
            ports = [new_ports.new_port(on, controller, host, host, SETTLE_S) for host in (3, 7)]
            on.check()
        with on.controller() as controller:
            again = measure.restart(on, controller, QUIET_S)
    assert [port.messages_to_others for port in ports] == [0, 0]
    assert all(len(filled.concerned(host, host)) in range(2, size.hosts) for host in (3, 7))
    assert (again.flow_mods, again.writes) == (0, 0)
