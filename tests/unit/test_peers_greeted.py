"""When a host looks for its peers: not at every start of the controller, but whenever it was away."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import Mock

import pytest

from osken_apps.apps import runtime
from osken_apps.apps.host import Host
from osken_apps.apps.hosts import Hosts
from osken_apps.apps.tunnel_bridge import TunnelBridge
from osken_apps.model.fabric import Fabric
from osken_apps.pipeline.feature import bridge_of
from osken_apps.pipeline.greetings import greetings
from tests.golden.scenarios import LAYOUT, SCENARIOS

SNAPSHOT = SCENARIOS["tunnels"]


@dataclass
class Connection:
    sent: list[bytes] = field(default_factory=list)

    def send(self, messages: bytes) -> None:
        self.sent.append(messages)


class Site:
    """The tunnel bridge of a host, with what is sent later sent at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, was_away: bool = False) -> None:
        def at_once(_delay_s: float, work: Callable[..., object], *given: Any) -> None:
            work(*given)

        monkeypatch.setattr(runtime, "spawn_after", at_once)
        self.tunnel_bridge = TunnelBridge(Host("h"), Hosts(Fabric(LAYOUT), Mock()), was_away)

    def connects(self) -> list[bytes]:
        """Have the bridge connect and be looked at, twice; give what it was sent."""
        connection = Connection()

        @dataclass
        class Bridge:
            name: str
            connection: Connection
            send: Callable[[bytes], None]

        for _ in range(2):
            self.tunnel_bridge.greet_peers(Bridge("br-tun", connection, connection.send), SNAPSHOT)  # type: ignore[arg-type]
        return connection.sent


@pytest.fixture
def greeting() -> bytes:
    bridge = bridge_of("br-tun", LAYOUT, SNAPSHOT)
    assert bridge
    return b"".join(greetings(bridge, {}))


def test_where_all_stands_at_the_controllers_start_nobody_is_greeted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Site(monkeypatch).connects() == []


def test_a_bridge_that_connects_again_has_all_its_peers_greeted_twice(
    monkeypatch: pytest.MonkeyPatch, greeting: bytes
) -> None:
    site = Site(monkeypatch)
    site.connects()
    assert site.connects() == [greeting, greeting]


def test_so_has_one_of_a_host_that_was_gone(monkeypatch: pytest.MonkeyPatch, greeting: bytes) -> None:
    assert Site(monkeypatch, was_away=True).connects() == [greeting, greeting]


def test_a_bridge_with_new_flows_is_greeted_for(monkeypatch: pytest.MonkeyPatch, greeting: bytes) -> None:
    site = Site(monkeypatch)
    site.tunnel_bridge.is_to_greet = True
    assert site.connects() == [greeting, greeting]
