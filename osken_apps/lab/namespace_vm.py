"""A VM that is a namespace: quick to make, with real clients.

Owns its namespace, its interface eth0 and the plug on br-int. Gives no DHCP service and sets no flow.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Interface

from osken_apps.lab import network, processes
from osken_apps.lab.capture import Capture
from osken_apps.lab.dhcp_clients import UDHCPC_OPTIONS, Dhclient, DhcpEvent, Udhcpc
from osken_apps.lab.network import Namespace
from osken_apps.lab.ping import PingResult, parse_ping
from osken_apps.lab.shell import PATIENCE_S
from osken_apps.lab.vm import PluggedVm

#: As qemu sends them, but sooner after each other. With a second argument, eth0 of that namespace is first
#: set down (netdevice(7)): in this process, as starting another one takes as long as the move may.
ANNOUNCE = """
import ctypes, fcntl, socket, struct, sys, time
SIOCSIFFLAGS = 0x8914
mac = bytes.fromhex(sys.argv[1])
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind(("eth0", 0))
if len(sys.argv) > 2:
    with open(sys.argv[2]) as namespace:
        if ctypes.CDLL(None).setns(namespace.fileno(), 0) != 0:
            sys.exit("no way into " + sys.argv[2])
    fcntl.ioctl(socket.socket(), SIOCSIFFLAGS, struct.pack("16sh22x", b"eth0", 0))
rarp = bytes.fromhex("0001080006040003") + mac + bytes(4) + mac + bytes(4)
for _ in range(3):
    link.send(bytes.fromhex("ff" * 6) + mac + bytes.fromhex("8035") + rarp + bytes(18))
    time.sleep(0.05)
"""


class NamespaceVm(PluggedVm):
    """A namespace VM that is plugged into br-int of a host."""

    @property
    def namespace(self) -> Namespace:
        """The namespace that is the VM."""
        return Namespace(f"{self.site.prefix}vm-{self.name}")

    # -- making and unmaking

    def make(self, *, external_ids: bool = True, tag: int | None = None) -> None:
        """Make the namespace and its veth, and plug the far end into br-int."""
        network.make_namespace(self.site, f"vm-{self.name}", ipv6=True)
        near = ["peer", "name", "eth0", "netns", self.namespace.name, "address", self.mac]
        network.ip("link", "add", self.tap, "netns", self.host.namespace.name, "type", "veth", *near)
        # Else checksums are left to a network card, which a userspace datapath does not have.
        self.run(["ethtool", "-K", "eth0", "tx", "off"])
        self.namespace.ip("link", "set", "eth0", "up")
        self.plug.put_in(external_ids=external_ids, tag=tag)

    def unplug(self) -> None:
        """Take the VM from br-int and away altogether."""
        self.plug.take_out()
        self.end_processes()
        network.remove_namespace(self.site, self.namespace.name)
        self.forget()

    # -- what can be done with it

    def run(
        self,
        argv: Sequence[str],
        *,
        check: bool = True,
        timeout_s: float = PATIENCE_S,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside to its end."""
        return self.namespace.run(argv, check=check, timeout_s=timeout_s, env=env)

    def spawn(self, name: str, argv: Sequence[str]) -> processes.Process:
        """Start a command inside in the background; it ends with the VM at the latest."""
        log = self.site.directory("vms", self.name) / f"{name}.log"
        return processes.start(self.site, f"{self.name}.{name}", self.namespace.command(argv), log)

    def configure(self, address: str, gateway: str | None = None, flags: Sequence[str] = ()) -> None:
        """Set a static address ("10.0.0.2/24"), with flags of ip-address(8)."""
        self.namespace.ip("addr", "add", address, "dev", "eth0", *flags)
        if gateway is not None:
            self.namespace.ip("route", "replace", "default", "via", gateway)

    def addresses(self) -> list[IPv4Interface]:
        """Give the IPv4 addresses of eth0."""
        links = json.loads(self.namespace.ip("-j", "-4", "addr", "show", "dev", "eth0") or "[]")
        found = [address for link in links for address in link.get("addr_info", [])]
        return [IPv4Interface(f"{address['local']}/{address['prefixlen']}") for address in found]

    def routes(self) -> list[str]:
        """Give the lines of `ip route`."""
        return [line.strip() for line in self.namespace.ip("route").splitlines()]

    def mtu(self) -> int:
        """Give the MTU of eth0."""
        return int(json.loads(self.namespace.ip("-j", "link", "show", "dev", "eth0"))[0]["mtu"])

    def ping(
        self, address: str, count: int = 3, *, wait_s: float = 1.0, flags: Sequence[str] = ()
    ) -> PingResult:
        """Send `count` echo requests, five a second, and wait `wait_s` seconds for the last answer."""
        command = ["ping", "-n", "-c", str(count), "-i", "0.2", "-W", str(wait_s), *flags, str(address)]
        return parse_ping(self.run(command, check=False, timeout_s=count * 0.2 + wait_s + PATIENCE_S).stdout)

    def announce(self) -> None:
        """Say what a hypervisor says for a machine that has moved to it: RARP requests (RFC 903), three
        times.
        """
        self.run([sys.executable, "-c", ANNOUNCE, self.mac.replace(":", "")])

    def take_over(self, source: "NamespaceVm") -> None:
        """Be the machine that `source` was until now: that one falls silent, and at once this one announces
        itself.
        """
        silenced = f"/run/netns/{source.namespace.name}"
        self.run([sys.executable, "-c", ANNOUNCE, self.mac.replace(":", ""), silenced])

    def capture(self, *expression: str, flags: Sequence[str] = ("-e", "-v")) -> Capture:
        """Give a capture of eth0, for use in a `with`."""
        return Capture(self.site, self.namespace, self.name, "eth0", expression, flags)

    # -- DHCP

    def udhcpc_client(self) -> Udhcpc:
        """Give this VM's udhcpc, running or not."""
        return Udhcpc(self.site, self.namespace, self.name)

    def dhclient_client(self) -> Dhclient:
        """Give this VM's dhclient, running or not."""
        return Dhclient(self.site, self.namespace, self.name)

    def udhcpc(
        self,
        timeout_s: float = PATIENCE_S,
        *,
        options: Sequence[str] = UDHCPC_OPTIONS,
        extra: Sequence[str] = (),
    ) -> DhcpEvent:
        """Take a lease with udhcpc, which then ends; return the event with all it was handed."""
        return self.udhcpc_client().lease(timeout_s, options, extra)

    def udhcpc_daemon(
        self,
        timeout_s: float = PATIENCE_S,
        *,
        options: Sequence[str] = UDHCPC_OPTIONS,
        extra: Sequence[str] = (),
    ) -> Udhcpc:
        """Take a lease with a udhcpc that stays, to renew and release it."""
        client = self.udhcpc_client()
        before = len(client.events())
        client.start(options=options, extra=extra)
        client.wait_for(*client.bound, after=before, timeout_s=timeout_s)
        return client

    def dhclient(self, timeout_s: float = PATIENCE_S) -> Dhclient:
        """Take a lease with a dhclient that stays, to renew and release it."""
        client = self.dhclient_client()
        client.start(timeout_s)
        return client
