"""What is told of why something does not work, and its schema; and what is not, to whoever sees no hosts."""

import re
from collections.abc import Iterable, Mapping

from osken_apps.explain.cause import Verdict
from osken_apps.explain.causes import Explanation
from osken_apps.explain.facts import HostSeen
from osken_apps.explain.paths import Counters
from osken_apps.model.times import timestamp_of
from osken_apps.questions import Shown
from osken_apps.rest.openapi.words import TEXT, array_of, object_of
from osken_apps.trace.result import Exit, Hop, Trace

UNTOLD = "Something of its host is not as it should be; whoever runs the network is told what."


def shown(question: str, told: Explanation, hosts: Mapping[str, HostSeen]) -> Shown:
    counters = Counters(hosts)

    def path(trace: Trace | None) -> Shown | None:
        return (
            None
            if trace is None
            else {
                "assumption": trace.assumption.name,
                "hops": [_hop(hop, counters) for hop in trace.hops],
                "exits": [_exit(leaving) for leaving in trace.exits],
                "stops": [
                    {"host": stop.host, "bridge": stop.bridge, "why": stop.why} for stop in trace.stops
                ],
            }
        )

    return {
        "question": question,
        "verdict": _verdict(told.verdict),
        "also": [_verdict(verdict) for verdict in told.also],
        "path": path(told.path),
        "return_path": path(told.return_path),
        "unseen": list(told.unseen),
    }


def _verdict(verdict: Verdict) -> Shown:
    return {
        "code": verdict.code,
        "state": verdict.state.value,
        "certainty": verdict.certainty.value,
        "sentence": verdict.sentence,
        "remedy": verdict.remedy,
        "evidence": [
            {"says": fact.says, "source": fact.source.value, "seen_at": timestamp_of(fact.seen_at)}
            for fact in verdict.evidence
        ],
    }


def _hop(hop: Hop, counters: Counters) -> Shown:
    rule = hop.rule
    return {
        "host": hop.host,
        "bridge": hop.bridge,
        "table": hop.table_id,
        "stage": hop.stage.name if hop.stage else "",
        "in_port": hop.in_port,
        "rule": rule.name if rule else "",
        "number": rule.number if rule else None,
        "meaning": hop.meaning,
        "flow": hop.flow.text() if hop.flow else "",
        "packets": counters.of(hop),
        "does": list(hop.does),
        "frame": hop.frame.text(),
        "depth": hop.depth,
    }


def _exit(leaving: Exit) -> Shown:
    return {
        "way": leaving.way.name.lower(),
        "host": leaving.host,
        "bridge": leaving.bridge,
        "port": leaving.port.name if leaving.port else "",
        "vlans": list(leaving.frame.vlans),
        "frame": leaving.frame.text(),
    }


def veiled(shown: Shown, told: Explanation, hosts: Iterable[str]) -> Shown:
    """Give it without what is said of hosts, to whoever may not see them."""
    longest_first = sorted(hosts, key=len, reverse=True)  # a name may begin with another
    names = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in longest_first) or "(?!)")

    def of(verdict: Verdict) -> Shown:
        said = _verdict(verdict)
        if verdict.is_operators:
            return said | {"sentence": UNTOLD, "remedy": "", "evidence": []}
        return said | {"sentence": names.sub("a host", verdict.sentence), "evidence": []}

    return shown | {
        "verdict": of(told.verdict),
        "also": [of(verdict) for verdict in told.also],
        "path": None,
        "return_path": None,
        "unseen": [],
    }


_EVIDENCE = object_of(
    {"says": TEXT, "source": TEXT, "seen_at": {"type": "string", "format": "date-time"}},
    ["says", "source", "seen_at"],
)
_LONG = {"type": "string"}
_VERDICT = object_of(
    {
        "code": TEXT,
        "state": {"enum": ["ok", "broken", "unknown"]},
        "certainty": {"enum": ["certain", "likely"]},
        "sentence": _LONG,
        "remedy": _LONG,
        "evidence": array_of(_EVIDENCE | {"properties": {**_EVIDENCE["properties"], "says": _LONG}}),
    },
    ["code", "state", "certainty", "sentence", "remedy", "evidence"],
)
_PATH = {"type": ["object", "null"]}
ANSWER = object_of(
    {
        "explain": object_of(
            {
                "question": _LONG,
                "verdict": _VERDICT,
                "also": array_of(_VERDICT),
                "path": _PATH,
                "return_path": _PATH,
                "unseen": array_of(_LONG),
            },
            ["question", "verdict", "also", "path", "return_path", "unseen"],
        )
    },
    ["explain"],
)
