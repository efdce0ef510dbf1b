"""`/security-groups/{id}/use`: who has a group, where, and what its rules have permitted there."""

from collections.abc import Callable, Mapping
from typing import Any

from osken_apps.model.security_groups import SecurityGroup
from osken_apps.questions import GroupPackets
from osken_apps.rest.controller import Questions
from osken_apps.rest.member import Member
from osken_apps.rest.openapi.words import Document, array_of, object_of

MAX_PORTS_TOLD = 1000
WORD: Document = {"type": "string"}
NUMBER: Document = {"type": "integer"}
PORT = dict.fromkeys(("id", "name", "network_id", "status", "host"), WORD)
RULE = {"id": WORD, "packets": NUMBER}
SHOWN = {
    "port_count": NUMBER,
    "ports": array_of(object_of(PORT, list(PORT)), MAX_PORTS_TOLD),
    "hosts": array_of(WORD),
    "counted_on": array_of(WORD),
    "silent": array_of(WORD),
    "rules": array_of(object_of(RULE, list(RULE))),
}


def _use(view: Any, group: SecurityGroup, _asked: Mapping[str, str]) -> Callable[[Questions], Any]:
    ports = view.members_of(group.id)
    rules = view.rules_of(group.id)

    def told(questions: Questions) -> Any:
        counted = questions.ask(GroupPackets(group.id))
        shown = {
            "port_count": len(ports),
            "ports": [
                {
                    "id": port.id,
                    "name": port.name,
                    "network_id": port.network_id,
                    "status": port.status,
                    "host": port.binding.host if port.binding else "",
                }
                for port in ports[:MAX_PORTS_TOLD]
            ],
            "hosts": sorted({port.binding.host for port in ports if port.binding}),
            "counted_on": counted["hosts"],
            "silent": counted["silent"],
            "rules": [{"id": rule.id, "packets": counted["rules"].get(rule.id, 0)} for rule in rules],
        }
        return {"use": shown}

    return told


GROUP_USE = Member(_use, object_of({"use": object_of(SHOWN, list(SHOWN))}, ["use"]))
