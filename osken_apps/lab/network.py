"""Namespaces, the common wire and the management network.

Owns what `ip` makes. Everything in the root namespace carries the lab's prefix and is recorded first. Must
not know of Open vSwitch or of VMs.
"""

import contextlib
import fcntl
import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network
from pathlib import Path

from osken_apps.lab import processes
from osken_apps.lab.records import Site
from osken_apps.lab.shell import PATIENCE_S, LabError, environment, run, wait_until

#: For tests between networks (RFC 2544, RFC 6890): nobody's own addresses.
MANAGEMENT_POOL = IPv4Network("198.18.0.0/15")

#: Held while something is chosen that two labs starting together must not both choose.
LOCK = Path("/run/osken-lab.lock")

#: A host has its own IPv6 noise neither on its taps nor on the wire; the VMs keep theirs.
NO_IPV6 = "for f in all default; do echo 1 >/proc/sys/net/ipv6/conf/$f/disable_ipv6; done 2>/dev/null; true"


def choose_subnet(taken: Iterable[IPv4Network], pool: IPv4Network = MANAGEMENT_POOL) -> IPv4Network:
    """Give the first /24 of `pool` that overlaps none of `taken`, a default route aside.

    Raises LabError when there is none.
    """
    obstacles = [network for network in taken if network.prefixlen > 0]
    for candidate in pool.subnets(new_prefix=24):
        if not any(candidate.overlaps(network) for network in obstacles):
            return candidate
    raise LabError(f"no /24 of {pool} is free for the management network: the machine's routes take it all")


def taken_subnets(addresses: str, routes: str) -> list[IPv4Network]:
    """Read the networks in use out of `ip -j addr` and `ip -j route show table all`."""
    found = [
        IPv4Interface(f"{address['local']}/{address['prefixlen']}").network
        for interface in json.loads(addresses or "[]")
        for address in interface.get("addr_info", [])
        if address.get("family") == "inet"
    ]
    for route in json.loads(routes or "[]"):
        with contextlib.suppress(ValueError):
            found.append(IPv4Network(route["dst"], strict=False))
    return found


def machine_subnets() -> list[IPv4Network]:
    """Give the IPv4 networks that this machine has addresses in or routes to."""
    return taken_subnets(ip("-j", "-4", "addr"), ip("-j", "-4", "route", "show", "table", "all"))


@contextlib.contextmanager
def machine_lock() -> Iterator[None]:
    """Keep other labs on this machine from choosing at the same time."""
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def ip(*args: str, check: bool = True) -> str:
    """Run `ip` in the root namespace; give what it prints."""
    return run(["ip", *args], check=check).stdout


@dataclass(frozen=True)
class Namespace:
    """A network namespace by its name."""

    name: str

    def command(self, argv: Sequence[str]) -> list[str]:
        """Give the command that runs `argv` inside."""
        return ["ip", "netns", "exec", self.name, *argv]

    def run(
        self,
        argv: Sequence[str],
        *,
        check: bool = True,
        timeout_s: float = PATIENCE_S,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside to its end; as `shell.run`, with `env` added to the environment."""
        command = self.command(argv)
        return run(command, check=check, timeout_s=timeout_s, stdin=stdin, env=environment(env))

    def ip(self, *args: str, check: bool = True) -> str:
        """Run `ip` inside; give what it prints."""
        return run(["ip", "-n", self.name, *args], check=check).stdout

    def exists(self) -> bool:
        """Tell whether there is a namespace of this name."""
        return Path("/run/netns", self.name).exists()


def make_namespace(site: Site, what: str, *, ipv6: bool = False) -> Namespace:
    """Record and make the namespace for `what`, with its loopback up."""
    namespace = Namespace(site.prefix + what)
    site.record("namespace", namespace.name)
    ip("netns", "add", namespace.name)
    namespace.ip("link", "set", "lo", "up")
    if not ipv6:
        namespace.run(["sh", "-c", NO_IPV6])
    return namespace


def remove_namespace(site: Site, name: str) -> None:
    """Remove a namespace, and first end whatever still runs inside: it is all the lab's."""
    for process in processes.inside_namespace(name):
        process.end()
    if Namespace(name).exists():
        ip("netns", "del", name)
    site.forget("namespace", name)


def link_exists(name: str) -> bool:
    """Tell whether the root namespace has an interface of this name."""
    return run(["ip", "link", "show", "dev", name], check=False).returncode == 0


def remove_link(site: Site, name: str) -> None:
    """Remove an interface of the root namespace, and wait until it is gone."""
    ip("link", "del", "dev", name, check=False)
    wait_until(lambda: not link_exists(name), PATIENCE_S, f"the end of interface {name}")
    site.forget("interface", name)


def make_wire(site: Site) -> Namespace:
    """Make the common wire: a bridge that passes every frame, tagged or not, in a namespace of its own."""
    wire = make_namespace(site, "wire")
    wire.ip("link", "add", "wire", "type", "bridge", "stp_state", "0", "mcast_snooping", "0")
    wire.ip("link", "set", "wire", "up")
    return wire


def make_management(site: Site, controller: IPv4Interface) -> None:
    """Make the bridge of the management network, which the controller sits on."""
    bridge = management_bridge(site)
    site.record("interface", bridge)
    ip("link", "add", bridge, "type", "bridge", "stp_state", "0")
    ip("addr", "add", str(controller), "dev", bridge)
    ip("link", "set", bridge, "up")


def management_bridge(site: Site) -> str:
    """Give the name of the bridge of the management network."""
    return site.prefix + "br"


def attach_host(site: Site, host: Namespace, number: int, management: IPv4Interface) -> None:
    """Give a host its `eth2` on the wire and its `mgmt` on the management network."""
    wire, end, root_end = site.prefix + "wire", f"host{number}", f"{site.prefix}{number}"
    ip("link", "add", "eth2", "netns", host.name, "type", "veth", "peer", "name", end, "netns", wire)
    Namespace(wire).ip("link", "set", end, "master", "wire", "up")
    host.ip("link", "set", "eth2", "up")
    site.record("interface", root_end)
    ip("link", "add", root_end, "type", "veth", "peer", "name", "mgmt", "netns", host.name)
    ip("link", "set", root_end, "master", management_bridge(site), "up")
    host.ip("addr", "add", str(management), "dev", "mgmt")
    host.ip("link", "set", "mgmt", "up")


def strangers(site: Site) -> list[str]:
    """Give the namespaces and interfaces that already carry the prefix of a lab about to be made."""
    names = [link["ifname"] for link in json.loads(ip("-j", "link"))]
    folder = Path("/run/netns")
    names += [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return sorted(name for name in names if name.startswith(site.prefix))
