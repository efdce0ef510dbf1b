"""The tunnel bridge as a host's OVSDB is to have it, and what must be written for that. PURE.

There is one port for all tunnels of a type: where a packet goes, and in which network, its flow says
(`remote_ip=flow`, `key=flow`). What an operator has set besides stays. Source: ovs-vswitchd.conf.db(5).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from osken_apps.model.conditions.facts import BridgeFacts, HostFacts
from osken_apps.model.resources import TUNNEL_TYPES, NetworkType
from osken_apps.model.snapshot import INTEGRATION_TUNNEL_END, TUNNEL_END, HostSnapshot, Layout, tunnel_port

OFPORTS = {NetworkType.VXLAN: 2, NetworkType.GRE: 3, NetworkType.GENEVE: 4}  # asked for, and read back


@dataclass(frozen=True, slots=True)
class PortWish:
    """A port that a bridge is to have, with one interface of its name. `ofport` is asked for, if not 0."""

    bridge: str
    name: str
    type: str
    options: tuple[tuple[str, str], ...]
    ofport: int = 0


@dataclass(frozen=True, slots=True)
class BridgeChange:
    """What must be written: whether the bridge is to be made, what of it is to be as on the integration
    bridge, and the ports that are to be made or put right.
    """

    bridge: str
    like: str
    make: bool
    secure: bool
    controllers: bool
    ports: tuple[PortWish, ...]
    in_band: bool = False

    @property
    def is_repair(self) -> bool:
        """Tell whether another hand has changed the bridge, if the ports that it is to have are the same.

        Controllers may also be others because those of the integration bridge are.
        """
        return self.make or self.secure or self.in_band or bool(self.ports)

    def __bool__(self) -> bool:
        return self.controllers or self.is_repair

    def __str__(self) -> str:
        words = ["bridge"] if self.make else []
        words += ["fail_mode"] if self.secure else []
        words += ["controller"] if self.controllers else []
        words += ["disable-in-band"] if self.in_band else []
        return ", ".join((*words, *(port.name for port in self.ports)))


def bridge_change(host: HostFacts, layout: Layout, snapshot: HostSnapshot) -> BridgeChange | None:
    """Say what must be written for a host's tunnel bridge; None: nothing, or nothing can be yet."""
    integration = host.bridge(layout.integration_bridge)
    wanted = wishes(layout, snapshot)
    if integration is None or not wanted:
        return None
    bridge = host.bridge(layout.tunnel_bridge)
    change = BridgeChange(
        layout.tunnel_bridge,
        layout.integration_bridge,
        make=bridge is None,
        secure=bridge is not None and bridge.fail_mode != "secure",
        controllers=bridge is not None and _targets(bridge) != _targets(integration),
        ports=tuple(wish for wish in wanted if not _is_there(host.bridge(wish.bridge), wish)),
        in_band=bridge is not None and bridge.in_band,
    )
    return change or None


def wishes(layout: Layout, snapshot: HostSnapshot) -> tuple[PortWish, ...]:
    """Give the ports that the networks of a host need; none while it has no tunnel address.

    Those of machines that are on their way to it count: what is made only when one is here, it waits for.
    """
    return tuple(_wishes(layout, snapshot))


def _wishes(layout: Layout, snapshot: HostSnapshot) -> Iterator[PortWish]:
    types = {segment.network_type for segment in snapshot.segments if segment.is_tunnel}
    types |= {waiting.network_type for waiting in snapshot.waiting if waiting.network_type.is_tunnel}
    if not types or snapshot.tunnel_address is None:
        return
    near, far = INTEGRATION_TUNNEL_END, TUNNEL_END
    yield PortWish(layout.integration_bridge, near, "patch", (("peer", far),))
    yield PortWish(layout.tunnel_bridge, far, "patch", (("peer", near),), 1)
    for kind in TUNNEL_TYPES:
        if kind in types:
            options = {"remote_ip": "flow", "key": "flow", "local_ip": str(snapshot.tunnel_address)}
            if kind is not NetworkType.GRE:
                options["csum"] = "true"  # lets the sender's NIC segment, which doubles what gets through
            wanted = tuple(sorted(options.items()))
            yield PortWish(layout.tunnel_bridge, tunnel_port(kind), kind, wanted, OFPORTS[kind])


def _targets(bridge: BridgeFacts) -> list[str]:
    return sorted(controller.target for controller in bridge.controllers)


def _is_there(bridge: BridgeFacts | None, wish: PortWish) -> bool:
    port = bridge.port(wish.name) if bridge else None
    if port is None or len(port.interfaces) != 1:
        return False
    (interface,) = port.interfaces
    return interface.type == wish.type and set(wish.options) <= set(interface.options)
