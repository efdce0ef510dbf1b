"""Where the bridges of a host have heard machines, as far as it is known."""

from dataclasses import replace

import pytest

from osken_apps.explain.facts import FrameFacts, Known, Place, Source
from osken_apps.explain.frames import explain_frame
from osken_apps.model.snapshot import HostSnapshot, Segment
from osken_apps.trace.connections import NEW
from osken_apps.trace.words import frame_of_words
from tests.golden.scenarios import LAYOUT, LINKS, SERVER1, bound
from tests.unit.explain_facts import NOW, VM1, VM2, host, seen

HERE = Segment("net1", "default", 1000, local_vlan=4)
TAPS = {"tap1": 2, "tap2": 5}
BOTH = HostSnapshot(
    "host1",
    {**LINKS, "br-int": {**LINKS["br-int"], **TAPS}},
    (HERE,),
    (bound(VM1, "tap1", 2, HERE, SERVER1), bound(VM2, "tap2", 5, HERE, SERVER1)),
)


@pytest.mark.parametrize(
    ("tag", "says"),
    [
        (4, "It goes to tap2 of host1."),
        (7, "It leaves by eth2 of host1 with VLAN 1000."),
        (4095, "It leaves by eth2 of host1 with VLAN 1000."),
    ],
)
def test_a_machine_whose_interface_has_another_tag_was_not_heard_in_its_network(tag: int, says: str) -> None:
    at = host(BOTH, tags=Known({"tap1": 4, "tap2": tag}, Source.OVSDB, NOW))
    ports = tuple(
        replace(seen(port), place=Place("host1", name, TAPS[name]))
        for port, name in ((VM1, "tap1"), (VM2, "tap2"))
    )
    given = FrameFacts(
        at=NOW, layout=LAYOUT, host="host1", bridge="br-int", ofport=2, hosts={"host1": at}, ports=ports
    )
    words = ["icmp", f"dl_src={VM1.mac_address}", f"dl_dst={VM2.mac_address}", "icmp_type=8"]
    assert explain_frame(given, frame_of_words(words), NEW).verdict.sentence == says
