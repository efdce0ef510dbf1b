"""What a step does to the controller and to hosts. What may cost the sentinels pings is in `DISTURBING`."""

import copy
import signal
from ipaddress import ip_interface

from osken_apps.lab import PATIENCE_S, wait_until
from tests.e2e.test_hosts import make_bare, set_up
from tests.e2e.walk.changes import Operation, move, plug, unplug
from tests.e2e.walk.model import Machine
from tests.e2e.walk.plugs import numbers, plug_elsewhere, replaced, some_active, wait_tag
from tests.e2e.walk.site import DEAD_TAG, Site, undress


def stop(site: Site) -> str:
    """End the controller one way or the other, move two machines meanwhile, and start it."""
    number = site.choose([signal.SIGKILL, signal.SIGTERM])
    site.world.controller.stop(number)
    done = [
        f"{each.__name__} {each(site)}"
        for each in (site.choose([move, plug, unplug]) for _ in range(site.choose([0, 2])))
    ]
    site.world.controller.start()
    return f"{number.name}; {'; '.join(done)}"


def all_down(site: Site) -> str:
    """Restart a host's daemons while the controller is down, and plug machines meanwhile."""
    site.world.controller.stop(site.choose([signal.SIGKILL, signal.SIGTERM]))
    meanwhile = [vswitchd, ovsdb, flows, integration, move, replaced, numbers]
    done = [f"{each.__name__} {each(site)}" for each in site.random.sample(meanwhile, 2)]
    site.world.controller.start()
    return "; ".join(done)


def rest(site: Site) -> str:
    pid = site.rest_process()
    site.world.host(1).run(["kill", "-KILL", str(pid)])
    wait_until(lambda: site.rest_process() not in (0, pid), PATIENCE_S, "a new REST process")
    wait_until(site.api.answers, PATIENCE_S, "the API")
    return ""


def remember(site: Site) -> str:
    site.remember()
    return ""


def restore(site: Site) -> str | None:
    """Put the backup in the store's place: what was plugged meanwhile stays where it is.

    Such a machine gives its addresses up, as the store may give them to another.
    """
    if not site.backup:
        return None
    model, file = site.backup
    site.world.controller.stop()
    database = file.with_name("osken-net.db")
    for end in ("-wal", "-shm"):
        database.with_name(database.name + end).unlink(missing_ok=True)
    database.write_bytes(file.read_bytes())
    site.model = copy.deepcopy(model)
    site.unknown = set(site.plugged) - set(model.machines)
    for id in site.unknown:
        undress(site.plugged[id].vm)
    for id in site.plugged.keys() - site.unknown:
        give_back(site, site.model.machines[id])
    site.world.controller.start()
    return f"{len(site.unknown)} are not known"


def give_back(site: Site, machine: Machine) -> None:
    """Give a plugged machine the addresses that its port has again; another MAC needs another plug."""
    at = site.plugged[machine.id]
    if at.vm.mac == machine.mac:
        site.dress(machine)
    else:
        site.unplug(machine.id)
        site.plug(machine, at.host)


def vswitchd(site: Site) -> str:
    number = site.choose(site.hosts())
    ovs = site.world.host(number).ovs
    ovs.kill_vswitchd()
    ovs.start_vswitchd()
    site.prepare(number)
    return f"{number}"


def ovsdb(site: Site) -> str:
    number = site.choose(site.hosts())
    site.world.host(number).ovs.restart_ovsdb()
    return f"{number}"


def manager(site: Site) -> str:
    number = site.choose(site.hosts())
    ovs = site.world.host(number).ovs
    ovs.disconnect_ovsdb()
    if site.random.random() < 0.5:
        wait_until(lambda: not site.world.has_ovsdb(site.names[number]), PATIENCE_S, "the session's end")
    ovs.connect_ovsdb()
    return f"{number}"


def controllers(site: Site) -> str:
    number = site.choose(site.hosts())
    ovs = site.world.host(number).ovs
    ovs.disconnect()
    ovs.connect()
    return f"{number}"


def flows(site: Site) -> str:
    number = site.choose(site.hosts())
    ovs = site.world.host(number).ovs
    bridge = site.choose(ovs.vsctl("list-br").split())
    ovs.ofctl("del-flows", bridge)
    return f"{number} {bridge}"


def setup_again(site: Site) -> str:
    for number in site.hosts():
        set_up(site.world.host(number))
    return ""


def set_up_anew(site: Site, number: int) -> None:
    """Make what a host lacks by host-setup, and give it its address on the wire again."""
    host = site.world.host(number)
    set_up(host)
    host.ovs.vsctl("set", "port", "br-eth2", "tag=0")
    site.prepare(number)


