"""What operators do at a host's interfaces, each with what is expected of it at once."""

from osken_apps.lab import PATIENCE_S, NamespaceVm, wait_until
from osken_apps.lab.open_vswitch import OpenVSwitch
from tests.e2e.walk.changes import Operation, some
from tests.e2e.walk.model import Machine
from tests.e2e.walk.site import DEAD_TAG, Plugged, Site, Stranger

TRUNK = "osken-net-trunk"  # external_ids key that declares one


def trunk(site: Site) -> str:
    """Plug an interface that is no port's, declare it a trunk or no more, or unplug it."""
    number = site.choose(site.hosts())
    ovs = site.world.host(number).ovs
    stranger = site.strangers.get(number)
    if stranger is None:
        vm = site.plug_stranger(number)
        site.strangers[number] = Stranger(vm)
    elif site.random.random() < 0.4:
        site.strangers.pop(number).vm.unplug()
        return f"{number} unplugged"
    else:
        vm = stranger.vm
    if site.strangers[number].is_trunk:
        ovs.vsctl("remove", "interface", vm.tap, "external_ids", TRUNK)
    else:
        ovs.vsctl("set", "interface", vm.tap, f"external_ids:{TRUNK}=true")
    site.strangers[number].is_trunk = not site.strangers[number].is_trunk
    return f"{number} {vm.tap} {'declared' if site.strangers[number].is_trunk else 'declared no more'}"


def replaced(site: Site) -> str | None:
    """Delete an interface and plug it again, in one transaction of OVSDB."""
    machine = some(site)
    if not machine:
        return None
    tag = site.choose([None, None, DEAD_TAG, 1, 2])
    site.plugged[machine.id].vm.plug.put_in(external_ids=True, tag=tag)
    return f"{machine.name} with tag {tag}"


def numbers(site: Site) -> str | None:
    """Have two machines of a host each other's OpenFlow port number."""
    number = site.choose(site.hosts())
    ovs = site.world.host(number).ovs
    there = [m for m in site.movable() if site.plugged[m.id].host == number]
    if len(there) < 2:
        return None
    one, other = site.random.sample(there, 2)
    taps = [site.plugged[m.id].vm.tap for m in (one, other)]
    ofports = [ovs.ofport(tap) for tap in taps]
    wanted = [word for tap, ofport in zip(taps, reversed(ofports), strict=True)
              for word in ("--", "set", "interface", tap, f"ofport_request={ofport}")]  # fmt: skip
    ovs.vsctl(*wanted[1:])
    return f"{number} {one.name} and {other.name}"


def second(site: Site) -> str | None:
    """Plug a second interface with a port's iface-id on its host: it is dead until the first goes."""
    found = some_active(site)
    if not found:
        return None
    machine, at, ovs = found
    site.world.wait_active({"id": machine.id})
    vm = site.plug_stranger(at.host, machine.mac)
    ovs.vsctl("set", "interface", vm.tap, f'external_ids:iface-id="{machine.id}"')
    wait_tag(ovs, vm, dead=True)
    wait_tag(ovs, at.vm, dead=False)
    if site.random.random() < 0.5:
        ovs.vsctl("del-port", at.vm.tap)
        wait_tag(ovs, vm, dead=False)
        if site.random.random() < 0.5:
            at.vm.plug.put_in(external_ids=True, tag=DEAD_TAG)
            wait_tag(ovs, vm, dead=False)
            vm.unplug()
            return f"{machine.name}, which has it until it goes"
        vm.unplug()
        at.vm.plug.put_in(external_ids=True, tag=DEAD_TAG)
        return f"{machine.name}, and both go"
    vm.unplug()
    return machine.name


def handed_over(site: Site) -> str | None:
    """Give a port another interface in one transaction of OVSDB; its machine then gets its own back."""
    found = some_active(site)
    if not found:
        return None
    machine, at, ovs = found
    vm = site.plug_stranger(at.host, machine.mac)
    iface_id = f'external_ids:iface-id="{machine.id}"'
    ovs.vsctl("del-port", at.vm.tap, "--", "set", "interface", vm.tap, iface_id)
    wait_tag(ovs, vm, dead=False)
    ovs.vsctl("remove", "interface", vm.tap, "external_ids", "iface-id")
    at.vm.plug.put_in(external_ids=True, tag=None)
    wait_tag(ovs, vm, dead=True)
    vm.unplug()
    return machine.name


def nameless(site: Site) -> str | None:
    """Take an interface's iface-id away, and give it back."""
    found = some_active(site)
    if not found:
        return None
    machine, at, ovs = found
    ovs.vsctl("remove", "interface", at.vm.tap, "external_ids", "iface-id")
    waits = site.random.random() < 0.5
    if waits:
        wait_tag(ovs, at.vm, dead=True)
    ovs.vsctl("set", "interface", at.vm.tap, f'external_ids:iface-id="{machine.id}"')
    return f"{machine.name}{', which was dead' if waits else ''}"


def some_active(site: Site) -> tuple[Machine, Plugged, OpenVSwitch] | None:
    """Choose an active machine that is no sentinel; give it, where it is plugged, and that host's switch."""
    machine = some(site, site.model.is_active)
    if not machine:
        return None
    at = site.plugged[machine.id]
    return machine, at, site.world.host(at.host).ovs


def wait_tag(ovs: OpenVSwitch, vm: NamespaceVm, *, dead: bool) -> None:
    """Wait until an interface is dead, or has a network's tag."""

    def is_so() -> bool:
        tag = ovs.tag(vm.tap)
        return tag is not None and (tag == DEAD_TAG) is dead

    wait_until(is_so, PATIENCE_S, f"{vm.tap} to be {'dead' if dead else 'alive'}")


def elsewhere(site: Site) -> str | None:
    """Plug a machine at another host before its first interface goes, without a word of the machine."""
    found = some_active(site)
    if not found:
        return None
    machine, source, _ = found
    target = plug_elsewhere(site, machine)
    source.vm.unplug()
    return f"{machine.name} {source.host} -> {target.host}"


def plug_elsewhere(site: Site, machine: Machine) -> Plugged:
    """Plug an active machine at another host, too, where it is dead; give where that is."""
    site.world.wait_active({"id": machine.id})
    at = site.plugged[machine.id].host
    number = site.choose([h for h in site.hosts() if h != at])
    site.plug(machine, number)
    target = site.plugged[machine.id]
    wait_tag(site.world.host(number).ovs, target.vm, dead=True)
    return target


PLUGS: tuple[Operation, ...] = (trunk, trunk, replaced, numbers, second, handed_over, nameless, elsewhere)
AT_ONCE: tuple[Operation, ...] = (trunk, replaced, numbers)  # wait for nothing
