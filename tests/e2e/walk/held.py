"""What is permitted changes while connections are open: each packet of theirs is judged by what holds now."""

from contextlib import closing

from osken_apps.lab import LabError
from tests.e2e.walk.changes import (
    Operation,
    address_group,
    admin,
    groups,
    network_admin,
    rule,
    security,
)
from tests.e2e.walk.checks import Question, questions, settled
from tests.e2e.walk.probing import Held
from tests.e2e.walk.site import Site

MOST = 10  # connections at a time
CHANGES: tuple[Operation, ...] = (groups, groups, security, rule, rule, address_group, admin, network_admin)


def judged_again(site: Site) -> str | None:
    """Open connections, and change what their machines may do."""
    asked = [q for q in questions(site) if q.traffic.protocol == "tcp" and q.wanted]
    if not asked:
        return None
    of: dict[str, list[Question]] = {}
    for question in site.random.sample(asked, min(len(asked), MOST)):
        of.setdefault(question.sender.id, []).append(question)
    with closing(Held((site.plugged[id].vm, [q.traffic for q in each]) for id, each in of.items())) as held:
        did = [f"{each.__name__} {each(site)}" for each in site.random.sample(CHANGES, 2)]

        def look() -> list[str]:
            return [
                f"the open connection of {q}, and now it {'is' if passes else 'is not'}; {did}"
                for each, answers in zip(of.values(), held.passing(), strict=True)
                for q, passes in zip(each, answers, strict=True)
                if site.model.reaches(q.sender, q.receiver, q.traffic) is not passes
            ]

        wrong = settled(look)
    if wrong:
        raise LabError("\n".join(wrong))
    return f"{len(asked)} could, {sum(map(len, of.values()))} were; {'; '.join(did)}"