def bare(site: Site) -> str:
    """Delete a host's bridges and make them anew by host-setup; its machines are plugged again."""
    number = site.choose(site.hosts())
    host = site.world.host(number)
    make_bare(host)
    if "br-tun" in host.ovs.vsctl("list-br"):
        host.ovs.vsctl("del-br", "br-tun")
    set_up_anew(site, number)
    plug_again(site, number)
    return f"{number}"


def plug_again(site: Site, number: int) -> None:
    """Plug all that was plugged into a host's integration bridge."""
    for plugged in site.plugged.values():
        if plugged.host == number:
            plugged.vm.plug.put_in(external_ids=True, tag=None)
    stranger = site.strangers.get(number)
    if stranger:
        stranger.vm.plug.put_in(external_ids=False, tag=DEAD_TAG)
        stranger.is_trunk = False


def integration(site: Site) -> str:
    """Delete a host's integration bridge and make it anew by host-setup; its machines are plugged again."""
    number = site.choose(site.hosts())
    site.world.host(number).ovs.vsctl("del-br", "br-int")
    set_up_anew(site, number)
    plug_again(site, number)
    return f"{number}"


def physical(site: Site) -> str:
    """Delete a host's physical bridge and make it anew by host-setup."""
    number = site.choose(site.hosts())
    site.world.host(number).ovs.vsctl("del-br", "br-eth2")
    set_up_anew(site, number)
    return f"{number}"


def power(site: Site) -> str:
    """Cut a host's power; some of its machines start elsewhere, and it comes back with what it had."""
    number = site.choose(site.hosts())
    host = site.world.host(number)
    there = [m for m in site.movable() if site.plugged[m.id].host == number]
    away = site.random.sample(there, min(len(there), site.choose([0, 1, 2])))
    host.cut_power()
    old = []
    for machine in away:
        old.append(site.plugged.pop(machine.id).vm)
        old[-1].namespace.ip("link", "set", "eth0", "down")
        site.plug(machine, site.choose([h for h in site.hosts() if h != number]))
    for machine in away:
        if site.model.is_active(machine):
            wait_bound(site, machine)
    host.power_on()
    site.prepare(number)
    if site.random.random() < 0.5:
        host.ovs.wait_connected()
        for vm in old:
            wait_tag(host.ovs, vm, dead=True)
    for vm in old:
        vm.unplug()
    return f"{number}; {[m.name for m in away]} elsewhere"


def migrate(site: Site) -> str | None:
    """Migrate a machine live, or cancel it at the last moment."""
    found = some_active(site)
    if not found:
        return None
    machine, source, _ = found
    target = plug_elsewhere(site, machine)
    if site.random.random() < 0.3:
        site.plugged[machine.id] = source
        target.vm.unplug()
        return f"{machine.name} on {source.host}, cancelled to {target.host}"
    target.vm.take_over(source.vm)
    wait_bound(site, machine)
    source.vm.unplug()
    return f"{machine.name} {source.host} -> {target.host}"


def wait_bound(site: Site, machine: Machine) -> None:
    """Wait until the API says that a machine's port is where it is plugged."""
    name = site.names[site.plugged[machine.id].host]

    def is_there() -> bool:
        return bool(site.api.show("port", machine.id)["binding:vif_details"]["host"] == name)

    wait_until(is_there, PATIENCE_S, f"{machine.name} to be at {name}")


def rename(site: Site) -> str:
    number = site.choose(site.hosts())
    site.made += 1
    name = f"host{number}" if site.names[number] != f"host{number}" else f"name{site.made}"
    site.world.host(number).ovs.vsctl("set", "Open_vSwitch", ".", f"external_ids:hostname={name}")
    site.names[number] = name
    return f"{number} {name}"


def reached(site: Site) -> str:
    """Give a host another address on the wire, where its tunnels end from then on."""
    number = site.choose(site.hosts())
    host = site.world.host(number)
    site.made += 1
    old = ip_interface(f"{site.underlay[host.name]}/24")
    address = str(old.network[10 * number + 100 + site.made % 10])
    site.underlay[host.name] = address
    host.namespace.ip("addr", "flush", "dev", "br-eth2")
    site.prepare(number)
    host.ovs.vsctl("set", "Open_vSwitch", ".", f"other_config:local_ip={address}")
    return f"{number} {old.ip} -> {address}"


FAULTS: tuple[Operation, ...] = (
    stop, stop, all_down, rest, remember, restore, vswitchd, ovsdb, manager, controllers, flows, setup_again,
    bare, reached, integration, physical, power, migrate, migrate, rename,
)  # fmt: skip
DISTURBING = frozenset(
    {vswitchd, controllers, flows, bare, reached, integration, physical, power, ovsdb, all_down}
)
