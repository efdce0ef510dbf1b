"""The controller's end of an OpenFlow 1.4 session: octets in; messages, events and octets out. PURE.

It waits for nothing and reads no clock: `feed` takes octets, `take_packet_ins` and `take_messages` give what
they mean, `to_send` what must be sent, and `look` is called about every second. Once the handshake is done,
the session knows the switch's datapath id, description, ports and number of meters.

In the handshake whatever the table of states does not allow ends the session. After it, what is odd costs
only itself, as long as it is clear where the next message begins.
Source: OpenFlow Switch Specification 1.4.0, chapters 6 and 7.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from enum import Enum, auto

from osken_apps.errors import Malformed
from osken_apps.liveness import Liveness
from osken_apps.openflow import codec, handshake
from osken_apps.openflow.codec import (
    OFP_VERSION,
    PACKET_IN_TYPE,
    MessageType,
    message,
    message_octets,
)
from osken_apps.openflow.error_words import NO_CONNECTION_TRACKING, error_name, error_words
from osken_apps.openflow.events import (
    Answered,
    Ended,
    Event,
    FlowsChanged,
    NotMonitored,
    Odd,
    PortsChanged,
    Refused,
    Unanswered,
    Up,
)
from osken_apps.openflow.exchanges import Exchanges, TooMuch
from osken_apps.openflow.flow_monitor import OFPMP_FLOW_MONITOR, WHY_NOT, FlowMonitor, has_flow_monitor
from osken_apps.openflow.framing import Frames, Head
from osken_apps.openflow.meter import decode_meter_features, meter_features_request
from osken_apps.openflow.ports import Ports, port_desc_request
from osken_apps.openflow.states import INPUT_OF_TYPE, TABLE, Input, State
from osken_apps.printable import printable

NO_DESCRIPTION = ("", "None")  # what Open vSwitch answers when other_config:dp-desc is not set


class Question(Enum):
    """What the handshake asks, all at once, when it knows who is there."""

    PORTS = auto()
    DESCRIPTION = auto()
    METERS = auto()


_REQUESTS = {
    Question.PORTS: port_desc_request,
    Question.DESCRIPTION: codec.desc_request,
    Question.METERS: meter_features_request,
}


class Session:
    """One session with a switch."""

    def __init__(self, now: float) -> None:
        self.state = State.HELLO
        self._takes_packet_ins = False  # as the table says of the state; asked for at each read
        self.datapath_id: int | None = None
        self.description: str | None = None
        self.max_meters = 0
        self.errors: Counter[str] = Counter()  # that the switch sent, by their type
        self.ports = Ports()
        self._frames = Frames()
        self._output = bytearray(handshake.hello(0))
        self._events: list[Event] = []
        self._exchanges = Exchanges()
        self._refused_xid: int | None = None
        self._questions: dict[int, Question] = {}
        self._liveness = Liveness(now)
        self._monitor = FlowMonitor()
        self._has_flow_monitor = True
        self._ports_changed = False

    def feed(self, data: bytes) -> None:
        """Take octets that came."""
        self._frames.feed(data)

    def to_send(self) -> bytes:
        """Give what must be sent, in this order, and forget it."""
        output, self._output = bytes(self._output), bytearray()
        return output

    def has_to_send(self) -> bool:
        """Tell whether there is something to send."""
        return bool(self._output)

    def take_packet_ins(self) -> list[bytes]:
        """Give the packet-ins that come next, as whole messages."""
        if not self._takes_packet_ins:
            return []
        taken = self._frames.take_packet_ins()
        if taken:
            self._liveness.heard = True
        return taken

    def has_more(self) -> bool:
        """Tell whether a whole message has come that was not taken."""
        return not self._frames.drained and self._frames.peek() is not None and self.state is not State.ENDED

    def take_messages(self, most: int) -> list[Event]:
        """Take so many of the messages that come next, up to a packet-in; give what follows from them."""
        for _ in range(most):
            head = self._frames.peek()
            if head is None or self.state is State.ENDED or self._is_packet_in(head):
                break
            self._liveness.heard = True
            self._take(head, self._frames.take())
        if self._ports_changed and self.state is State.UP:
            self._events.append(PortsChanged())
        self._ports_changed = False
        return self._given()

    def begin(self, now: float) -> int:
        """Give the xid for the messages of a new question; its answer is an event."""
        return self._exchanges.begin(now)

    def sent(self, xid: int, now: float) -> None:
        """Note that a question was sent; the time for its answer runs from now."""
        self._exchanges.sent(xid, now)

    def forget(self, xid: int) -> None:
        """Wait no more for the answer to a question."""
        self._exchanges.end(xid)

    def monitor_flows(self) -> bytes:
        """Give the message that asks to be told of flows that others change; what it tells are events.

        It is empty where the switch can not be asked, or was.
        """
        if not self._has_flow_monitor:
            self._events.append(NotMonitored(WHY_NOT))
            return b""
        if self._monitor.xid is not None:
            return b""
        return self._monitor.request(self._exchanges.new_xid())

    def look(self, now: float) -> list[Event]:
        """Look at the time, about every second; give what follows."""
        if self.state is not State.ENDED:
            asks, reason = self._liveness.look(now, None if self.state is State.UP else self.state.value)
            if asks:
                self._output += message(MessageType.ECHO_REQUEST, self._exchanges.new_xid())
            if reason:
                self._end(*reason)
            for xid in self._exchanges.late(now, self._frames.behind):
                self._exchanges.end(xid)
                self._events.append(Unanswered(xid))
        return self._given()

    # -- one message

    def _is_packet_in(self, head: Head) -> bool:
        """Tell whether a message is for `take_packet_ins`, which takes none of another version."""
        is_one = head.message_type == PACKET_IN_TYPE and head.version == OFP_VERSION
        return is_one and self._takes_packet_ins

    def _take(self, head: Head, data: bytes) -> None:
        try:
            message_octets(head.message_type, head.length)
        except Malformed as error:
            self._end("it sent a %s", str(error))  # nobody knows where the next one begins
            return
        if head.version != OFP_VERSION and self.state is not State.HELLO:
            self._end("it sent a message of OpenFlow version %#x", head.version)
            return
        try:
            self._move(INPUT_OF_TYPE.get(head.message_type, Input.OTHER), head, data)
        except TooMuch as error:
            self._end("it sent %s", str(error))
        except Malformed as error:
            if self.state is State.UP:
                self._odd("sent what cannot be read: %s", str(error))
            else:
                self._end("it sent what cannot be read: %s", str(error))

    def _move(self, what: Input, head: Head, data: bytes) -> None:
        after = TABLE[self.state].get(what)
        if after is not None:
            self._enter(after)
            _HANDLERS[what](self, head, data)
        elif self.state is State.UP:
            self._odd("sent a message of type %d, which is not expected", head.message_type)
        elif what is Input.ERROR:
            self._end("it refuses: %s", error_words(*codec.decode_error(data)))
        else:
            self._end("it sent a message of type %d and not %s", head.message_type, self.state.value)

    def _hello(self, head: Head, data: bytes) -> None:
        peer = handshake.decode_hello(data)
        if peer.speaks_ours():
            self._output += handshake.features_request(self._exchanges.new_xid())
            return
        self._output += handshake.hello_failed(peer.version, head.xid, "OpenFlow 1.4 is wanted")
        remedy = "ovs-vsctl add bridge BRIDGE protocols OpenFlow14"
        self._end("it speaks OpenFlow %s and not 1.4 (%s)", peer.words(), remedy)

    def _features(self, _head: Head, data: bytes) -> None:
        features = handshake.decode_features(data)
        if features.auxiliary_id:
            self._end("it is an auxiliary connection, of which there is no use here")
            return
        self.datapath_id = features.datapath_id
        for question, request in _REQUESTS.items():
            xid = self._exchanges.new_xid()
            self._questions[xid] = question
            self._output += request(xid)
        self._output += handshake.set_config(self._exchanges.new_xid())

    def _describe(self, question: "Question", data: bytes) -> None:
        match question:
            case Question.PORTS:
                self.ports.describe(data)
            case Question.DESCRIPTION:
                switch = codec.decode_desc(data)
                text = printable(switch.dp_desc)
                self.description = None if text in NO_DESCRIPTION else text
                self._has_flow_monitor = has_flow_monitor(switch)
            case Question.METERS:
                self.max_meters = decode_meter_features(data)

    def _echo_request(self, head: Head, data: bytes) -> None:
        self._output += message(MessageType.ECHO_REPLY, head.xid, data[codec.HEADER.size :])

    def _port_status(self, _head: Head, data: bytes) -> None:
        self._ports_changed |= self.ports.change(data)

    def _multipart(self, head: Head, data: bytes) -> None:
        kind, more = codec.decode_multipart(data)
        question = self._questions.get(head.xid)
        if question:
            self._describe(question, data)
            if not more:
                self._close_question(head.xid)
        elif kind == OFPMP_FLOW_MONITOR and self._monitor.xid is not None:
            changes, may_be_more = self._monitor.take(data)
            if changes or may_be_more:
                self._events.append(FlowsChanged(tuple(changes), may_be_more))
        elif head.xid in self._exchanges:
            self._exchanges.add(head.xid, data)
            if not more:
                self._answered(head.xid)
        elif not self._exchanges.was_asked(head.xid):
            self._odd("answered what nobody asked")

    def _barrier(self, head: Head, data: bytes) -> None:
        if head.xid in self._exchanges:
            self._exchanges.add(head.xid, data)
            self._answered(head.xid)

    def _error(self, head: Head, data: bytes) -> None:
        error = codec.decode_error(data)
        words = error_words(*error)
        self.errors[error_name(error[0])] += 1
        question = self._questions.get(head.xid)
        if question is Question.METERS:  # some datapaths know none
            self._odd("has no meters (%s): what it sends to the controller passes none", words)
            self._close_question(head.xid)
        elif question:
            self._end("it refuses to tell %s: %s", self.state.value, words)
        elif head.xid in self._exchanges:
            self._exchanges.end(head.xid)
            self._refused_xid = head.xid
            self._events.append(Refused(head.xid, words, error in NO_CONNECTION_TRACKING))
        elif head.xid == self._monitor.xid:
            self._events.append(NotMonitored(words))
        elif head.xid != self._refused_xid:  # the messages of a bundle are refused one by one
            self._odd("sent an error: %s", words)

    def _ignore(self, _head: Head, _data: bytes) -> None:
        """Heard is enough, or it is for others."""

    # -- what follows

    def _enter(self, state: State) -> None:
        self.state = state
        self._takes_packet_ins = Input.PACKET_IN in TABLE[state]

    def _close_question(self, xid: int) -> None:
        del self._questions[xid]
        if not self._questions:
            self._enter(TABLE[self.state][Input.DESCRIBED])
            self._ports_changed = False
            self._events.append(Up())

    def _answered(self, xid: int) -> None:
        self._events.append(Answered(xid, self._exchanges.end(xid)))

    def _odd(self, words: str, *details: object) -> None:
        self._events.append(Odd(words, details))

    def _end(self, words: str, *details: object) -> None:
        if self.state is not State.ENDED:
            self._enter(State.ENDED)
            self._questions.clear()
            self._events.append(Ended(words, details))

    def _given(self) -> list[Event]:
        events, self._events = self._events, []
        return events


_HANDLERS: Mapping[Input, Callable[[Session, Head, bytes], None]] = {
    Input.HELLO: Session._hello,
    Input.ERROR: Session._error,
    Input.ECHO_REQUEST: Session._echo_request,
    Input.ECHO_REPLY: Session._ignore,
    Input.FEATURES_REPLY: Session._features,
    Input.FLOW_REMOVED: Session._ignore,
    Input.PORT_STATUS: Session._port_status,
    Input.MULTIPART_REPLY: Session._multipart,
    Input.BARRIER_REPLY: Session._barrier,
    Input.ROLE_STATUS: Session._ignore,
    Input.TABLE_STATUS: Session._ignore,
    Input.BUNDLE_CONTROL: Session._ignore,
}
