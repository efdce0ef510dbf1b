"""A host of 50 ports in a default group of 1,000 members: its flows, and how soon a switch has them."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path

from osken_apps.model.addresses import mac_address
from osken_apps.model.changes import Upserted
from osken_apps.model.fabric import Fabric
from osken_apps.model.host import Interface
from osken_apps.model.host_snapshot import host_snapshot
from osken_apps.model.preparation import prepare
from osken_apps.model.resources import FixedIp, Network, Port
from osken_apps.model.security_groups import Direction, Ethertype, SecurityGroup, SecurityGroupRule
from osken_apps.openflow.difference import Difference
from osken_apps.openflow.wire import FlowBody, FlowKey
from osken_apps.pipeline.desired import FlowEncoder, desired_meters
from tests.golden.scenarios import LAYOUT
from tests.ovs.conftest import Channel, open_vswitch

MEMBERS, PORTS = 1000, 50
GROUP = SecurityGroup(id="default", project_id="p", name="default", number=1)
NETWORK = Network(id="n", project_id="p", name="n", physical_network="default", segmentation_id=1000)


def flows_of_host() -> tuple[Fabric, dict[FlowKey, FlowBody]]:
    """Make the host, and give its integration bridge's flows."""
    fabric = Fabric(LAYOUT)
    fabric.inventory.loaded = True
    fabric.apply(map(Upserted, (NETWORK, GROUP, *_rules(), *map(_port, range(MEMBERS)))))
    names = {f"tap{number}": number + 2 for number in range(PORTS)}
    fabric.observe_bridge("h", "br-int", {"int-br-eth2": 1, **names})
    fabric.observe_bridge("h", "br-eth2", {"phy-br-eth2": 2, "eth2": 1})
    fabric.observe_interfaces("h", [Interface(f"tap{number}", _port(number).id) for number in range(PORTS)])
    prepare(fabric, "h")
    return fabric, FlowEncoder().flows("br-int", LAYOUT, host_snapshot(fabric, "h"))


def _rules() -> Iterator[SecurityGroupRule]:
    ways = ((Direction.EGRESS, None), (Direction.INGRESS, GROUP.id))
    for number, (direction, remote) in enumerate(ways, 1):
        for ethertype in Ethertype:
            yield SecurityGroupRule(
                id=f"rule{number}-{ethertype.value}",
                project_id="p",
                security_group_id=GROUP.id,
                direction=direction,
                ethertype=ethertype,
                remote_group_id=remote,
                number=10 * number + len(ethertype.value),
                set_number=10 * number + (ethertype is Ethertype.IPV6),
            )


def _port(number: int) -> Port:
    return Port(
        id=f"{number:08x}-port",
        project_id="p",
        name="",
        network_id=NETWORK.id,
        mac_address=mac_address(f"fa:16:3e:00:{number >> 8:02x}:{number & 255:02x}"),
        fixed_ips=(FixedIp("s", IPv4Address("10.0.0.10") + number),),
        security_groups=(GROUP.id,),
    )


@contextmanager
def channel() -> Iterator[Channel]:
    """Give a connection to a bridge of an Open vSwitch of its own, with a dummy datapath."""
    with tempfile.TemporaryDirectory() as name, open_vswitch(Path(name)) as switch:
        switch.vsctl("add-br", "br-int", "--", "set", "bridge", "br-int", "datapath_type=dummy")
        made = Channel(switch.management("br-int"))
        try:
            yield made
        finally:
            made.close()


def install_ms(rounds: int) -> tuple[int, float]:
    """Give how many flows the host has, and the median time from sending them until their barrier."""
    fabric, flows = flows_of_host()
    meters = desired_meters("br-int", LAYOUT, host_snapshot(fabric, "h"))
    times = []
    with channel() as made:
        made.install({}, meters.values())
        for _ in range(rounds):
            began = time.perf_counter()
            made.send(Difference(tuple(flows.items())))
            times.append((time.perf_counter() - began) * 1000)
            made.send(Difference((), tuple(flows.items())))
    return len(flows), statistics.median(times)
