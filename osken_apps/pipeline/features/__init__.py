"""The features of the pipeline, each a module; `FEATURES` lists those that there are. PURE."""

from osken_apps.pipeline.feature import Feature
from osken_apps.pipeline.features.dead import Dead
from osken_apps.pipeline.features.dhcp import Dhcp
from osken_apps.pipeline.features.isolation import Isolation

FEATURES: tuple[Feature, ...] = (Isolation(), Dhcp(), Dead())
