"""What of a host may serve what the controller does not know, and so is not ended. PURE."""

from collections.abc import Iterable
from itertools import chain

from osken_apps.model.fabric_view import FabricView
from osken_apps.model.host import ShownHost
from osken_apps.model.resources import Network, Port
from osken_apps.model.snapshot import INTEGRATION_TUNNEL_END, Wire, integration_end, is_integration_end


def unseen(fabric: FabricView, host: ShownHost) -> dict[str, int]:
    """Give, with its ofport, what was not dead on a host when its flows were first read, and OVSDB has not
    shown what it is: it may be of ports that the store does not know, or has where they are awaited.
    """
    if host.has_ovsdb or host.interfaces or fabric.remove_unknown:
        return {}
    inventory = fabric.inventory
    ports = {claim: inventory.port_claimed_by(claim) for claim in host.claims}
    elsewhere = {
        claim for claim, port in ports.items() if port and fabric.is_awaited_elsewhere(host, port.id)
    }
    known = filter(inventory.knows, host.claims.keys() - elsewhere)
    of_known = set(chain.from_iterable(host.claims[claim] for claim in known))
    others = host.first_carrying.keys() - of_known - {INTEGRATION_TUNNEL_END}
    return {name: host.first_carrying[name] for name in others if not is_integration_end(name)}


def lost_networks(fabric: FabricView, host: ShownHost, ports: Iterable[Port]) -> list[str]:
    """Name the physical networks of ports that have no bridge any more, or one that a host lacks while its
    flows led to another.
    """
    networks = (fabric.inventory.networks[network_id] for network_id in {port.network_id for port in ports})
    on_wires = (network for network in networks if not network.network_type.is_tunnel)
    return sorted({network.physical_network for network in on_wires if _is_lost(fabric, host, network)})


def wire_at(fabric: FabricView, host: ShownHost, network: Network) -> Wire | None:
    """Say where a network's frames pass; where a host has lost its bridge, where flows led to it when they
    were first read, if they cannot have been another network's. None: it is not known.
    """
    if network.network_type.is_tunnel or not _is_lost(fabric, host, network):
        return fabric.layout.wire_of(network)
    wires = _wires_of_before(fabric, host, network)
    return wires.pop() if len(wires) == 1 and not _has_twin(fabric, network) else None


def _is_lost(fabric: FabricView, host: ShownHost, network: Network) -> bool:
    bridge = fabric.layout.bridge_of(network.physical_network)
    if bridge is None:
        return True
    ends = host.ofports.get(fabric.layout.integration_bridge, {})
    if bridge in host.ofports or integration_end(bridge) in ends:
        return False
    return bool(_wires_of_before(fabric, host, network))


def _wires_of_before(fabric: FabricView, host: ShownHost, network: Network) -> set[Wire]:
    """Give the wires of a network's VLAN id that flows led to when they were first read, and links are to."""
    ends = host.ofports.get(fabric.layout.integration_bridge, {})
    led = {wire for named in host.first_flow_vlans.values() for _, wire in named if wire}
    return {
        wire for wire in led if wire.number == network.segmentation_id and integration_end(wire.way) in ends
    }


def _has_twin(fabric: FabricView, network: Network) -> bool:
    """Tell whether another network has the VLAN id of one, on whichever physical network."""
    return any(
        other.segmentation_id == network.segmentation_id
        for other in fabric.inventory.networks.values()
        if other.id != network.id and not other.network_type.is_tunnel
    )
