"""What ovs-vsctl 3.1 prints of a host, read."""

import json

import pytest

from osken_apps.cli.ovs_facts import TABLES, host_facts
from osken_apps.model.conditions import BridgeFacts, ControllerFacts, HostFacts, InterfaceFacts, PortFacts

PORT_ID = "53903a95-82aa-4d9f-8c6e-000000000001"
NOTHING = ["set", []]
NO_IDS = ["map", []]


def uuid(name: str) -> list[str]:
    return ["uuid", name]


def table(name: str, *rows: list[object]) -> str:
    return json.dumps({"data": rows, "headings": TABLES[name].split(",")}, separators=(",", ":"))


IDS = ["map", [["hostname", "host1"], ["system-id", "4711"]]]
EXTERNAL_IDS = [
    "map",
    [["attached-mac", "fa:16:3e:fe:c7:87"], ["iface-id", PORT_ID], ["osken-net-trunk", "true"]],
]
LOCAL_IP = ["map", [["local_ip", "192.0.2.1"]]]
ROOT = table("Open_vSwitch", [IDS, LOCAL_IP, uuid("br"), uuid("m")])
MANAGERS = table("Manager", [uuid("m"), "tcp:192.0.2.10:6640"])
BRIDGES = table(
    "Bridge", [uuid("br"), "br-int", "secure", ["set", ["OpenFlow10", "OpenFlow14"]], "netdev", uuid("c"),
               ["set", [uuid("tap"), uuid("int")]]],
)  # fmt: skip
CONTROLLERS = table("Controller", [uuid("c"), "tcp:192.0.2.10:6653", False, "out-of-band"])
PORTS = table(
    "Port",
    [uuid("tap"), "tap1", 4095, "access", uuid("itap"), NO_IDS],
    [uuid("int"), "int-br-eth2", NOTHING, NOTHING, uuid("iint"), ["map", [["iface-id", "misplaced"]]]],
)
INTERFACES = table(
    "Interface",
    [uuid("itap"), "tap1", "", NO_IDS, NOTHING, "up", "down", 1500, EXTERNAL_IDS],
    [
        uuid("iint"),
        "int-br-eth2",
        "patch",
        ["map", [["peer", "phy"]]],
        "no peer",
        NOTHING,
        NOTHING,
        NOTHING,
        NO_IDS,
    ],
)
OUTPUT = [ROOT, MANAGERS, BRIDGES, CONTROLLERS, PORTS, INTERFACES]

FACTS = HostFacts(
    "host1",
    "4711",
    (
        BridgeFacts(
            "br-int",
            "secure",
            ("OpenFlow10", "OpenFlow14"),
            "netdev",
            (ControllerFacts("tcp:192.0.2.10:6653", is_connected=False),),
            (
                PortFacts(
                    "tap1",
                    (
                        InterfaceFacts(
                            "tap1", "", "", "", True, False, 1500, PORT_ID, "fa:16:3e:fe:c7:87", is_trunk=True
                        ),
                    ),
                    4095,
                    "access",
                ),
                PortFacts(
                    "int-br-eth2",
                    (InterfaceFacts("int-br-eth2", "patch", "phy", "no peer"),),
                    iface_id="misplaced",
                ),
            ),
        ),
    ),
    ("tcp:192.0.2.10:6640",),
    "mgmt",
    "192.0.2.1",
)


def test_the_tables_are_read_into_facts() -> None:
    assert host_facts("\n\n".join(OUTPUT), "mgmt") == FACTS


def test_a_controller_is_in_band_unless_it_says_otherwise() -> None:
    default = table("Controller", [uuid("c"), "tcp:192.0.2.10:6653", True, NOTHING])
    (bridge,) = host_facts("\n".join([*OUTPUT[:3], default, *OUTPUT[4:]])).bridges
    assert bridge.controllers == (ControllerFacts("tcp:192.0.2.10:6653", is_connected=True, in_band=True),)


@pytest.mark.parametrize("output", ["", "ovs-vsctl: no", "{}", ROOT, "[" * 6])
def test_what_is_not_the_tables_is_refused(output: str) -> None:
    with pytest.raises((KeyError, ValueError)):
        host_facts(output)
