"""What ovs-vsctl 3.1 prints of a host, read."""

import json
from dataclasses import replace

import pytest

from osken_apps.cli.ovs_facts import command, host_facts
from osken_apps.errors import Malformed
from osken_apps.model.conditions import BridgeFacts, ControllerFacts, HostFacts, InterfaceFacts, PortFacts
from osken_apps.ovsdb.json_texts import Json

PORT_ID = "53903a95-82aa-4d9f-8c6e-000000000001"
NOTHING = ["set", []]
NO_IDS = ["map", []]


def uuid(name: str) -> list[str]:
    return ["uuid", name]


def table(*rows: dict[str, object]) -> str:
    headings = list(rows[0])
    data = [[row[name] for name in headings] for row in rows]
    return json.dumps({"data": data, "headings": headings}, separators=(",", ":"))


IDS = ["map", [["hostname", "host1"], ["system-id", "4711"]]]
EXTERNAL_IDS = [
    "map",
    [["attached-mac", "fa:16:3e:fe:c7:87"], ["iface-id", PORT_ID], ["osken-net-trunk", "true"]],
]
SETTINGS = ["map", [["local_ip", "192.0.2.1"], ["vlan-limit", "2"]]]
ROOT = table({"_uuid": uuid("r"), "ovs_version": "3.1.0", "external_ids": IDS, "other_config": SETTINGS})
MANAGER = {"_uuid": uuid("m"), "target": "tcp:192.0.2.10:6640", "connection_mode": NOTHING}
MANAGERS = table(MANAGER)
BRIDGE = {
    "_uuid": uuid("br"),
    "name": "br-int",
    "datapath_id": "0000a6c0b9a5d34f",
    "datapath_type": "netdev",
    "fail_mode": "secure",
    "protocols": ["set", ["OpenFlow10", "OpenFlow14"]],
    "controller": uuid("c"),
    "ports": ["set", [uuid("tap"), uuid("int")]],
    "other_config": ["map", [["disable-in-band", "true"]]],
}
CONTROLLER = {
    "_uuid": uuid("c"),
    "target": "tcp:192.0.2.10:6653",
    "connection_mode": "out-of-band",
    "inactivity_probe": NOTHING,
    "max_backoff": NOTHING,
    "is_connected": False,
}
TAP = {
    "_uuid": uuid("tap"),
    "name": "tap1",
    "tag": 4095,
    "vlan_mode": "access",
    "interfaces": uuid("itap"),
    "external_ids": NO_IDS,
}
LINK = {
    "_uuid": uuid("int"),
    "name": "int-br-eth2",
    "tag": NOTHING,
    "vlan_mode": NOTHING,
    "interfaces": uuid("iint"),
    "external_ids": ["map", [["iface-id", "misplaced"]]],
}
TAP_INTERFACE = {
    "_uuid": uuid("itap"),
    "name": "tap1",
    "type": "",
    "options": NO_IDS,
    "error": NOTHING,
    "admin_state": "up",
    "link_state": "down",
    "mtu": 1500,
    "external_ids": EXTERNAL_IDS,
}
LINK_INTERFACE = {
    "_uuid": uuid("iint"),
    "name": "int-br-eth2",
    "type": "patch",
    "options": ["map", [["peer", "phy"]]],
    "error": "no peer",
    "admin_state": NOTHING,
    "link_state": NOTHING,
    "mtu": NOTHING,
    "external_ids": NO_IDS,
}
OUTPUT = [
    ROOT,
    MANAGERS,
    table(BRIDGE),
    table(CONTROLLER),
    table(TAP, LINK),
    table(TAP_INTERFACE, LINK_INTERFACE),
]

