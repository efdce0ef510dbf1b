"""What can be read below an agent: the flows of its host, and its interfaces."""

from collections.abc import Mapping
from typing import Any

from osken_apps.model.changes import HostReport
from osken_apps.model.flow_state import ASKED_STATES, FlowState
from osken_apps.questions import HostFlows, HostInterfaces
from osken_apps.rest.controller import Questions
from osken_apps.rest.openapi_words import TEXT, Document, array_of, object_of
from osken_apps.rest.read_only import Member

WORDS: Document = {"type": "string"}
COUNT: Document = {"type": ["integer", "null"]}
NUMBER: Document = {"type": "integer"}


def _flows(report: HostReport, questions: Questions, asked: Mapping[str, str]) -> Any:
    """Give the host's flows beside those that it should have. Raises ServiceUnavailable."""
    return questions.ask(HostFlows(report.host, **asked))


def _interfaces(report: HostReport, questions: Questions, _asked: Mapping[str, str]) -> Any:
    """Give the interfaces of the host's bridges. Raises ServiceUnavailable."""
    return questions.ask(HostInterfaces(report.host))


def _all_of(properties: Document) -> Document:
    return object_of(properties, list(properties))


FLOWS = Member(
    _flows,
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
INTERFACES = Member(
    _interfaces,
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
