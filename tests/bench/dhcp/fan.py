"""Thousands of ports on one machine: a load bridge that gives each client a port of its own on br-int.

The generator sends from many MAC addresses into one interface; the load bridge passes each to the patch port
that is this client's, and what comes out of a patch port back to the generator. Only the copies of requests
that a bridge floods to all others end there: delivering thousands for each would measure nothing else.
"""

from collections.abc import Callable, Sequence
from typing import Any

from osken_apps.lab import Host, wait_until
from osken_apps.lab.network import Namespace
from tests.bench.dhcp import ovsdb, plan
from tests.bench.dhcp.ovsdb import Operation, as_map

LOAD_BRIDGE = "br-load"
GENERATOR_OFPORT, FLOOD_OFPORT = 60000, 60001


def join(host: Host, namespace: Namespace, name: str, end: str) -> None:
    """Join a namespace's interface `end` with an interface of the host."""
    host.namespace.ip("link", "add", name, "type", "veth", "peer", "name", end, "netns", namespace.name)
    host.namespace.ip("link", "set", name, "up")
    namespace.ip("link", "set", end, "up")
    namespace.run(["ethtool", "-K", end, "tx", "off"])


def make(host: Host, interface: str, flood: str, iface_ids: Sequence[str], port: dict[str, Any]) -> None:
    """Give br-int a port for each iface-id, with the Port columns `port`, and the load bridge.

    What comes in at the interface `flood` goes to the first port.
    """
    words = ["add-br", LOAD_BRIDGE, "--", "set", "bridge", LOAD_BRIDGE, "datapath_type=netdev"]
    words.append("fail_mode=secure")
    for name, ofport in ((interface, GENERATOR_OFPORT), (flood, FLOOD_OFPORT)):
        words += ["--", "add-port", LOAD_BRIDGE, name]
        words += ["--", "set", "interface", name, f"ofport_request={ofport}"]
    host.ovs.vsctl(*words)
    host.ovs.set_flows(LOAD_BRIDGE, load_flows(len(iface_ids)))
    operations: list[Operation] = []
    for client, iface_id in enumerate(iface_ids):
        operations += patch("l", "c", client, {"ofport_request": client + 1}, {})
        operations += patch("c", "l", client, {"external_ids": as_map({"iface-id": iface_id})}, port)
    for end, bridge in (("l", LOAD_BRIDGE), ("c", "br-int")):
        names = [f"{end}{client}p" for client in range(len(iface_ids))]
        operations.append(ovsdb.add_to_set("Bridge", bridge, "ports", names))
    operations.append({
        "op": "mutate", "table": "Open_vSwitch", "where": [], "mutations": [["next_cfg", "+=", 1]],
    })  # fmt: skip
    ovsdb.transact(host.directory / "db.sock", "Open_vSwitch", operations)
    wait_until(configured(host), 120.0, "ovs-vswitchd to make the ports")


def load_flows(clients: int) -> list[str]:
    """Give the flows of the load bridge."""
    flows = [
        f"priority=2,in_port={GENERATOR_OFPORT},actions=drop",
        f"priority=2,in_port={FLOOD_OFPORT},actions=output:1",
        "priority=1,udp,tp_dst=67,actions=drop",
        f"priority=0,actions=output:{GENERATOR_OFPORT}",
    ]
    for client in range(clients):
        match = f"priority=3,in_port={GENERATOR_OFPORT},dl_src={plan.mac(client)}"
        flows.append(f"{match},actions=output:{client + 1}")
    return flows


def patch(
    end: str, peer: str, client: int, interface: dict[str, Any], port: dict[str, Any]
) -> list[Operation]:
    """Insert one end of a client's patch."""
    name = f"{end}{client}"
    options = as_map({"peer": f"{peer}{client}"})
    row = {"name": name, "type": "patch", "options": options, **interface}
    interfaces = ["named-uuid", f"{name}i"]
    return [
        ovsdb.insert("Interface", row, f"{name}i"),
        ovsdb.insert("Port", {"name": name, "interfaces": interfaces, **port}, f"{name}p"),
    ]


def configured(host: Host) -> Callable[[], bool]:
    """Tell whether ovs-vswitchd has done what the database says."""

    def done() -> bool:
        columns = ["--columns=next_cfg,cur_cfg", "--bare", "list", "Open_vSwitch"]
        wanted, reached = host.run(["ovs-vsctl", "--no-wait", *columns]).stdout.split()
        return wanted == reached

    return done
