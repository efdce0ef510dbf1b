"""What a step changes by the API or at a machine's plug, each with what the model then says.

An operation gives what it did, in words; None if there was nothing to do it to.
"""

from collections.abc import Callable, Iterable
from typing import Any

from osken_apps.lab import PATIENCE_S, LabError, wait_until
from tests.e2e.walk.model import Machine, Rule
from tests.e2e.walk.site import Site, fixed

MOST = 10
Operation = Callable[[Site], str | None]
Fits = Callable[[Machine], bool]


def new(site: Site) -> str | None:
    if len(site.live()) >= MOST:
        return None
    network = site.choose(site.model.networks.values())
    given: dict[str, Any] = {"paired": network.guarded and site.random.random() < 0.3}
    if network.guarded:
        given["security_groups"] = some_groups(site)
    machine = site.make_machine(network, **given)
    site.plug(machine, site.choose(site.hosts()))
    return told(site, machine)


def told(site: Site, machine: Machine) -> str:
    groups = "+".join(sorted(site.model.groups[g].name for g in machine.groups))
    at = site.plugged.get(machine.id)
    network = site.model.networks[machine.network].name
    where = f"{machine.name} of {network} on {at and at.host}, {' '.join(machine.all_addresses)}"
    return f"{where}, {groups if machine.guarded else 'unguarded'}"


def some_groups(site: Site) -> list[str]:
    stateful = site.random.random() < 0.7
    groups = [g.id for g in site.model.groups.values() if g.stateful is stateful]
    return site.random.sample(groups, min(len(groups), site.choose([0, 1, 1, 1, 2, 2, 3])))


def plug(site: Site) -> str | None:
    machine = some_that(site, lambda m: m.id not in site.plugged)
    if not machine:
        return None
    site.plug(machine, site.choose(site.hosts()))
    return told(site, machine)


def unplug(site: Site) -> str | None:
    machine = some(site)
    if machine:
        site.unplug(machine.id)
        return machine.name
    return None


def one_of(site: Site, machines: Iterable[Machine], fits: Fits) -> Machine | None:
    """Choose one of the machines that fit, if there is any."""
    fitting = [machine for machine in machines if fits(machine)]
    return site.choose(fitting) if fitting else None


def some(site: Site, fits: Fits = lambda machine: True) -> Machine | None:
    """Choose a plugged machine that is no sentinel."""
    return one_of(site, site.movable(), fits)


def some_that(site: Site, fits: Fits = lambda machine: True) -> Machine | None:
    """Choose a machine, plugged or not, that is no sentinel."""
    machines = (m for m in site.model.machines.values() if m.id not in site.sentinels)
    return one_of(site, machines, fits)


def move(site: Site) -> str | None:
    """Unplug a machine and plug it on another host, or on the same."""
    machine = some(site)
    if not machine:
        return None
    host = site.plugged[machine.id].host
    site.unplug(machine.id)
    site.plug(machine, site.choose(site.hosts()))
    return f"{machine.name} {host} -> {site.plugged[machine.id].host}"


def delete(site: Site) -> str | None:
    """Delete the port of a plugged machine, which then is dead, or goes."""
    machine = some(site)
    if not machine:
        return None
    site.api.delete("port", machine.id)
    del site.model.machines[machine.id]
    if site.random.random() < 0.7 or len(site.plugged) > MOST + 3:
        site.unplug(machine.id)
        return machine.name
    return f"{machine.name}, which stays plugged"


def groups(site: Site) -> str | None:
    machine = some_that(site, lambda m: m.guarded)
    if not machine:
        return None
    wanted = some_groups(site)
    site.api.update("port", machine.id, security_groups=wanted)
    machine.groups = frozenset(wanted)
    return told(site, machine)


def security(site: Site) -> str | None:
    machine = some_that(site, lambda m: not m.pair)
    if not machine:
        return None
    if machine.guarded:
        site.api.update("port", machine.id, port_security_enabled=False, security_groups=[])
        machine.guarded, machine.groups = False, frozenset()
    else:
        wanted = some_groups(site)
        site.api.update("port", machine.id, port_security_enabled=True, security_groups=wanted)
        machine.guarded, machine.groups = True, frozenset(wanted)
    return told(site, machine)


def rule(site: Site) -> str:
    """Add a rule to a group, or take one away."""
    group = site.choose([g for g in site.model.groups.values() if g.name != "default"])
    if group.rules and site.random.random() < 0.4:
        id = site.choose(group.rules)
        site.api.delete("security_group_rule", id)
        return f"-{group.name} {group.rules.pop(id)}"
    for _ in range(20):
        version = site.choose([4, 6])
        protocol, port = site.choose([("", 0), ("icmp", 0), ("tcp", 0), ("tcp", 80), ("tcp", 81)])
        remote: dict[str, str] = site.choose(
            [
                {},
                {"remote_group": site.choose(site.model.groups)},
                {"remote_group": site.choose(site.model.groups)},
                {"remote_address_group": site.choose(site.model.address_groups)} if version == 4 else {},
                {
                    "remote_prefix": site.choose(
                        ["10.0.0.0/28", "10.1.0.0/16"] if version == 4 else ["fd00::/64", "fd00:1::/32"]
                    )
                },
            ]
        )
        wanted = Rule(site.choose(["ingress", "ingress", "egress"]), version, protocol, port, **remote)
        if wanted not in group.rules.values():
            site.add_rule(group.id, wanted)
            return f"+{group.name} {wanted}"
    return ""


