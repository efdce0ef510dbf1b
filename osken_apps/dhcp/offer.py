"""Which options a client is told: the mandatory ones, then what it asks for in its order. PURE.

Owns the choice. Where the values come from is in `terms`, how they are packed into a message in `layout`.
Source: RFC 2131 section 4.3.1 and table 3, RFC 1534 (BOOTP clients), RFC 3046, RFC 6842.
"""

from collections.abc import Iterable

from osken_apps.dhcp.decide import AnswerReason, Decision, Request
from osken_apps.dhcp.message import MessageType
from osken_apps.dhcp.options import Option
from osken_apps.dhcp.terms import Terms

OptionList = list[tuple[int, bytes]]

#: Told to every client that is given an address, whatever it asks for: without them it has no lease to keep.
LEASE = (Option.LEASE_TIME, Option.RENEWAL_TIME, Option.REBINDING_TIME)
#: What a client that sends no list is not told: aliases, and options that must be asked for (RFC 8925
#: section 3.2).
ONLY_WHEN_ASKED = frozenset({Option.MS_CLASSLESS_ROUTES, Option.IPV6_ONLY})
#: RFC 1534 section 2: the options that only DHCP has.
NOT_FOR_BOOTP = frozenset(range(Option.REQUESTED_ADDRESS, Option.CLIENT_ID + 1))
#: Never by the client's asking: these are the protocol's own, or echoed.
NOT_BY_ASKING = frozenset({*range(Option.REQUESTED_ADDRESS, Option.MAX_MESSAGE_SIZE + 1), *LEASE})


def told(request: Request, decision: Decision, terms: Terms) -> OptionList:
    """Give the options of the answer in their order, relay agent information apart."""
    if decision.sent is None:
        return [(number, value) for number, value in terms.options.items() if number not in NOT_FOR_BOOTP]
    head: OptionList = [
        (Option.MESSAGE_TYPE, bytes((decision.sent,))),
        (Option.SERVER_ID, terms.server_id.packed),
    ]
    if decision.sent is MessageType.NAK:
        return [*head, (Option.MESSAGE, decision.reason.value.encode()), *_echoed(request)]
    if decision.reason is not AnswerReason.INFORMED:
        head += [(number, terms.options[number]) for number in LEASE]
    head.append((Option.SUBNET_MASK, terms.options[Option.SUBNET_MASK]))
    return [*head, *_echoed(request), *_asked_for(request, terms)]


def _asked_for(request: Request, terms: Terms) -> Iterable[tuple[int, bytes]]:
    """Give what the client lists, in its order of preference (RFC 2131 4.3.1, RFC 2132 9.8)."""
    asked = request.message.options.get(Option.PARAMETER_REQUEST_LIST)
    numbers: Iterable[int] = dict.fromkeys(asked) if asked else terms.options.keys() - ONLY_WHEN_ASKED
    if not asked:
        numbers = [number for number in terms.options if number in numbers]
    for number in numbers:
        if number in terms.options and number not in NOT_BY_ASKING and number != Option.SUBNET_MASK:
            yield number, terms.options[number]


def _echoed(request: Request) -> OptionList:
    """Give the client identifier back unaltered.

    RFC 6842: "If the 'client identifier' option is set in a message received from a client, the server MUST
    return the 'client identifier' option, unaltered, in its response message."
    """
    client_id = request.message.options.get(Option.CLIENT_ID)
    return [(Option.CLIENT_ID, client_id)] if client_id else []
