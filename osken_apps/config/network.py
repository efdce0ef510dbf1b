"""The options of `[network]`: bridges, and the pools of segmentation ids and MTUs of what they lead to."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from oslo_config import cfg

from osken_apps.errors import ConfigurationError
from osken_apps.model.resources import TUNNEL_OCTETS, NetworkType
from osken_apps.model.well_known import DEFAULT_MTU
from osken_apps.networking.networks import MIN_MTU
from osken_apps.networking.physical import PhysicalNetworks, TunnelRange, VlanRange
from osken_apps.networking.segments import TUNNEL_IDS, VLAN_IDS

MAX_PHYSICAL_BRIDGE_NAME = 11
MAX_MTU = 65535
INTERFACE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,15}")

NETWORK_OPTS = [
    cfg.StrOpt("integration_bridge", default="br-int", help="Name of the bridge that machines plug into."),
    cfg.ListOpt(
        "bridge_mappings",
        default=["default:br-eth2"],
        help="Physical networks and their bridges: physical_network:bridge, separated by commas.",
    ),
    cfg.ListOpt(
        "vlan_ranges",
        default=["default:1000:2999"],
        help="Pools of segmentation ids: physical_network:first:last, separated by commas.",
    ),
    cfg.ListOpt(
        "physical_mtus",
        default=[],
        help="MTUs of physical networks that carry more or less than 1500 octets: physical_network:mtu,"
        " separated by commas. It is the default and the maximum of their networks' MTU.",
    ),
    cfg.ListOpt(
        "tenant_network_types",
        default=["vlan"],
        help="Types that a network without provider attributes takes, the first with a free segmentation id:"
        " vlan, vxlan, gre, geneve.",
    ),
    cfg.ListOpt(
        "tunnel_ranges",
        default=["vxlan:1:1000", "gre:1:1000", "geneve:1:1000"],
        help="Pools of segmentation ids of networks over tunnels: type:first:last, separated by commas.",
    ),
    cfg.StrOpt(
        "tunnel_bridge",
        default="br-tun",
        help="Name of the bridge that the controller makes on hosts that have networks over tunnels.",
    ),
    cfg.IntOpt(
        "underlay_mtu",
        default=DEFAULT_MTU,
        min=1330,
        max=MAX_MTU,
        help="MTU between the hosts' tunnel addresses. Networks of type vxlan or geneve have at most 50 less,"
        " those of type gre 42.",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """The bridges of a host and the pools of segmentation ids."""

    integration_bridge: str
    bridge_mappings: tuple[tuple[str, str], ...]
    vlan_ranges: tuple[VlanRange, ...]
    physical_mtus: tuple[tuple[str, int], ...] = ()
    tenant_types: tuple[NetworkType, ...] = (NetworkType.VLAN,)
    tunnel_ranges: tuple[TunnelRange, ...] = ()
    tunnel_bridge: str = "br-tun"
    underlay_mtu: int = DEFAULT_MTU

    @property
    def physical(self) -> PhysicalNetworks:
        """What the rules of networks must know of what these are on."""
        names = tuple(name for name, _ in self.bridge_mappings)
        return PhysicalNetworks(
            names,
            self.vlan_ranges,
            self.physical_mtus,
            self.tunnel_ranges,
            self.tenant_types,
            self.underlay_mtu,
        )


def network_config(network: Any) -> NetworkConfig:
    """Check the options of `[network]`. Raises ConfigurationError."""
    config = NetworkConfig(
        integration_bridge=_bridge_name("[network] integration_bridge", network.integration_bridge),
        bridge_mappings=_bridge_mappings(network.bridge_mappings),
        vlan_ranges=tuple(_vlan_range(text) for text in network.vlan_ranges),
        physical_mtus=tuple(_physical_mtu(text) for text in network.physical_mtus),
        tenant_types=tuple(_tenant_type(text) for text in network.tenant_network_types),
        tunnel_ranges=tuple(_tunnel_range(text) for text in network.tunnel_ranges),
        tunnel_bridge=_bridge_name("[network] tunnel_bridge", network.tunnel_bridge),
        underlay_mtu=network.underlay_mtu,
    )
    _check(config)
    return config


def _bridge_name(option: str, name: str) -> str:
    if not INTERFACE_NAME.fullmatch(name):
        raise ConfigurationError(f"{option}: {name!r} is not a bridge name")
    return name


def _bridge_mappings(texts: list[str]) -> tuple[tuple[str, str], ...]:
    mappings = []
    for text in texts:
        physical_network, colon, bridge = text.partition(":")
        if not colon or not physical_network:
            raise ConfigurationError(
                f"[network] bridge_mappings: {text!r} is not of the form physical_network:bridge"
            )
        if len(bridge) > MAX_PHYSICAL_BRIDGE_NAME:
            raise ConfigurationError(
                f"[network] bridge_mappings: {bridge!r} is longer than {MAX_PHYSICAL_BRIDGE_NAME} characters:"
                f" its end on the integration bridge could not be named int-{bridge}"
            )
        mappings.append((physical_network, _bridge_name("[network] bridge_mappings", bridge)))
    return tuple(mappings)


def _vlan_range(text: str) -> VlanRange:
    match = re.fullmatch(r"([^:]+):([0-9]{1,10}):([0-9]{1,10})", text)
    if not match:
        raise ConfigurationError(
            f"[network] vlan_ranges: {text!r} is not of the form physical_network:first:last"
        )
    first, last = int(match[2]), int(match[3])
    least, most = VLAN_IDS[0], VLAN_IDS[-1]
    if not least <= first <= last <= most:
        raise ConfigurationError(f"[network] vlan_ranges: {text!r} is not within {least}..{most}")
    return VlanRange(match[1], first, last)


def _tenant_type(text: str) -> NetworkType:
    kinds = (NetworkType.VLAN, *TUNNEL_OCTETS)
    if text not in kinds:
        raise ConfigurationError(f"[network] tenant_network_types: {text!r} is not one of {', '.join(kinds)}")
    return NetworkType(text)


def _tunnel_range(text: str) -> TunnelRange:
    match = re.fullmatch(r"(vxlan|gre|geneve):([0-9]{1,10}):([0-9]{1,10})", text)
    if not match:
        raise ConfigurationError(f"[network] tunnel_ranges: {text!r} is not of the form type:first:last")
    kind, first, last = NetworkType(match[1]), int(match[2]), int(match[3])
    ids = TUNNEL_IDS[kind]
    if not ids[0] <= first <= last <= ids[-1]:
        raise ConfigurationError(f"[network] tunnel_ranges: {text!r} is not within {ids[0]}..{ids[-1]}")
    return TunnelRange(kind, first, last)


def _physical_mtu(text: str) -> tuple[str, int]:
    physical_network, _, mtu = text.rpartition(":")
    least = MIN_MTU[4]
    if not physical_network or not re.fullmatch(r"[0-9]{1,5}", mtu) or not least <= int(mtu) <= MAX_MTU:
        raise ConfigurationError(
            f"[network] physical_mtus: {text!r} is not of the form physical_network:mtu"
            f" with an MTU from {least} to {MAX_MTU}"
        )
    return physical_network, int(mtu)


def _check(network: NetworkConfig) -> None:
    physical_networks = [name for name, _ in network.bridge_mappings]
    bridges = [network.integration_bridge, *(bridge for _, bridge in network.bridge_mappings)]
    if network.tunnel_bridge in bridges:
        raise ConfigurationError(
            f"[network] tunnel_bridge: {network.tunnel_bridge!r} is another bridge already"
        )
    _refuse_twice("bridge_mappings", "physical network", physical_networks)
    _refuse_twice("integration_bridge, bridge_mappings", "bridge", bridges)
    for name, _ in network.physical_mtus:
        if name not in physical_networks:
            raise ConfigurationError(f"[network] physical_mtus: {name!r} is not in bridge_mappings")
    _refuse_twice("physical_mtus", "physical network", [name for name, _ in network.physical_mtus])
    for vlan_range in network.vlan_ranges:
        if vlan_range.physical_network not in physical_networks:
            raise ConfigurationError(
                f"[network] vlan_ranges: {vlan_range.physical_network!r} is not in bridge_mappings"
            )


def _refuse_twice(options: str, what: str, names: Sequence[str]) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise ConfigurationError(f"[network] {options}: {what} {name!r} is named twice")
