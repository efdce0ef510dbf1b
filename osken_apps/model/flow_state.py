"""How a flow of a bridge stands, and how flows are asked for by it. PURE."""

from enum import StrEnum


class FlowState(StrEnum):
    """How a flow stands."""

    INSTALLED = "installed"  # as it should be
    MISSING = "missing"  # it should be there
    FOREIGN = "foreign"  # it should not, or is not ours
    UNKNOWN = "unknown"  # it should be there, and the bridge does not say whether it is


DESIRED = "desired"  # whoever asks so wants all that should be there
#: What one may ask for.
ASKED_STATES = (DESIRED, *(state.value for state in FlowState))


def is_asked_for(state: FlowState, asked: str) -> bool:
    """Tell whether who asks for a state, `desired`, or nothing in particular, is told of this one."""
    return state is not FlowState.FOREIGN if asked == DESIRED else asked in ("", state.value)
