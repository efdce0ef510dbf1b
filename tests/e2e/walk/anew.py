"""What is deleted and made anew by the API while machines are plugged."""

from tests.e2e.walk.changes import Operation, network_of_sentinels, some_groups
from tests.e2e.walk.model import Network
from tests.e2e.walk.site import Site, fixed


def subnet(site: Site) -> str:
    """Delete a subnet and make it anew; the network's ports have other addresses of it then."""
    network = site.choose(others(site))
    cidr = site.choose(network.subnets)
    (old,) = [s["id"] for s in site.api.list("subnet", f"network_id={network.id}") if s["cidr"] == str(cidr)]
    ports = site.api.list("port", f"network_id={network.id}")
    left = {p["id"]: [each for each in p["fixed_ips"] if each["subnet_id"] != old] for p in ports}
    there = [m for m in site.model.machines.values() if m.network == network.id]
    for machine in there:
        site.api.update("port", machine.id, fixed_ips=left[machine.id])
    site.api.delete("subnet", old)
    made = site.api.create("subnet", network_id=network.id, cidr=str(cidr), ip_version=cidr.version)
    site.random.shuffle(there)
    for machine in there:
        anew = {"subnet_id": made["id"]}
        wanted = [anew, *left[machine.id]] if cidr.version == 4 else [*left[machine.id], anew]
        machine.addresses = fixed(site.api.update("port", machine.id, fixed_ips=wanted))
        site.dress(machine)
    return f"{network.name} {cidr}"


def network(site: Site) -> str:
    """Delete a network with its ports and make it anew; its machines get ports of the new one.

    What was plugged for the old ports is dead; some of it is unplugged.
    """
    old = site.choose(others(site))
    id = old.segmentation_id
    there = [m for m in site.model.machines.values() if m.network == old.id]
    hosts = [site.plugged[m.id].host for m in there if m.id in site.plugged]
    for machine in there:
        site.api.delete("port", machine.id)
        del site.model.machines[machine.id]
    site.api.delete("network", old.id)
    del site.model.networks[old.id]
    if id is not None and site.random.random() < 0.5:
        taken = {n.segmentation_id for n in site.model.networks.values()}
        id = site.choose([free for free in range(1000, 1012) if free not in taken])
    number = old.cidr.network_address.packed[1]
    made = site.make_network(number, old.kind, old.guarded, id)
    for machine in there:
        if machine.id in site.plugged and site.random.random() < 0.5:
            site.unplug(machine.id)
    for host in hosts:
        groups = {"security_groups": some_groups(site)} if made.guarded else {}
        site.plug(site.make_machine(made, **groups), host)
    return f"{made.name} {old.segmentation_id} -> {id}, {len(hosts)} machines"


def others(site: Site) -> list[Network]:
    """Give the networks besides the sentinels'."""
    return [n for n in site.model.networks.values() if n.id != network_of_sentinels(site)]


ANEW: tuple[Operation, ...] = (subnet, network)
