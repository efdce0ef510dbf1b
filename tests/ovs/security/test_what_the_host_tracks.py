"""A packet that the host's own kernel has tracked comes in as what it says that it is, to be tracked anew.

`ofproto/trace` plays the kernel: it takes what a packet has tracked from the question.
"""

import pytest

from osken_apps.model.conditions.releases import without_ct_clear
from tests.ovs.security.cast import CAROL, FREE, Machine, enter
from tests.ovs.security.hosts import World
from tests.ovs.trace.ofproto import Left, datapath_ports, said

HOST = "host2"
SSH, HIGH = 22, 40000


@pytest.fixture(scope="module", autouse=True)
def machines(world: World) -> None:
    enter(world)


def left(world: World, sender: str, receiver: Machine, tracked: str = "") -> list[Left]:
    """Give where the first packet of a connection to a machine goes that comes in at a port of the host."""
    host = world.hosts[HOST]
    words = (
        f"in_port={host.ofports['br-int'][sender]}",
        f"tcp,dl_src={FREE.mac},dl_dst={receiver.mac},nw_src={FREE.ip},nw_dst={receiver.ip}",
        f"tp_src={HIGH},tp_dst={SSH}",
        *([f"dl_vlan={host.tags['free']}"] if sender == "trunk" else []),
        *([tracked] if tracked else []),
    )
    answer = host.control.call("ofproto/trace", "--ct-next", "trk,new", "br-int", ",".join(words))
    return said(answer, datapath_ports(host.control.call("dpif/show"))).left


@pytest.mark.parametrize("sender", ["free", "trunk"])
def test_what_the_host_takes_for_an_answer_is_none_but_where_open_vswitch_ignores_ct_clear(
    world: World, sender: str
) -> None:
    version = world.hosts[HOST].control.call("version").split()[-1]
    opened = f"ct_nw_src={CAROL.ip},ct_nw_dst={FREE.ip},ct_nw_proto=6,ct_tp_src={SSH},ct_tp_dst={HIGH}"
    assert left(world, sender, CAROL) == []
    through = left(world, sender, CAROL, f"ct_state=trk|est|rpl,{opened}")
    assert through == ([("carol", (), "")] if without_ct_clear(version) else [])
