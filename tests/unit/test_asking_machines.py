"""Probes blame nobody for a switch that is late or gone: that they cannot tell."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from osken_apps.apps.answering import probe
from osken_apps.apps.answering.probe import wire_carries
from osken_apps.apps.connection import SwitchGone
from osken_apps.openflow import codec
from osken_apps.openflow.codec import MessageType
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.match import Match
from osken_apps.openflow.wire import encode_flow
from osken_apps.pipeline.probe import PROBE_COOKIE
from tests.unit.hub_thread import in_a_hub

FLOW = Flow(0, 0xFFFF, Match(), (), PROBE_COOKIE)


class Sending:
    """A switch that is behind: it has done what it is sent when it answers a barrier, if it ever does."""

    def __init__(self, is_gone: bool) -> None:
        self.is_gone = is_gone
        self.has_sent = False

    def send(self, _message: bytes) -> bool:
        return not self.is_gone

    def request(self, build: Callable[[int], bytes]) -> list[bytes]:
        message = build(1)
        if self.is_gone:
            raise SwitchGone("it disconnected")
        length = codec.HEADER.unpack_from(message)[2]
        assert (message[1], message[length + 1]) == (MessageType.PACKET_OUT, MessageType.BARRIER_REQUEST)
        self.has_sent = True
        return []


class Counting:
    """A switch that counts what the other one has sent."""

    def __init__(self, sending: Sending) -> None:
        self._sending = sending
        self.left: list[int] = []

    def send(self, message: bytes) -> bool:
        self.left.append(message[1])
        return True

    def request(self, build: Callable[[int], bytes]) -> list[bytes]:
        if build(1)[1] == MessageType.FLOW_MOD:
            return []
        key, body = encode_flow(FLOW)
        length = codec.FLOW_STATS.size + len(key.match) + len(body.instructions)
        counted = int(self._sending.has_sent)
        fixed = codec.FLOW_STATS.pack(length, 0, 0, 0, key.priority, 0, 0, 0, body.cookie, counted, 0)
        entry = codec.MULTIPART.pack(codec.OFPMP_FLOW, 0) + fixed + key.match + body.instructions
        return [codec.message(MessageType.MULTIPART_REPLY, 1, entry)]


def probed(monkeypatch: pytest.MonkeyPatch, is_gone: bool) -> Any:
    monkeypatch.setattr(probe, "LISTEN_S", 0.0)
    monkeypatch.setattr(probe, "LOOK_EVERY_S", 0.0)
    sending = Sending(is_gone)
    counting = Counting(sending)
    sender, receiver = (
        SimpleNamespace(connection=made, request=made.request) for made in (sending, counting)
    )
    told: list[Any] = []

    def run(_hub: object) -> None:
        try:
            told.append(wire_carries(sender, 1, bytes(60), receiver, FLOW))  # type: ignore[arg-type]
        except SwitchGone as error:
            told.append(error)
        assert counting.left == [MessageType.FLOW_MOD]

    in_a_hub(run)
    return told[0]


def test_a_probe_listens_once_the_switch_that_sends_has_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert probed(monkeypatch, is_gone=False) is True


def test_a_probe_whose_switch_is_gone_has_not_found_that_nothing_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert isinstance(probed(monkeypatch, is_gone=True), SwitchGone)
