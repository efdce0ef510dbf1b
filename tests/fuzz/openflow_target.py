"""What must hold for any octets on the OpenFlow port, before the handshake and after it."""

from collections.abc import Callable, Iterable, Iterator

from osken_apps.errors import Malformed
from osken_apps.openflow import codec, meter, port_stats
from osken_apps.openflow.codec import HEADER
from osken_apps.openflow.events import Answered, Event, PortsChanged
from osken_apps.openflow.reading import read_flow
from osken_apps.openflow.session import Session
from osken_apps.openflow.states import State
from tests.bench.scale.openflow_switch import SimulatedSwitch

QUESTIONS = 3  # that are asked before the octets come
MOST = 1000
MOST_TURNS = 4096  # a turn takes a message at least
TALK_OCTETS = 1024  # what we say of ourselves; beyond it no more than we are told
ODD = 7  # a length of pieces that fits no message


def to_up(session: Session) -> None:
    """Lead a session through its handshake, and ask."""
    switch = SimulatedSwitch("br-int", 0xABC, {"int-br-eth2": 1, "tap1": 7})
    session.feed(switch.connected())
    for _ in range(3):
        session.take_messages(MOST)
        session.feed(switch.feed(session.to_send(), 0.0))
    session.take_messages(MOST)
    if session.state is not State.UP:
        raise AssertionError(f"the handshake ends in {session.state}")
    for _ in range(QUESTIONS):
        session.begin(0.0)


def check(octets: bytes) -> None:
    """Hold all that must hold, for the octets as the first that come and as the first after the handshake."""
    for prepare in (lambda _session: None, to_up):
        at_once, in_pieces = _run(prepare, [octets]), _run(prepare, _pieces(octets))
        if at_once != in_pieces:
            raise AssertionError(f"at once {at_once}, in pieces {in_pieces}")


def _pieces(octets: bytes) -> Iterator[bytes]:
    return (octets[begin : begin + ODD] for begin in range(0, len(octets), ODD))


def _run(prepare: Callable[[Session], None], pieces: Iterable[bytes]) -> tuple[State, list[Event], bytes]:
    """Feed a session; give its end, what it told but for how often ports changed, and what it says."""
    session = Session(0.0)
    prepare(session)
    session.to_send()
    events: list[Event] = []
    taken = 0
    for piece in pieces:
        taken += len(piece)
        session.feed(piece)
        for _ in range(MOST_TURNS):
            some = session.take_messages(MOST)
            packet_ins = session.take_packet_ins()
            events += some
            for packet_in in packet_ins:
                _decoded(packet_in)
            if not session.has_more():
                break
        else:
            raise AssertionError("what has come whole is not taken")
    for event in events:
        if isinstance(event, Answered):
            for part in event.parts:
                _decoded(part)
    said = session.to_send()
    _check_messages(said)
    if len(said) > taken + TALK_OCTETS:
        raise AssertionError(f"{taken} octets are answered by {len(said)}")
    return session.state, [event for event in events if not isinstance(event, PortsChanged)], said


def _check_messages(said: bytes) -> None:
    offset = 0
    while offset < len(said):
        _, _, length, _ = HEADER.unpack_from(said, offset)
        if length < HEADER.size or offset + length > len(said):
            raise AssertionError("what we say is no message")
        offset += length


def _flows(message: bytes) -> None:
    for flow in codec.decode_flow_counts(message):
        read_flow(flow.key, flow.body)


DECODERS: tuple[Callable[[bytes], object], ...] = (
    codec.decode_packet_in,
    codec.decode_desc,
    codec.decode_error,
    _flows,
    lambda message: list(codec.decode_flow_counts(message)),
    lambda message: list(meter.decode_meter_config(message)),
    lambda message: list(meter.decode_meter_stats(message)),
    lambda message: list(port_stats.decode_port_stats(message)),
)


def _decoded(message: bytes) -> None:
    """Have everything read a message that may be asked to; what is wrong with it is `Malformed`."""
    for decode in DECODERS:
        try:
            decode(message)
        except Malformed:
            continue
