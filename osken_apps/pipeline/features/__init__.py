"""The features of the pipeline, each a module; `FEATURES` lists those that there are. PURE."""

from osken_apps.pipeline.feature import Feature
from osken_apps.pipeline.features.dead import Dead
from osken_apps.pipeline.features.dhcp import Dhcp
from osken_apps.pipeline.features.group_rules import GroupRules
from osken_apps.pipeline.features.isolation import Isolation
from osken_apps.pipeline.features.port_security import PortSecurity
from osken_apps.pipeline.features.security_groups import SecurityGroups
from osken_apps.pipeline.features.switching import Switching
from osken_apps.pipeline.features.tunnels import Tunnels

FEATURES: tuple[Feature, ...] = (
    Isolation(),
    Dhcp(),
    Dead(),
    PortSecurity(),
    SecurityGroups(),
    GroupRules(),
    Switching(),
    Tunnels(),
)