def address_group(site: Site) -> str:
    id = site.choose(site.model.address_groups)
    prefix = site.choose(["10.0.0.128/25", "10.1.0.64/26", "10.4.0.3/32", "10.4.0.0/24", "10.0.0.0/24"])
    held = site.model.address_groups[id]
    word = "remove_addresses" if prefix in held else "add_addresses"
    answer = site.api.request("PUT", f"address-groups/{id}/{word}", {"addresses": [prefix]})
    if answer.status != 200:
        raise LabError(f"{word} {prefix}: {answer.status} {answer.body}")
    left = tuple(p for p in held if p != prefix)
    site.model.address_groups[id] = left if prefix in held else (*held, prefix)
    return f"{word} {prefix}"


def pair(site: Site) -> str | None:
    """Allow a machine another address, or take it back."""
    machine = some_that(site, lambda m: m.guarded)
    if not machine:
        return None
    network = site.model.networks[machine.network]
    site.made += 1
    machine.pair = "" if machine.pair else str(network.cidr[200 + site.made % 50])
    pairs = [{"ip_address": machine.pair}] if machine.pair else []
    site.api.update("port", machine.id, allowed_address_pairs=pairs)
    site.dress(machine)
    return told(site, machine)


def address(site: Site) -> str | None:
    """Give a port other addresses."""
    machine = some_that(site)
    if not machine:
        return None
    network = site.model.networks[machine.network]
    taken = {a for m in site.model.machines.values() for a in m.all_addresses}
    taken |= {each["ip_address"] for port in site.api.list("port") for each in port["fixed_ips"]}
    number = next(
        n for n in site.random.sample(range(10, 190), 100) if not {str(s[n]) for s in network.subnets} & taken
    )
    wanted = [{"ip_address": str(subnet[number])} for subnet in network.subnets]
    machine.addresses = fixed(site.api.update("port", machine.id, fixed_ips=wanted))
    site.dress(machine)
    return told(site, machine)


def mac(site: Site) -> str | None:
    """Give a port another MAC address, for which its machine is unplugged: that of a bound one stays."""
    machine = some_that(site, lambda m: not m.pair)
    if not machine:
        return None
    at = site.plugged.get(machine.id)
    if at:
        site.unplug(machine.id)
    machine.mac = f"fa:16:3e:{site.random.randrange(256):02x}:{site.random.randrange(256):02x}:ff"
    asked = {"port": {"mac_address": machine.mac}}
    wait_until(
        lambda: site.api.request("PUT", f"ports/{machine.id}", asked).status == 200, PATIENCE_S, "the address"
    )
    if at:
        site.plug(machine, at.host)
    return f"{machine.name} {machine.mac}"


def admin(site: Site) -> str | None:
    machine = some_that(site, lambda m: not m.up) or some_that(site)
    if not machine:
        return None
    machine.up = not machine.up
    site.api.update("port", machine.id, admin_state_up=machine.up)
    return f"{machine.name} {machine.up}"


def network_admin(site: Site) -> str:
    others = [n for n in site.model.networks.values() if n.id != network_of_sentinels(site)]
    down = [n for n in others if not n.up]
    network = site.choose(down or others)
    network.up = not network.up
    site.api.update("network", network.id, admin_state_up=network.up)
    return f"{network.name} {network.up}"


def network_of_sentinels(site: Site) -> str:
    return site.model.machines[site.sentinels[0]].network


def segment(site: Site) -> str:
    """Give a network another id on the wire; sometimes one that another has had."""
    network = site.choose(
        [n for n in site.model.networks.values() if n.kind == "vlan" and n.id != network_of_sentinels(site)]
    )
    taken = {n.segmentation_id for n in site.model.networks.values()}
    wanted = site.choose([id for id in range(1000, 1012) if id not in taken])
    there = [(m, site.plugged[m.id].host) for m in site.live() if m.network == network.id]
    for machine, _ in there:
        site.unplug(machine.id)
    asked = {"network": {"provider:segmentation_id": wanted}}
    wait_until(
        lambda: site.api.request("PUT", f"networks/{network.id}", asked).status == 200, PATIENCE_S, "the id"
    )
    for machine, host in there:
        site.plug(machine, host)
    network.segmentation_id = wanted
    return f"{network.name} {wanted}"


def tag(site: Site) -> str | None:
    machine = some(site)
    if not machine:
        return None
    at = site.plugged[machine.id]
    site.world.host(at.host).ovs.vsctl("clear", "port", at.vm.tap, "tag")
    return machine.name


def unplug_dead(site: Site) -> str | None:
    """Unplug what has no port any more."""
    dead = [id for id in site.plugged if id not in site.model.machines]
    for id in dead:
        site.unplug(id)
    return f"{len(dead)}" if dead else None


CHANGES: tuple[Operation, ...] = (
    new, new, new, plug, unplug, move, delete, groups, groups, security, rule, rule, address_group, pair,
    address, mac, admin, network_admin, segment, tag, unplug_dead,
)  # fmt: skip