FACTS = HostFacts(
    hostname="host1",
    system_id="4711",
    bridges=(
        BridgeFacts(
            "br-int",
            fail_mode="secure",
            protocols=("OpenFlow10", "OpenFlow14"),
            datapath_type="netdev",
            controllers=(ControllerFacts("tcp:192.0.2.10:6653", is_connected=False),),
            ports=(
                PortFacts(
                    "int-br-eth2",
                    interfaces=(
                        InterfaceFacts(
                            "int-br-eth2",
                            type="patch",
                            peer="phy",
                            error="no peer",
                            options=(("peer", "phy"),),
                        ),
                    ),
                    iface_id="misplaced",
                ),
                PortFacts(
                    "tap1",
                    interfaces=(
                        InterfaceFacts(
                            "tap1",
                            admin_up=True,
                            link_up=False,
                            mtu=1500,
                            iface_id=PORT_ID,
                            attached_mac="fa:16:3e:fe:c7:87",
                            is_trunk=True,
                        ),
                    ),
                    tag=4095,
                    vlan_mode="access",
                ),
            ),
        ),
    ),
    managers=("tcp:192.0.2.10:6640",),
    way_to_controller="mgmt",
    tunnel_address="192.0.2.1",
    vlan_limit="2",
    version="3.1.0",
)


def test_the_tables_are_read_into_facts() -> None:
    assert host_facts("\n\n".join(OUTPUT), "mgmt") == FACTS


def test_a_controller_is_in_band_unless_it_says_otherwise() -> None:
    default = table(CONTROLLER | {"is_connected": True, "connection_mode": NOTHING})
    (bridge,) = host_facts("\n".join([*OUTPUT[:3], default, *OUTPUT[4:]])).bridges
    assert bridge.controllers == (ControllerFacts("tcp:192.0.2.10:6653", is_connected=True, in_band=True),)


@pytest.mark.parametrize(
    ("disabled", "manager", "controller", "is_in_band"),
    [
        (NO_IDS, {}, {}, True),  # managers are, unless told otherwise
        (NO_IDS, {"connection_mode": "in-band"}, {}, True),
        (NO_IDS, {"connection_mode": "out-of-band"}, {}, False),
        (NO_IDS, {"connection_mode": "out-of-band"}, {"connection_mode": NOTHING}, True),
        (NO_IDS, {"target": "ptcp:6640"}, {}, False),  # it dials nobody
        (["map", [["disable-in-band", "false"]]], {}, {}, True),
        (["map", [["disable-in-band", "true"]]], {}, {"connection_mode": "in-band"}, False),
    ],
)
def test_a_bridge_is_in_band_unless_all_that_is_dialled_is_not_or_the_bridge_forbids_it(
    disabled: Json, manager: dict[str, Json], controller: dict[str, Json], is_in_band: bool
) -> None:
    managers, controllers = table(MANAGER | manager), table(CONTROLLER | controller)
    bridges = table(BRIDGE | {"other_config": disabled})
    (bridge,) = host_facts("\n".join([ROOT, managers, bridges, controllers, *OUTPUT[4:]])).bridges
    assert bridge.in_band is is_in_band


def test_a_host_without_a_name_is_read_all_the_same() -> None:
    root = table({"_uuid": uuid("r"), "ovs_version": NOTHING, "external_ids": NO_IDS, "other_config": NO_IDS})
    facts = host_facts("\n".join([root, *OUTPUT[1:]]), "mgmt")
    assert facts == replace(FACTS, hostname="", system_id="", tunnel_address="", vlan_limit="", version="")


@pytest.mark.parametrize(
    "output",
    [
        "",
        "ovs-vsctl: no",
        "{}",
        ROOT,
        "[" * 6,
        *("\n".join([ROOT, MANAGERS, bridges, *OUTPUT[3:]]) for bridges in (
            "[]", '{"headings":["_uuid"],"data":[7]}', '{"headings":["name"],"data":[["br-int"]]}',
            table(BRIDGE | {"name": ["set", []]}), table(BRIDGE | {"colour": "red"}),
        )),
    ],
)  # fmt: skip
def test_what_is_not_the_tables_is_refused(output: str) -> None:
    with pytest.raises((ValueError, Malformed)):
        host_facts(output)


def test_all_that_is_read_is_asked_for() -> None:
    assert "--columns=_uuid,target,connection_mode,inactivity_probe,max_backoff,is_connected" in command()
