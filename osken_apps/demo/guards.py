"""The fourth use case: the switch itself guards machines, and rules say who may talk to whom."""

import json
import time
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from osken_apps.demo.display import Display
from osken_apps.lab import PATIENCE_S, Host, NamespaceVm, wait_until
from osken_apps.lab.controller import Api

SSH = 22
QUIET_S = 1.0
SERVER = """
import socket, time
listener = socket.create_server(("", 22))
while True:
    connection, peer = listener.accept()
    try:
        while True:
            connection.sendall(b"from the server\\n")
            time.sleep(0.05)
    except OSError:
        connection.close()
"""
# Says a line a line: connected, and each time that it has heard something.
CLIENT = """
import socket, sys
connection = socket.create_connection((sys.argv[1], 22), timeout=20)
print("connected", flush=True)
while data := connection.recv(4096):
    print("heard", len(data), flush=True)
"""
PROBE = "import socket, sys; socket.create_connection((sys.argv[1], 22), timeout=1.5)"

Openstack = Callable[..., dict[str, Any]]


class Guards:
    """Use case 4, on two hosts: `web` on one, `client` on the other."""

    def __init__(self, api: Api, display: Display, openstack: Openstack, hosts: tuple[Host, Host]) -> None:
        self._api = api
        self._display = display
        self._openstack = openstack
        self._hosts = hosts

    def tell(self) -> None:
        """Tell it all."""
        self._display.title("Use case 4: guard the machines, without a Linux bridge")
        self._display.say(
            "The reference puts a Linux bridge beside every VM so that iptables can filter. Here br-int"
            " itself does, by flows and connection tracking. net1 was made with --disable-port-security, to"
            " show the reference's flows; a network is guarded unless somebody says otherwise."
        )
        network = self._api.create("network", name="net4")
        self._api.create("subnet", network_id=network["id"], cidr="10.40.0.0/24", ip_version=4)
        web, client = (
            self._machine(network["id"], name, host)
            for name, host in zip(("web", "client"), self._hosts, strict=True)
        )
        address = str(_address(web))
        ping = client.ping(address)
        self._display.show(ping.text)
        self._display.verdict("both got their addresses, and members of the default group talk", ping.ok)
        self._spoof(client, address)
        group = self._group(web)
        self._ssh(web, client, address, group)
        self._no_bridge()

    def _machine(self, network_id: str, name: str, host: Host) -> NamespaceVm:
        port = self._api.create("port", network_id=network_id, name=name)
        vm = host.plug(port["id"], port["mac_address"], name)
        self._await(lambda: self._api.show("port", vm.port_id)["status"] == "ACTIVE", f"port {name}")
        vm.udhcpc()
        return vm

    def _spoof(self, client: NamespaceVm, address: str) -> None:
        self._display.say("client takes an address that is not its own, and pings web from it:")
        client.configure("10.40.0.99/24")
        result = client.ping(address, flags=("-I", "10.40.0.99"))
        self._display.show(result.text)
        client.namespace.ip("addr", "del", "10.40.0.99/24", "dev", "eth0")
        self._display.verdict("a spoofed address leads nowhere", result.received == 0)

    def _group(self, web: NamespaceVm) -> dict[str, Any]:
        self._display.say("$ openstack security group create web")
        group = self._openstack("security", "group", "create", "web")
        self._display.say("$ openstack port set --no-security-group --security-group web web")
        self._api.update("port", web.port_id, security_groups=[group["id"]])
        return group

    def _ssh(self, web: NamespaceVm, client: NamespaceVm, address: str, group: dict[str, Any]) -> None:
        web.spawn("sshd", ["python3", "-u", "-c", SERVER])
        self._await(lambda: ":22 " in web.run(["ss", "-ltn"]).stdout, "a server on port 22")
        self._await(lambda: not _reaches(client, address), "port 22 to be closed")
        self._display.verdict("without a rule nobody reaches port 22 of web", not _reaches(client, address))
        self._display.say("$ openstack security group rule create --protocol tcp --dst-port 22 web")
        rule = self._openstack(
            "security", "group", "rule", "create", "--protocol", "tcp", "--dst-port", str(SSH), "web"
        )
        self._await(lambda: _reaches(client, address), "port 22 to be open")
        connection = client.spawn("ssh", ["python3", "-u", "-c", CLIENT, address])
        log = client.site.directory("vms", client.name) / "ssh.log"
        self._await(lambda: log.read_text().count("heard") > 2, "a connection that hears")
        self._display.verdict("the rule opens it: a connection from the other host hears the server", True)
        self._use(group, rule)
        self._display.say(f"$ openstack security group rule delete {rule['id']}")
        self._api.delete("security_group_rule", rule["id"])
        self._await(lambda: _is_quiet(log), "the connection to fall silent")
        self._display.verdict("the rule gone, the running connection falls silent", connection.is_running())
        self._display.verdict("and no new one is made", not _reaches(client, address))

    def _use(self, group: dict[str, Any], rule: dict[str, Any]) -> None:
        path = f"security-groups/{group['id']}/use"
        self._display.say(f"GET /v2.0/{path}")

        def counted() -> dict[str, Any] | None:
            use: dict[str, Any] = self._api.request("GET", path).body["use"]
            packets = {item["id"]: item["packets"] for item in use["rules"]}
            return use if packets[rule["id"]] else None

        use = wait_until(counted, PATIENCE_S, "the rule's packets to be counted") or {}
        self._display.show(json.dumps(use, indent=2))
        self._display.verdict(
            "the API tells who uses the group, where, and what each rule has permitted",
            use["hosts"] == use["counted_on"] == ["host1"],
        )

    def _no_bridge(self) -> None:
        bridges = [host.run(["ip", "-o", "link", "show", "type", "bridge"]).stdout for host in self._hosts]
        self._display.verdict("and there is no Linux bridge on either host", not any(bridges))

    def _await(self, holds: Callable[[], bool], what: str) -> None:
        wait_until(holds, PATIENCE_S, what)


def _address(vm: NamespaceVm) -> IPv4Address:
    return vm.addresses()[0].ip


def _reaches(client: NamespaceVm, address: str) -> bool:
    """Tell whether a connection to port 22 of an address can be made."""
    return client.run(["python3", "-c", PROBE, address], check=False).returncode == 0


def _is_quiet(log: Path) -> bool:
    """Tell whether nothing more is heard for a while."""
    before = log.read_text()
    time.sleep(QUIET_S)
    return log.read_text() == before
