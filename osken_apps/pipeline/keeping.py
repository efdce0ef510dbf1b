"""What is added to a bridge from which nothing is taken away. PURE."""

from osken_apps.openflow.difference import Difference, FlowTable
from osken_apps.pipeline.features.isolation import INTEGRATION_NORMAL
from osken_apps.pipeline.stages import ADMIT


def additions(flows: Difference, installed: FlowTable) -> Difference:
    """Give what only adds to what is installed.

    A bridge that guards does so without the flow that lets pass whatever no other one is for: whoever knows
    of no guarded port any more must not open it.
    """
    added = flows.additions(installed)
    if not any(key.table_id == ADMIT.table_id for key in installed):
        return added
    return Difference(tuple(item for item in added.add if item[1].cookie != INTEGRATION_NORMAL.cookie))
