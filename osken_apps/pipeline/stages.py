"""The stages that several features share: the first table of each bridge, and the way to the controller.
PURE.
"""

from osken_apps.openflow.fields import Field
from osken_apps.pipeline.stage import Role, Stage

CLASSIFY = Stage(
    "classify",
    Role.INTEGRATION,
    0,
    "dropped: this is so before the first flow is there",
    matches=frozenset(
        {
            Field.IN_PORT, Field.VLAN_VID, Field.ETH_SRC, Field.ETH_TYPE,
            Field.IP_PROTO, Field.IPV4_DST, Field.UDP_DST, Field.ICMP_TYPE, Field.ICMP_CODE,
            Field.ARP_OP, Field.ARP_SPA, Field.ARP_TPA,
        }
    ),
    sets=frozenset(
        {
            Field.VLAN_VID, Field.ETH_SRC, Field.ETH_DST, Field.IPV4_SRC, Field.IPV4_DST, Field.ICMP_TYPE,
            Field.ARP_OP, Field.ARP_SPA, Field.ARP_TPA, Field.ARP_SHA, Field.ARP_THA,
        }
    ),
)  # fmt: skip

PHYSICAL_CLASSIFY = Stage(
    "classify",
    Role.PHYSICAL,
    0,
    "dropped: this is so before both ends of the link to the integration bridge are known",
    matches=frozenset({Field.IN_PORT, Field.VLAN_VID}),
    sets=frozenset({Field.VLAN_VID}),
)
