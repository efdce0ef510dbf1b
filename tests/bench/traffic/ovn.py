"""The same pairs of machines on two hosts of a lab with OVN, over Geneve, with access lists or without."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Interface, ip_network
from pathlib import Path

from osken_apps.lab import Lab, wait_until
from osken_apps.model.allocation import generated_mac
from tests.bench.ovn import SB_PORT, Central
from tests.bench.traffic import programs
from tests.bench.traffic.site import Pair, switches_s
from tests.slot import lab_name

MTU = 1442  # what Geneve leaves of 1,500 octets with OVN's option


class OvnSite:
    """A lab whose hosts are OVN's."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._pairs = 0
        addresses = lab.make_underlay()
        first, *_ = lab.hosts.values()
        self._central = Central(lab, first)
        self._central.start(listen=addresses[first.name])
        remote = f"tcp:{addresses[first.name]}:{SB_PORT}"
        for name, host in lab.hosts.items():
            host.ovs.vsctl("set-fail-mode", "br-eth2", "standalone")  # nobody else makes flows there
            self._central.start_controller(host, remote, addresses[name])

    def pair(self, cidr: str, *, guarded: bool) -> Pair:
        """Make a logical switch with two machines, which reach each other.

        `guarded`: what they send is their own, what leaves is permitted, and what comes in is from a member
        of their group, by connection tracking, as in a project's default group.
        """
        self._pairs += 1
        switch, (client, server) = f"ls{self._pairs}", (f"lp{self._pairs}{end}" for end in "ab")
        addresses = [IPv4Interface((host, cidr.split("/")[1])) for host in list(ip_network(cidr).hosts())[:2]]
        macs = [str(generated_mac(self._pairs * 2 + end)) for end in range(2)]
        command = ["ls-add", switch]
        for port, mac, address in zip((client, server), macs, addresses, strict=True):
            named = f"{mac} {address.ip}"
            command += ["--", "lsp-add", switch, port, "--", "lsp-set-addresses", port, named]
            command += ["--", "lsp-set-port-security", port, named] if guarded else []
        if guarded:
            command += _access_lists(f"pg{self._pairs}", (client, server))
        self._central.nbctl("--wait=sb", *command)
        vms = [
            host.plug(port, mac)
            for host, port, mac in zip(self.lab.hosts.values(), (client, server), macs, strict=True)
        ]
        for vm, address in zip(vms, addresses, strict=True):
            vm.configure(str(address))
            vm.namespace.ip("link", "set", "eth0", "mtu", str(MTU))
        self._central.nbctl("--wait=hv", "sync")
        vms[1].spawn("sink", [sys.executable, "-c", programs.SINK, str(programs.PORT)])
        there = str(addresses[1].ip)
        wait_until(lambda: vms[0].ping(there, 1).ok, 30, "an answer")
        return Pair(vms[0], vms[1], there)

    def processor_s(self) -> float:
        """Give the processor time that the switches of both hosts have used."""
        return switches_s(self.lab)


def _access_lists(group: str, ports: tuple[str, ...]) -> list[str]:
    lists = (
        ("from-lport", "1002", f"inport == @{group} && ip4", "allow-related"),
        ("from-lport", "1001", f"inport == @{group} && ip", "drop"),
        ("to-lport", "1002", f"outport == @{group} && ip4 && ip4.src == ${group}_ip4", "allow-related"),
        ("to-lport", "1001", f"outport == @{group} && ip", "drop"),
    )
    command = ["--", "pg-add", group, *ports]
    for entry in lists:
        command += ["--", "acl-add", group, *entry]
    return command


@contextmanager
def ovn_site() -> Iterator[OvnSite]:
    """Have a site of OVN while the body runs."""
    with tempfile.TemporaryDirectory() as name, Lab.up(lab_name("ovn"), 2, Path(name) / "lab") as lab:
        yield OvnSite(lab)
