"""The lab that is walked on: which machine is plugged where, and what was done to the hosts."""

import copy
import random
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_interface
from pathlib import Path
from typing import Any

from osken_apps.lab import NamespaceVm, processes
from tests.e2e.conftest import World
from tests.e2e.walk.model import Group, Machine, Model, Network, Rule
from tests.e2e.walk.probing import listen

NODAD = ("nodad",)
DEAD_TAG = 4095
STATELESS = ("plain", "bare")
KINDS = (("vlan", True), ("vxlan", True), ("vlan", False), ("geneve", False), ("flat", True))


@dataclass
class Plugged:
    """A machine that is plugged: `host` is its number."""

    vm: NamespaceVm
    host: int


@dataclass
class Stranger:
    """A machine whose interface is no port's; `is_trunk` if it is declared one."""

    vm: NamespaceVm
    is_trunk: bool = False


@dataclass
class Site:
    """A lab, what the model says of it, and what the lab has plugged, by the port's id."""

    world: World
    random: random.Random
    underlay: dict[str, str]  # where hosts end their tunnels, by the lab's names
    names: dict[int, str]  # what hosts are called now, by number
    model: Model = field(default_factory=Model)
    plugged: dict[str, Plugged] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)  # ids of plugged ports that a restored store never had
    strangers: dict[int, Stranger] = field(default_factory=dict)  # by the host's number
    sentinels: tuple[str, ...] = ()
    made: int = 0
    backup: tuple[Model, Path] | None = None

    @property
    def api(self) -> Any:
        return self.world.api

    def hosts(self) -> list[int]:
        return list(self.names)

    def choose(self, items: Any) -> Any:
        """Choose one of what there is."""
        return self.random.choice(list(items))

    # -- networks and groups

    def make_networks(self) -> None:
        for number, (kind, guarded) in enumerate(KINDS):
            self.make_network(number, kind, guarded, None if kind == "flat" else 1000 + number)

    def make_network(self, number: int, kind: str, guarded: bool, id: int | None) -> Network:
        provider: dict[str, Any] = {"provider:network_type": kind}
        if id is not None:
            provider["provider:segmentation_id"] = id
        if kind in ("vlan", "flat"):
            provider["provider:physical_network"] = "default"
        name = f"net{number}-{kind}"
        made = self.api.create("network", name=name, port_security_enabled=guarded, **provider)
        cidr, cidr6 = IPv4Network(f"10.{number}.0.0/24"), IPv6Network(f"fd00:{number}::/64")
        for subnet in (cidr, cidr6):
            self.api.create("subnet", network_id=made["id"], cidr=str(subnet), ip_version=subnet.version)
        network = Network(made["id"], name, kind, guarded, cidr, cidr6, id)
        self.model.networks[network.id] = network
        return network

    def make_groups(self) -> None:
        (default,) = [g for g in self.api.list("security_group") if g["name"] == "default"]
        self.keep_group(default)
        for name in ("web", "open", "near", *STATELESS):
            stateful = name not in STATELESS
            self.keep_group(self.api.create("security_group", name=name, stateful=stateful))
        one = self.api.create("address_group", name="some", addresses=["10.0.0.0/25", "10.1.0.0/29"])
        self.model.address_groups[one["id"]] = ("10.0.0.0/25", "10.1.0.0/29")
        web, opened, near, plain, bare = (self.group(n).id for n in ("web", "open", "near", "plain", "bare"))
        for version in (4, 6):
            self.add_rule(web, Rule("ingress", version, "tcp", 80))
            self.add_rule(opened, Rule("ingress", version))
            self.add_rule(near, Rule("ingress", version, "icmp", remote_group=web))
            self.add_rule(plain, Rule("ingress", version, "icmp"))
            self.add_rule(bare, Rule("ingress", version, remote_group=bare))
        self.add_rule(near, Rule("ingress", 4, "tcp", remote_address_group=one["id"]))

    def group(self, name: str) -> Group:
        return next(g for g in self.model.groups.values() if g.name == name)

    def keep_group(self, shown: dict[str, Any]) -> None:
        """Believe what the API shows of a new group: its first rules are from a template."""
        group = Group(shown["id"], shown["name"], shown["stateful"])
        for rule in shown["security_group_rules"]:
            group.rules[rule["id"]] = Rule(
                rule["direction"], int(rule["ethertype"][-1]), remote_group=rule["remote_group_id"] or ""
            )
        self.model.groups[group.id] = group

    def add_rule(self, group: str, rule: Rule) -> None:
        given: dict[str, Any] = {"direction": rule.direction, "ethertype": f"IPv{rule.version}"}
        if rule.protocol:
            given["protocol"] = "ipv6-icmp" if (rule.protocol, rule.version) == ("icmp", 6) else rule.protocol
        if rule.port:
            given |= {"port_range_min": rule.port, "port_range_max": rule.port}
        if rule.remote_group:
            given["remote_group_id"] = rule.remote_group
        if rule.remote_address_group:
            given["remote_address_group_id"] = rule.remote_address_group
        if rule.remote_prefix:
            given["remote_ip_prefix"] = rule.remote_prefix
        made = self.api.create("security_group_rule", security_group_id=group, **given)
        self.model.groups[group].rules[made["id"]] = rule

    # -- machines

    def make_machine(self, network: Network, **attributes: Any) -> Machine:
        self.made += 1
        name = attributes.pop("name", f"m{self.made}")
        pair = ""
        if attributes.pop("paired", False):
            pair = str(network.cidr[200 + self.made % 50])
            attributes["allowed_address_pairs"] = [{"ip_address": pair}]
        port = self.api.create("port", network_id=network.id, name=name, **attributes)
        machine = Machine(
            port["id"], name, port["mac_address"], network.id, fixed(port), port["port_security_enabled"],
            frozenset(port["security_groups"]), pair,
        )  # fmt: skip
        self.model.machines[machine.id] = machine
        return machine

    def live(self) -> list[Machine]:
        """Give the machines that are plugged and have a port."""
        return [m for m in self.model.machines.values() if m.id in self.plugged]

    def movable(self) -> list[Machine]:
        return [m for m in self.live() if m.id not in self.sentinels]

    def plug(self, machine: Machine, host: int) -> None:
        vm = self.world.host(host).plug(machine.id, machine.mac)
        self.plugged[machine.id] = Plugged(vm, host)
        self.dress(machine)
        listen(vm)

    def plug_stranger(self, host: int, mac: str = "") -> NamespaceVm:
        """Plug a dead interface that is no port's."""
        id = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        mac = mac or f"0a:00:00:{id[:2]}:{id[2:4]}:{id[4:6]}"
        return self.world.host(host).plug(id, mac, external_ids=False, tag=DEAD_TAG)

    def dress(self, machine: Machine) -> None:
        """Give a plugged machine exactly the addresses of its port."""
        if machine.id in self.plugged:
            dress(self.plugged[machine.id].vm, machine, self.model)

    def unplug(self, machine_id: str) -> None:
        self.plugged.pop(machine_id).vm.unplug()

    # -- hosts and the controller

    def prepare(self, number: int) -> None:
        """Give a host again what its operating system gives it at each boot: its address on the wire."""
        host = self.world.host(number)
        address = f"{self.underlay[host.name]}/24"
        host.namespace.ip("addr", "replace", address, "dev", "br-eth2")
        host.namespace.ip("link", "set", "br-eth2", "up")

    def osken_net(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run `osken-net`."""
        command = [sys.executable, "-m", "osken_apps.cli", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    def rest_process(self) -> int:
        """Give the pid of the controller's REST process, 0 if there is none now."""
        controller = processes.find(self.world.lab.site, "controller")
        assert controller is not None
        with open(f"/proc/{controller.pid}/task/{controller.pid}/children") as children:
            pids = children.read().split()
        return int(pids[0]) if pids else 0

    def remember(self) -> None:
        """Take a backup of the store, and of the model with it."""
        file = self.world.controller.config_file.with_name("backup.db")
        done = self.osken_net(
            "backup", "--force", "--config-file", str(self.world.controller.config_file), str(file)
        )
        assert done.returncode == 0, done.stderr
        self.backup = copy.deepcopy(self.model), file


def fixed(port: dict[str, Any]) -> tuple[str, ...]:
    return tuple(each["ip_address"] for each in port["fixed_ips"])


def dress(vm: NamespaceVm, machine: Machine, model: Model) -> None:
    """Have a machine exactly these addresses besides its link-local one."""
    network = model.networks[machine.network]
    undress(vm)
    for address in machine.all_addresses:
        width = network.cidr.prefixlen if "." in address else network.cidr6.prefixlen
        flags = () if "." in address else NODAD
        vm.configure(str(ip_interface(f"{address}/{width}")), flags=flags)
    vm.namespace.ip("neigh", "flush", "all")


def undress(vm: NamespaceVm) -> None:
    """Take a machine's addresses away, besides its link-local one."""
    vm.namespace.ip("-4", "addr", "flush", "dev", "eth0")
    vm.namespace.ip("-6", "addr", "flush", "dev", "eth0", "scope", "global")
