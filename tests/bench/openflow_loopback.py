"""Measure packet-in to packet-out: the whole controller against a fake switch on loopback.

Run with `python -m tests.bench.openflow_loopback`. The switch sends DISCOVERs and REQUESTs of 250 ports in
blocks and reads the answers; each is checked once, and later answers to the same request must be the same.
"""

import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from osken_apps.lab.controller import Api
from osken_apps.lab.plug import tap_name
from osken_apps.lab.shell import wait_until
from tests.bench.dhcp import plan
from tests.bench.dhcp.frames import DISCOVER, REQUEST, check_reply, request_frame
from tests.bench.fake_switch import FakeSwitch, packet_in

API_PORT, OPENFLOW_PORT, OVSDB_PORT = 19787, 19788, 19789
PORTS = 250
BLOCKS = 16
BLOCKS_OUTSTANDING = 4
ROUNDS = 5
SECONDS = 2.0
TO_REACH_PER_SECOND = 100_000
PACKET_OUT_FRAME = 40  # octets of a packet-out before its frame

Block = tuple[bytes, int]


def make_ports(api: Api, count: int) -> dict[int, str]:
    """Make a network and its ports; give the interfaces' names by port number."""
    network = api.create("network", name="bench", mtu=plan.MTU, port_security_enabled=False)
    api.create("subnet", network_id=network["id"], cidr=str(plan.SUBNET), ip_version=4)
    wanted = [
        {
            "network_id": network["id"],
            "mac_address": plan.mac(client),
            "fixed_ips": [{"ip_address": str(plan.address(client))}],
        }
        for client in range(count)
    ]
    made = api.request("POST", "ports", {"ports": wanted}).body["ports"]
    return {number: tap_name(port["id"]) for number, port in enumerate(made, start=1)}


def blocks(ports: int) -> list[Block]:
    """Give the blocks of packet-ins, and how many each has."""
    made = []
    for number in range(BLOCKS):
        kind = (DISCOVER, REQUEST)[number % 2]
        packets = [
            packet_in(client + 1, request_frame(client, kind, number << 16 | client))
            for client in range(ports)
        ]
        made.append((b"".join(packets), len(packets)))
    return made


def check_block(data: bytes, number: int, ports: int) -> None:
    """Raise ValueError unless the packet-outs answer the block of that number, in order."""
    offset = 0
    for client in range(ports):
        _, kind, length, _ = struct.unpack_from("!BBHI", data, offset)
        (ofport,) = struct.unpack_from("!I", data, offset + 28)
        if kind != 13 or ofport != client + 1:
            raise ValueError(f"message of type {kind} to port {ofport}")
        frame = data[offset + PACKET_OUT_FRAME : offset + length]
        check_reply(frame, client, (DISCOVER, REQUEST)[number % 2], number << 16 | client)
        offset += length


def first_round(switch: FakeSwitch, sent: list[Block]) -> list[bytes]:
    """Send each block once and check every answer; give the answers."""
    answers = []
    for number, (block, count) in enumerate(sent):
        switch.send(block)
        answer = switch.read_messages(count)
        check_block(answer, number, count)
        answers.append(answer)
    return answers


def measure(switch: FakeSwitch, sent: list[Block], answers: list[bytes], seconds: float) -> float:
    """Give the packet-ins that are answered in a second. Raises ValueError at a wrong answer."""
    ports = sent[0][1]
    room = threading.Semaphore(BLOCKS_OUTSTANDING)
    until = time.monotonic() + seconds
    blocks_sent = []

    def send() -> None:
        number = 0
        while time.monotonic() < until:
            room.acquire()
            switch.send(sent[number % BLOCKS][0])
            blocks_sent.append(number)
            number += 1

    sender = threading.Thread(target=send, daemon=True)
    start = time.monotonic()
    sender.start()
    taken = 0
    while sender.is_alive() or taken < len(blocks_sent):
        if taken == len(blocks_sent):
            time.sleep(0)
            continue
        expected = answers[taken % BLOCKS]
        if not switch.took(expected) and switch.read_messages(ports) != expected:
            raise ValueError(f"block {taken} is not answered as before")
        taken += 1
        room.release()
    sender.join()
    return taken * ports / (time.monotonic() - start)


def run(rounds: int = ROUNDS, seconds: float = SECONDS, ports: int = PORTS) -> list[float]:
    """Start a controller and measure it; give packets per second, a value a round."""
    with tempfile.TemporaryDirectory() as directory:
        config_file = Path(directory, "osken-net.conf")
        config_file.write_text(
            f"[DEFAULT]\nstate_dir = {directory}\n[api]\nport = {API_PORT}\n"
            f"[openflow]\nport = {OPENFLOW_PORT}\n[ovsdb]\nport = {OVSDB_PORT}\n[quotas]\nport = -1\n"
        )
        command = [sys.executable, "-m", "osken_apps.cli", "run", "--config-file", str(config_file)]
        with Path(directory, "log").open("w") as log:
            controller = subprocess.Popen(command, stderr=log)
        try:
            api = Api(API_PORT)
            wait_until(api.answers, 30.0, "the controller's API")
            names = make_ports(api, ports)
            other = FakeSwitch(OPENFLOW_PORT, "br-eth2", {})
            threading.Thread(target=other.serve, daemon=True).start()
            return _against(FakeSwitch(OPENFLOW_PORT, "br-int", names), ports, rounds, seconds)
        finally:
            controller.terminate()
            controller.wait(60)


def _against(switch: FakeSwitch, ports: int, rounds: int, seconds: float) -> list[float]:
    try:
        sent = blocks(ports)
        switch.serve_until_answered(packet_in(ports, request_frame(ports - 1, DISCOVER, 0xFFFF)))
        answers = first_round(switch, sent)
        return [measure(switch, sent, answers, seconds) for _ in range(rounds)]
    finally:
        switch.close()


def main() -> int:
    """Print the result; the status is 1 if the bar is not reached."""
    rates = run()
    median = statistics.median(rates)
    reached = median >= TO_REACH_PER_SECOND
    verdict = "reached" if reached else "not reached"
    print(f"packet-in to packet-out: {' '.join(f'{rate:,.0f}' for rate in rates)} packets/s")
    print(f"median {median:,.0f}, to reach {TO_REACH_PER_SECOND:,}: {verdict}")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
