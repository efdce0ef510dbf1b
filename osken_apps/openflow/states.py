"""The states of an OpenFlow session: what is allowed in each, and what comes after it. PURE.

`TABLE` is the whole of it; the session looks there and nowhere else. Source: OpenFlow Switch Specification
1.4.0, 6.3 (connection setup) and 7.1 (message types).
"""

from collections.abc import Mapping
from enum import Enum

from osken_apps.openflow.codec import MessageType


class State(Enum):
    """What a session waits for."""

    HELLO = "its HELLO"
    FEATURES = "what it is"
    DESCRIPTION = "its ports, description and meters"
    UP = "nothing more"
    ENDED = "nothing any more"


class Input(Enum):
    """What moves a session: a message, by its type, or that the handshake has its last answer."""

    HELLO = int(MessageType.HELLO)
    ERROR = int(MessageType.ERROR)
    ECHO_REQUEST = int(MessageType.ECHO_REQUEST)
    ECHO_REPLY = int(MessageType.ECHO_REPLY)
    FEATURES_REPLY = int(MessageType.FEATURES_REPLY)
    PACKET_IN = int(MessageType.PACKET_IN)
    FLOW_REMOVED = int(MessageType.FLOW_REMOVED)
    PORT_STATUS = int(MessageType.PORT_STATUS)
    MULTIPART_REPLY = int(MessageType.MULTIPART_REPLY)
    BARRIER_REPLY = int(MessageType.BARRIER_REPLY)
    ROLE_STATUS = 30
    TABLE_STATUS = 31
    BUNDLE_CONTROL = int(MessageType.BUNDLE_CONTROL)
    OTHER = -1
    DESCRIBED = -2


def _staying(state: State, *inputs: Input) -> dict[Input, State]:
    always = (Input.ECHO_REQUEST, Input.ECHO_REPLY, Input.PACKET_IN, Input.PORT_STATUS)
    ignored = (Input.FLOW_REMOVED, Input.ROLE_STATUS, Input.TABLE_STATUS)
    return dict.fromkeys((*always, *ignored, *inputs), state)


_ANSWERS = (Input.MULTIPART_REPLY, Input.ERROR)

#: What is allowed in which state, and the state after it.
TABLE: Mapping[State, Mapping[Input, State]] = {
    State.HELLO: {Input.HELLO: State.FEATURES},
    State.FEATURES: {**_staying(State.FEATURES), Input.FEATURES_REPLY: State.DESCRIPTION},
    State.DESCRIPTION: {**_staying(State.DESCRIPTION, *_ANSWERS), Input.DESCRIBED: State.UP},
    State.UP: _staying(State.UP, *_ANSWERS, Input.BARRIER_REPLY, Input.BUNDLE_CONTROL),
    State.ENDED: {},
}
INPUT_OF_TYPE = {item.value: item for item in Input if item.value >= 0}
