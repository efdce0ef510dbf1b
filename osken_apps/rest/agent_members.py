"""What can be read below an agent: the flows of its host, and its interfaces."""

from osken_apps.model.flow_state import ASKED_STATES, FlowState
from osken_apps.questions import HostFlows, HostInterfaces
from osken_apps.rest.member import asks
from osken_apps.rest.openapi.words import TEXT, Document, array_of, object_of

WORDS: Document = {"type": "string"}
COUNT: Document = {"type": ["integer", "null"]}
NUMBER: Document = {"type": "integer"}


def _all_of(properties: Document) -> Document:
    return object_of(properties, list(properties))


FLOWS = asks(
    lambda report, asked: HostFlows(report.host, **asked),
    _all_of(
        {
            "flows": array_of(
                _all_of(
                    {
                        "bridge": WORDS,
                        "table": NUMBER,
                        "priority": NUMBER,
                        "cookie": WORDS,
                        "rule": WORDS,
                        "meaning": WORDS,
                        "port_id": WORDS,
                        "state": {"enum": [state.value for state in FlowState]},
                        "packets": COUNT,
                        "bytes": COUNT,
                        "age": COUNT,
                        "flow": WORDS,
                    }
                )
            ),
            "silent": array_of(WORDS),
            "more": NUMBER,
        }
    ),
    (("bridge", TEXT), ("rule", TEXT), ("port_id", TEXT), ("state", {"enum": list(ASKED_STATES)})),
)
INTERFACES = asks(
    lambda report, _asked: HostInterfaces(report.host),
    _all_of(
        {
            "interfaces": array_of(
                _all_of(
                    {
                        "bridge": WORDS,
                        "name": WORDS,
                        "type": WORDS,
                        "ofport": COUNT,
                        "tag": COUNT,
                        "port_id": WORDS,
                        "iface_id": WORDS,
                        "attached_mac": WORDS,
                        "admin_state": {"enum": ["up", "down", ""]},
                        "link_state": {"enum": ["up", "down", ""]},
                        "mtu": COUNT,
                        "error": WORDS,
                        "dropped_by_meter": NUMBER,
                    }
                )
            ),
            "has_ovsdb": {"type": "boolean"},
        }
    ),
)
