"""Probes: asking a machine by ARP whether it is there, sending a frame from host to host. SHELL.

What it puts into the switch is taken out again, and ends by itself if the controller does.
"""

from ipaddress import IPv4Address

from osken_apps.apps import runtime
from osken_apps.apps.host import Bridge
from osken_apps.apps.switch_requests import read_flow_counts
from osken_apps.model.addresses import MacAddress
from osken_apps.openflow import codec
from osken_apps.openflow.codec import FlowModCommand
from osken_apps.openflow.flow import Flow
from osken_apps.openflow.wire import FlowKey, encode_flow
from osken_apps.pipeline.probe import LIFE_S, PROBE_COOKIE, probe_flow, probe_frame

LISTEN_S = 0.7  # for an answer
LOOK_EVERY_S = 0.05


def answers_arp(bridge: Bridge, ofport: int, mac: MacAddress, own: IPv4Address, address: IPv4Address) -> bool:
    """Tell whether the machine of a port answers for an address, asked by who has that MAC and own address.

    Raises SwitchError.
    """
    frame = probe_frame(mac, own, address)
    return _comes(bridge, probe_flow(ofport, own), bridge, codec.packet_out(ofport, frame))


def wire_carries(sender: Bridge, ofport: int, frame: bytes, receiver: Bridge, flow: Flow) -> bool:
    """Tell whether a frame that enters one host's bridge at a port comes to another's. Raises SwitchError."""
    return _comes(receiver, flow, sender, codec.packet_out_as_received(ofport, frame))


def _comes(counting: Bridge, flow: Flow, sending: Bridge, message: bytes) -> bool:
    """Tell whether a flow counts anything once a bridge has done what a message says. Raises SwitchError."""
    key, body = encode_flow(flow)
    try:
        counting.request(
            lambda xid: (
                codec.flow_mod(FlowModCommand.ADD, key, body, xid, hard_timeout_s=LIFE_S)
                + codec.barrier_request(xid)
            )
        )
        sending.request(lambda xid: message + codec.barrier_request(xid))
        return _is_counted(counting, key)
    finally:
        # Also if the bridge is another host's by now.
        counting.connection.send(codec.flow_mod(FlowModCommand.DELETE_STRICT, key, body, 0))


def _is_counted(bridge: Bridge, key: FlowKey) -> bool:
    until = runtime.clock() + LISTEN_S
    while True:
        runtime.sleep(LOOK_EVERY_S)
        is_last = runtime.clock() >= until  # however late this controller is, it has looked
        counted = read_flow_counts(bridge, PROBE_COOKIE)
        if any(flow.key == key and flow.packets for flow in counted):
            return True
        if is_last:
            return False
