"""The options of a port that are for some clients only, found by what is true of a client. PURE.

Owns the index: a request costs in proportion to what its client says of itself and to what applies to it, and
not to how many conditions the port has (but that its vendor class is searched for each class asked for).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from osken_apps.dhcp.client_class import Fact, Options, facts
from osken_apps.dhcp.extra_dhcp_opts import ExtraOption


@dataclass(frozen=True, slots=True)
class ConditionalOptions:
    """Options in their order, the more conditions the later.

    `by_fact` gives the places of those that need a fact, under the first that they need; `by_no_fact` are the
    places of those that need none. `vendor_classes` is for `facts`, which looks for each of them.
    """

    options: tuple[ExtraOption, ...]
    by_fact: Mapping[Fact, tuple[int, ...]]
    by_no_fact: tuple[int, ...]
    vendor_classes: frozenset[bytes]

    def applying(self, sent: Options) -> list[ExtraOption]:
        """Give the options that are for a client that sent these options."""
        true = facts(sent, self.vendor_classes)
        places = list(self.by_no_fact)
        for fact in true & self.by_fact.keys():
            places += self.by_fact[fact]
        return [self.options[place] for place in sorted(places) if _holds(self.options[place], true)]


def conditional_options(extras: Iterable[ExtraOption]) -> ConditionalOptions:
    """Index options by their conditions."""
    options = tuple(sorted(extras, key=lambda extra: len(extra.conditions)))
    by_fact: dict[Fact, tuple[int, ...]] = {}
    by_no_fact: list[int] = []
    for place, extra in enumerate(options):
        needed = [condition.fact for condition in extra.conditions if not condition.negated]
        if needed:
            by_fact[needed[0]] = (*by_fact.get(needed[0], ()), place)
        else:
            by_no_fact.append(place)
    asked = (condition for extra in options for condition in extra.conditions if condition.kind == "vendor")
    vendor_classes = frozenset(condition.operand.encode() for condition in asked)
    return ConditionalOptions(options, by_fact, tuple(by_no_fact), vendor_classes)


def _holds(extra: ExtraOption, true: set[Fact]) -> bool:
    return all((condition.fact in true) != condition.negated for condition in extra.conditions)
