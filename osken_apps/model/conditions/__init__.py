"""What is wrong with a host, in words, with the remedy: from what its OVSDB shows. PURE.

The controller and `osken-net host-check` say the same, because both ask here.
"""

from osken_apps.model.conditions import bridges, interfaces, tunnels, wiring
from osken_apps.model.conditions.condition import Code, Condition, Expected, TunnelNeeds
from osken_apps.model.conditions.facts import (
    LINK_TYPES,
    TRUNK_KEY,
    BridgeFacts,
    ControllerFacts,
    HostFacts,
    InterfaceFacts,
    PortFacts,
    tunnel_address,
)
from osken_apps.model.conditions.foreign import ForeignFlow, of_foreign_flows
from osken_apps.model.conditions.iface_ids import PortDirectory
from osken_apps.model.conditions.wiring import nics_of

__all__ = [
    "LINK_TYPES",
    "TRUNK_KEY",
    "BridgeFacts",
    "Code",
    "Condition",
    "ControllerFacts",
    "Expected",
    "ForeignFlow",
    "HostFacts",
    "InterfaceFacts",
    "PortDirectory",
    "PortFacts",
    "TunnelNeeds",
    "conditions",
    "nics_of",
    "of_foreign_flows",
    "tunnel_address",
]


def conditions(host: HostFacts, expected: Expected) -> tuple[Condition, ...]:
    """Give all that is wrong with a host: its connections first, then the wiring, tunnels, interfaces."""
    return (
        *bridges.of_host(host, expected),
        *bridges.of_bridges(host, expected),
        *wiring.of_patches(host, expected),
        *wiring.of_nics(host, expected),
        *tunnels.of_tunnels(host, expected),
        *interfaces.of_interfaces(host, expected),
    )
