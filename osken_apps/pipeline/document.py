"""The documentation of the pipeline, generated from it: the page of stages and rules, and commented dumps.
PURE.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from osken_apps.openflow.flow import Flow, ordered
from osken_apps.pipeline.features import FEATURES
from osken_apps.pipeline.stage import COOKIE, COOKIE_MASK, Role, Rule, Stage

RULES = tuple(rule for feature in FEATURES for rule in feature.rules)
NOT_OURS = "a flow that is not ours"  # what is said in place of a rule's meaning
STAGES = tuple(stage for feature in FEATURES for stage in feature.stages)
_RULES_BY_COOKIE = {rule.cookie: rule for rule in RULES}


def rule_of(cookie: int) -> Rule | None:
    """Give the rule that a cookie names; None for a flow that is not ours."""
    return _RULES_BY_COOKIE.get(cookie)


def pipeline_document(samples: Iterable[Flow]) -> str:
    """Give the page of all stages and rules; of each rule the first of the `samples` is shown."""
    shown: dict[int, Flow] = {}
    for flow in samples:
        shown.setdefault(flow.cookie, flow)
    lines = [
        "# The pipeline",
        "",
        "Generated from `osken_apps/pipeline/` by `make docs`; a test holds that it is current.",
        "",
        f"Every flow of ours has the cookie `{COOKIE:#x}` under the mask `{COOKIE_MASK:#x}`; the rest of the",
        "cookie is the rule's number. Flows with another cookie are left alone. In the words of OpenFlow",
        "1.0, in which `ovs-ofctl dump-flows` prints, meters are not shown and a next table is a `resubmit`.",
    ]
    for role in Role:
        lines += ["", f"## The {role.value}"]
        for stage in sorted((stage for stage in STAGES if stage.role is role), key=lambda it: it.table_id):
            lines += _of_stage(stage, shown)
    return "\n".join(lines) + "\n"


def _of_stage(stage: Stage, shown: dict[int, Flow]) -> Iterator[str]:
    rules = sorted(
        (rule for rule in RULES if rule.stage == stage), key=lambda rule: (-rule.priority, rule.number)
    )
    following = [f"{other.table_id} ({other.name})" for other in STAGES if stage in other.entered_from]
    yield from ("", f"### Table {stage.table_id}: {stage.name}", "")
    yield f"- Flows match {_named(field.name for field in stage.matches)}, and set"
    yield f"  {_named(field.name for field in stage.sets)}."
    yield (
        f"- They may go to table {', '.join(following)}." if following else "- No other table comes after it."
    )
    yield f"- A packet that no flow matches is {stage.miss}."
    yield from ("", "| priority | rule | cookie | meter | meaning |", "| --- | --- | --- | --- | --- |")
    for rule in rules:
        cells = (rule.priority, rule.name, f"`{rule.cookie:#x}`", rule.meter or "-", rule.meaning)
        yield f"| {' | '.join(map(str, cells))} |"
    yield from ("", "```")
    yield from (shown[rule.cookie].text() for rule in rules if rule.cookie in shown)
    yield "```"


def _named(names: Iterable[str]) -> str:
    return ", ".join(sorted(name.lower() for name in names)) or "nothing"


def commented_dump(flows: Iterable[Flow]) -> str:
    """Give a flow table as `ovs-ofctl` takes it, each rule's flows below its name and meaning."""
    text = []
    for cookie, group in groupby(ordered(flows), key=lambda flow: flow.cookie):
        rule = rule_of(cookie)
        if rule:
            text.append(f"# {rule.name}: {rule.meaning}\n")
        text += [f"{flow.text()}\n" for flow in group]
    return "".join(text)
