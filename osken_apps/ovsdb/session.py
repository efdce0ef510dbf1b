"""The controller's end of an OVSDB session: octets in; a replica, answers and octets out. PURE.

The host dials us, but it is the server: we ask to be shown its tables and told of every change. It waits for
nothing and reads no clock: `feed` takes octets, `step` does a short piece of what they ask for, `to_send`
gives what must be sent, and `look` is called about every second.
A server that does not know `monitor_cond` (before Open vSwitch 2.6) is refused. One whose schema changes ends
the session, as we do not ask to be told, and dials again.
Source: RFC 7047, section 4; ovsdb-server(7) (monitor_cond).
"""

from collections.abc import Iterator
from typing import NamedTuple

from osken_apps.errors import Malformed
from osken_apps.liveness import Liveness
from osken_apps.nesting import is_deeper
from osken_apps.ovsdb.json_texts import MAX_DEPTH, Json
from osken_apps.ovsdb.messages import READ_SIZE, Messages, Reply, Request, reply, request
from osken_apps.ovsdb.replica import Replica
from osken_apps.ovsdb.tables import TABLES
from osken_apps.printable import excerpt, value_excerpt

DATABASE = "Open_vSwitch"
MONITOR, ECHO = 0, 1  # ids of our requests; transactions have those that follow
SHOWN_S = 120.0  # until a host has shown its tables, whatever else it says
MAX_ECHO_OCTETS = 1 << 16
MESSAGE_S = 20.0  # from the first octet of a message to its last: the longest may take 3 Mbit/s
FULL_READ = READ_SIZE // 2  # so many at once may have left others unread: TLS gives whole records only


class TransactionResult(NamedTuple):
    """What became of a transaction; `error` says in words why it was not done, if it was not."""

    transaction: int
    error: str


class Session:
    """One session with the OVSDB of a host."""

    def __init__(self, now: float) -> None:
        self.replica = Replica()
        self.revision = 0  # of the replica: how often it has changed
        self._messages = Messages()
        self._taking: Iterator[None] | None = None
        self._is_shown = False
        self._began = now
        self._last_number = ECHO
        self._unanswered: set[int] = set()
        self._answers: list[TransactionResult] = []
        self._liveness = Liveness(now)
        self._unfinished: tuple[int, float] | None = None  # the message that has no end yet, and since when
        self._is_late = False  # it, by the last look
        self._is_behind = False  # more was there than was read
        self._output = bytearray(request("monitor_cond", [DATABASE, MONITOR, _asked()], MONITOR))

    def feed(self, data: bytes) -> None:
        """Take octets that came. Raises Malformed."""
        self._liveness.heard = True
        self._is_behind = len(data) >= FULL_READ
        self._messages.feed(data)

    def to_send(self) -> bytes:
        """Give what must be sent, in this order, and forget it."""
        output, self._output = bytes(self._output), bytearray()
        return output

    @property
    def has_more(self) -> bool:
        """Tell whether there is something for `step` to do."""
        return self._taking is not None or self._messages.has_more

    def step(self) -> None:
        """Do a short piece of what has come: a part of a message, or some rows of one. Raises Malformed."""
        if self._taking is not None:
            for _ in self._taking:
                return
            self._taking = None
            self.revision += 1
            return
        message = self._messages.step()
        if isinstance(message, Request):
            self._take_request(message)
        elif message is not None:
            self._take_reply(message)

    def transact(self, operations: list[Json]) -> int:
        """Have operations done, all or none; give the number that their answer will have."""
        self._last_number = number = self._last_number + 1
        self._unanswered.add(number)
        self._output += request("transact", [DATABASE, *operations], number)
        return number

    def forget(self, number: int) -> None:
        """Wait no more for the answer to a transaction."""
        self._unanswered.discard(number)

    def answers(self) -> list[TransactionResult]:
        """Give the answers that came, and forget them."""
        answers, self._answers = self._answers, []
        return answers

    def ask_echo(self) -> None:
        """Ask the peer for a sign of life."""
        self._output += request("echo", [], ECHO)

    def look(self, now: float, awaited: str | None) -> str | None:
        """Look at the time; `awaited` names what the peer still has to show, None: nothing.

        Give why the session must end, if it must. The peer owes nothing while what it has sent waits for us.
        """
        if not self._is_shown and now > self._began + SHOWN_S:
            return f"it did not show its tables in {SHOWN_S:.0f} s"
        asks, reason = self._liveness.look(now, None if self._is_busy else awaited)
        if asks:
            self.ask_echo()
        if reason:
            return reason[0] % reason[1:]
        late_before, self._is_late = self._is_late, self._is_message_late(now)
        return f"a message of it had no end for {MESSAGE_S:.0f} s" if late_before and self._is_late else None

    def _is_message_late(self, now: float) -> bool:
        """Tell whether a message should have had its end; what lies unread is not the peer's fault."""
        number = self._messages.unfinished_number
        if number is None:
            self._unfinished = None
        elif self._unfinished is None or self._unfinished[0] != number or self._is_behind:
            self._unfinished = number, now
        return self._unfinished is not None and now > self._unfinished[1] + MESSAGE_S

    @property
    def _is_busy(self) -> bool:
        """Tell whether something is on its way, or lies here, that may be what is awaited."""
        return self.has_more or self._messages.unfinished

    def _take_request(self, message: Request) -> None:
        match message:
            case Request("update2", [_, updates], None) if self._is_shown:
                self._taking = self.replica.taking(updates)
            case Request("update2", params, None) if self._is_shown:
                raise Malformed(f"what it tells of its tables cannot be: {value_excerpt(params)}")
            case Request(_, _, None):
                pass  # nothing else that it tells was asked for
            case Request("echo", params, number):
                self._answer_echo(number, params)
            case Request(method, _, number):
                self._output += reply(number, None, f"unknown method {excerpt(method)}")

    def _answer_echo(self, number: Json, params: list[Json]) -> None:
        if is_deeper([number, params], MAX_DEPTH):
            raise Malformed(f"it asks for an echo that is deeper than {MAX_DEPTH}")
        answer = reply(number, params)
        if len(answer) > MAX_ECHO_OCTETS:
            raise Malformed(f"it asks for an echo of more than {MAX_ECHO_OCTETS} octets")
        self._output += answer

    def _take_reply(self, message: Reply) -> None:
        number = message.id
        if type(number) is not int or number == ECHO:
            return
        if number == MONITOR and not self._is_shown:
            if message.error is not None:
                raise Malformed(f"it does not show its tables: {value_excerpt(message.error)}")
            self._is_shown = True
            self._taking = self.replica.taking(message.result)
        elif number in self._unanswered:
            self._unanswered.remove(number)
            self._answers.append(TransactionResult(number, _error_in(message)))


def _asked() -> dict[str, Json]:
    return {table.name: [{"columns": list(table.columns)}] for table in TABLES.values()}


def _error_in(message: Reply) -> str:
    """Say why a transaction was not done; empty: it was."""
    if message.error is not None or not isinstance(message.result, list):
        return value_excerpt(message.error or message.result)
    for result in message.result:
        if isinstance(result, dict) and result.get("error"):
            told = [result[part] for part in ("error", "details") if result.get(part)]
            words = (part if isinstance(part, str) else value_excerpt(part) for part in told)
            return excerpt(": ".join(words), 200)
    return ""
