"""The documentation of the pipeline, generated from it: the page of rules, and commented dumps. PURE."""

from collections.abc import Iterable
from itertools import groupby

from osken_apps.openflow.flow import Flow, ordered
from osken_apps.pipeline.rules import COOKIE, COOKIE_MASK, Role, Rule, rule_of


def pipeline_document() -> str:
    """Give the page that lists every rule of the pipeline."""
    lines = [
        "# The pipeline",
        "",
        "Generated from `osken_apps/pipeline/rules.py` by `make docs`; a test holds that it is current.",
        "",
        f"Every flow of ours has the cookie `{COOKIE:#x}` under the mask `{COOKIE_MASK:#x}`; the rest of the",
        "cookie is the rule's number. Flows with another cookie are left alone.",
    ]
    for role in Role:
        lines += ["", f"## The {role.value}", "", "| table | priority | rule | cookie | meaning |"]
        lines += ["| --- | --- | --- | --- | --- |"]
        rules = [rule for rule in Rule if rule.value.role is role]
        for rule in sorted(rules, key=lambda rule: (rule.value.table, -rule.value.priority, rule.cookie)):
            value = rule.value
            lines.append(
                f"| {value.table:d} ({value.table.name.lower()}) | {value.priority} | {rule.name.lower()} "
                f"| `{rule.cookie:#x}` | {value.meaning} |"
            )
    return "\n".join(lines) + "\n"


def commented_dump(flows: Iterable[Flow]) -> str:
    """Give a flow table as `ovs-ofctl` takes it, each rule's flows below its name and meaning."""
    text = []
    for cookie, group in groupby(ordered(flows), key=lambda flow: flow.cookie):
        rule = rule_of(cookie)
        if rule:
            text.append(f"# {rule.name.lower()}: {rule.value.meaning}\n")
        text += [f"{flow.text()}\n" for flow in group]
    return "".join(text)
