"""The replica of a real host's OVSDB: after any changes it is what a session that begins later is shown."""

import random
from collections.abc import Iterator
from typing import Any

import eventlet

from osken_apps.apps.ovsdb.session import OvsdbSession
from osken_apps.ovsdb.tables import TABLES
from tests.ovs.conftest import Switch
from tests.ovs.test_tunnel_bridge import Host, with_host

CHANGES = 60
VERSIONS = ("OpenFlow13", "OpenFlow14", "OpenFlow15")


def rows(session: OvsdbSession) -> dict[str, Any]:
    """Give all rows by table and UUID, sets in order."""
    replica = session._session.replica
    return {
        name: {
            uuid: [sorted(value) if isinstance(value, tuple) else value for value in row]
            for uuid, row in replica.rows(table.row).items()  # type: ignore[type-var]
        }
        for name, table in TABLES.items()
    }


def changes(generator: random.Random) -> Iterator[list[str]]:
    """Give changes as an operator makes them: of values, sets and maps, of rows that come and go."""
    ports: list[str] = []
    for number in range(CHANGES):
        name = generator.choice(ports) if ports else ""
        match generator.randrange(10) if ports else 0:
            case 0:
                ports.append(f"p{number}")
                yield ["add-port", "br-int", ports[-1], "--", *_internal(ports[-1])]
            case 1:
                ports.remove(name)
                yield ["del-port", name]
            case 2:
                yield ["set", "port", name, f"tag={generator.randrange(1, 3)}", "vlan_mode=access"]
            case 3:
                yield ["clear", "port", name, "tag"]
            case 4:
                key = generator.choice("ab")
                yield ["set", "interface", name, f"external_ids:{key}={generator.randrange(2)}"]
            case 5:
                yield ["remove", "interface", name, "external_ids", generator.choice("ab")]
            case 6:
                versions = generator.sample(
                    ["OpenFlow13", "OpenFlow14", "OpenFlow15"], generator.randrange(1, 4)
                )
                yield ["set", "bridge", "br-int", f"protocols={','.join(versions)}"]
            case 7:
                yield ["clear", "interface", name, "external_ids"]
            case 8:
                yield ["del-port", name, "--", "add-port", "br-int", name, "tag=3", "--", *_internal(name)]
            case 9:
                targets = [f"tcp:127.0.0.1:{port}" for port in range(9, 9 + generator.randrange(1, 3))]
                yield ["set-controller", "br-int", *targets]


def _internal(name: str) -> list[str]:
    return ["set", "interface", name, "type=internal"]


def test_it_follows_a_real_server_through_any_changes(switch: Switch) -> None:
    def work(host: Host) -> None:
        host.view()
        for change in changes(random.Random(1)):
            host.vsctl(*change)
        afterwards = Host(switch)
        try:
            afterwards.view()
            with eventlet.Timeout(10):
                while rows(host.session) != rows(afterwards.session):
                    eventlet.sleep(0.01)
        finally:
            afterwards.close()
        assert rows(host.session)["Port"]

    with_host(switch, work)
