"""The tunnel bridge written into a real host's OVSDB: made, put right, and left alone."""

from collections.abc import Callable
from ipaddress import IPv4Address

import eventlet
from eventlet.green import socket

from osken_apps.apps.ovsdb.session import OvsdbSession
from osken_apps.apps.transport import plain
from osken_apps.model.snapshot import HostSnapshot
from osken_apps.model.tunnel_bridge import BridgeChange, bridge_change
from osken_apps.ovsdb.host_view import HostView
from tests.golden.scenarios import LAYOUT, SCENARIOS
from tests.ovs.conftest import Switch
from tests.unit.hub_thread import in_a_hub

SNAPSHOT = SCENARIOS["tunnels"]


class Host:
    """A session with the switch's database."""

    def __init__(self, switch: Switch) -> None:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(switch.directory / "db.sock"))
        self.switch, self._socket = switch, sock
        self.session = OvsdbSession(plain(sock), ("192.0.2.1", 1), ("br-int",))
        self._task = eventlet.spawn(self.session.run, lambda: None)

    def close(self) -> None:
        self.session.close()
        self._task.wait()

    def view(self) -> HostView:
        with eventlet.Timeout(10):
            while (view := self.session.view()) is None:
                eventlet.sleep(0.01)
        return view

    def change(self, snapshot: HostSnapshot = SNAPSHOT) -> BridgeChange | None:
        return bridge_change(self.view().facts, LAYOUT, snapshot)

    def wait(self, condition: Callable[[], object]) -> None:
        with eventlet.Timeout(10):
            while not condition():
                eventlet.sleep(0.01)

    def vsctl(self, *arguments: str) -> str:
        return self.switch.vsctl(*arguments).strip()


def with_host(switch: Switch, work: Callable[[Host], None]) -> None:
    switch.vsctl("set", "Open_vSwitch", ".", "external_ids:hostname=host1", "other_config:local_ip=192.0.2.1")
    switch.vsctl("--if-exists", "del-br", "br-tun", "--", "set-manager", "tcp:127.0.0.1:9")
    switch.add_bridge("br-int", {"tap": 5})
    switch.vsctl("set-controller", "br-int", "tcp:127.0.0.1:9")
    switch.vsctl("set", "controller", "br-int", "connection_mode=out-of-band", "max_backoff=1000")

    def run(_hub: object) -> None:
        host = Host(switch)
        try:
            work(host)
        finally:
            host.close()
            switch.vsctl("del-manager")

    in_a_hub(run)


def make(host: Host) -> None:
    change = host.change()
    assert change is not None
    host.session.write_bridge(change)
    host.wait(lambda: host.change() is None)


def test_it_is_made_as_the_integration_bridge_is_with_a_port_a_type(switch: Switch) -> None:
    def work(host: Host) -> None:
        assert host.view().facts.tunnel_address == "192.0.2.1"
        make(host)
        assert host.vsctl("get-fail-mode", "br-tun") == "secure"
        assert host.vsctl("get-controller", "br-tun") == "tcp:127.0.0.1:9"
        assert host.vsctl("get", "controller", "br-tun", "max_backoff", "connection_mode").split() == [
            "1000",
            "out-of-band",
        ]
        assert host.vsctl("get", "bridge", "br-tun", "datapath_type") == host.vsctl(
            "get", "bridge", "br-int", "datapath_type"
        )
        numbers = {"patch-int": "1", "tun-vxlan": "2", "tun-gre": "3", "tun-geneve": "4"}
        for name, number in numbers.items():
            assert (
                host.vsctl(
                    "wait-until", "interface", name, "ofport>0", "--", "get", "interface", name, "ofport"
                )
                == number
            )
        assert host.vsctl("port-to-br", "patch-tun") == "br-int"
        options = host.vsctl("get", "interface", "tun-vxlan", "options")
        assert options == '{csum="true", key=flow, local_ip="192.0.2.1", remote_ip=flow}'

    with_host(switch, work)


def test_what_another_hand_has_changed_is_put_right_and_nothing_else_is_touched(switch: Switch) -> None:
    def work(host: Host) -> None:
        make(host)
        host.vsctl("add-port", "br-tun", "mine", "--", "set", "interface", "mine", "type=internal")
        host.vsctl("set", "interface", "tun-vxlan", "options:tos=inherit", "options:local_ip=192.0.2.9")
        host.vsctl("del-port", "patch-tun")
        host.vsctl("set-fail-mode", "br-tun", "standalone", "--", "del-controller", "br-tun")
        host.wait(lambda: (change := host.change()) and change.secure and change.controllers)
        change = host.change()
        assert change is not None
        assert [wish.name for wish in change.ports] == ["patch-tun", "tun-vxlan"]
        make(host)
        assert host.vsctl("get-fail-mode", "br-tun") == "secure"
        assert host.vsctl("get-controller", "br-tun") == "tcp:127.0.0.1:9"
        options = host.vsctl("get", "interface", "tun-vxlan", "options")
        assert "tos=inherit" in options
        assert 'local_ip="192.0.2.1"' in options
        assert "mine" in host.vsctl("list-ports", "br-tun").split()

    with_host(switch, work)


def test_what_was_changed_of_the_integration_bridge_is_followed_and_is_no_repair(switch: Switch) -> None:
    def work(host: Host) -> None:
        make(host)
        host.vsctl("set-controller", "br-int", "tcp:127.0.0.1:10")
        host.wait(host.change)
        change = host.change()
        assert change is not None and change.controllers and not change.is_repair
        make(host)
        assert host.vsctl("get-controller", "br-tun") == "tcp:127.0.0.1:10"
        host.vsctl("set-fail-mode", "br-tun", "standalone")
        host.wait(lambda: (change := host.change()) and change.is_repair)

    with_host(switch, work)


def test_it_is_not_controlled_in_band_as_managers_have_it(switch: Switch) -> None:
    def work(host: Host) -> None:
        make(host)
        assert host.vsctl("get", "bridge", "br-tun", "other_config") == '{disable-in-band="true"}'
        host.vsctl("set", "bridge", "br-tun", "other_config={mac-aging-time=60}")
        host.wait(lambda: (change := host.change()) and change.in_band)
        make(host)
        settings = host.vsctl("get", "bridge", "br-tun", "other_config")
        assert settings == '{disable-in-band="true", mac-aging-time="60"}'

    with_host(switch, work)


def test_a_host_without_such_networks_or_without_an_address_gets_none(switch: Switch) -> None:
    def work(host: Host) -> None:
        assert host.change(SCENARIOS["seed"]) is None
        addressless = HostSnapshot("host1", {}, SNAPSHOT.segments)
        assert host.change(addressless) is None
        assert host.change(HostSnapshot("host1", {}, tunnel_address=IPv4Address("192.0.2.1"))) is None

    with_host(switch, work)
