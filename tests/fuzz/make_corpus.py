"""Write the corpora: of each edge what its peers send, by name.

Run with `python -m tests.fuzz.make_corpus`.
"""

from pathlib import Path

from tests.fuzz.inputs import HTTP, OPENFLOW, OVSDB
from tests.packet.dhcp_scenario import DECLINE, DISCOVER, INFORM, RELEASE, REQUEST, frame, tagged

ASKED = (1, 28, 2, 3, 15, 6, 119, 12, 44, 47, 26, 121, 42)
OURS, ADDRESS = ("server_id", "10.10.10.3"), ("requested_addr", "10.10.10.2")
CLIENT_ID = ("client_id", b"\x01\xfa\x16\x3e\xfe\xc7\x87")
PXE = ((93, b"\0\x07"), (94, b"\x01\x03\x10"), (60, b"PXEClient:Arch:00007:UNDI:003016"), (97, bytes(17)))
IPXE = ((175, b"\xb1\x05\x01\x10\x50\x20\x01\x12\x01\x01\xeb\x03\x01\x00\x00"), (77, b"iPXE"))
VENDOR = ((124, b"\0\0\0\x09\x03\x02ab"), (125, b"\0\0\0\x09\0"), (60, b"MSFT 5.0"))
OVERLOADED = {"file": b"\x37\x02\x03\x06\xff", "sname": b"\x3d\x02\0\x01\xff"}

FRAMES = {
    "discover": frame(DISCOVER, CLIENT_ID, asks=ASKED),
    "discover-bare": frame(DISCOVER),
    "discover-broadcast": frame(DISCOVER, flags=0x8000),
    "discover-checksum-none": frame(DISCOVER, udp={"chksum": 0}),
    "discover-ip-options": frame(DISCOVER, ip={"options": b"\x01" * 4}),
    "discover-relayed": frame(
        DISCOVER,
        (82, b"\x01\x04ge-1"),
        ethernet={"src": "52:54:00:00:00:01"},
        ip={"src": "10.10.10.4", "dst": "10.10.10.3"},
        udp={"sport": 67},
        giaddr="10.10.10.4",
        hops=1,
    ),
    "discover-relay-option": frame(DISCOVER, (82, b"\x01\x04ge-1")),
    "discover-priority-tagged": tagged(frame(DISCOVER, asks=ASKED), 0x6000),
    "discover-odd-options": frame(
        DISCOVER, (50, b""), (51, b"ab"), (57, b"\0\0\5\0"), (52, b"\0"), (93, b"a")
    ),
    "discover-twice": frame(DISCOVER, ("message-type", REQUEST), CLIENT_ID, CLIENT_ID, ADDRESS, ADDRESS),
    "discover-60-options": frame(DISCOVER, *[(number, b"x") for number in range(150, 210)]),
    "bootp-cmu": frame(DISCOVER).replace(b"\x63\x82\x53\x63", b"CMU\0"),
    "discover-fqdn": frame(DISCOVER, (81, b"\x05\0\0\x04host\x03org\0"), asks=(12, 81)),
    "discover-fqdn-ascii": frame(DISCOVER, (81, b"\x01\0\0host")),
    "discover-ipv6-only": frame(DISCOVER, asks=(1, 3, 108)),
    "discover-large": frame(DISCOVER, ("max_dhcp_size", 1472), asks=range(1, 255)),
    "discover-long-option": frame(DISCOVER, (61, bytes(255)), (61, bytes(100))),
    "discover-overload": frame(
        DISCOVER, (52, b"\x03"), file=b"\x37\x02\x03\x06\xff", sname=b"\x3d\x02\0\x01\xff"
    ),
    "discover-pads": frame(DISCOVER, "pad", "pad", ("hostname", b"x"), "pad"),
    "discover-pxe": frame(DISCOVER, *PXE, asks=(1, 3, 43, 60, 66, 67, 128, 135)),
    "discover-ipxe": frame(DISCOVER, *PXE, *IPXE, asks=(1, 3, 66, 67, 175)),
    "discover-http": frame(DISCOVER, (60, b"HTTPClient:Arch:00016"), (93, b"\0\x10"), asks=(67,)),
    "discover-vendor": frame(
        DISCOVER, (124, b"\0\0\0\x09\x03\x02ab"), (125, b"\0\0\0\x09\0"), (60, b"MSFT 5.0")
    ),
    "discover-user-class": frame(DISCOVER, (77, b"\x03lab\x04iPXE"), asks=(42, 125)),
    "request-selecting": frame(REQUEST, OURS, ADDRESS, CLIENT_ID, asks=ASKED),
    "request-other-server": frame(REQUEST, ("server_id", "10.10.10.9"), ADDRESS),
    "request-init-reboot": frame(REQUEST, ADDRESS, asks=ASKED),
    "request-wrong-address": frame(REQUEST, ("requested_addr", "10.10.10.77"), CLIENT_ID),
    "request-renewing": frame(REQUEST, ciaddr="10.10.10.2", ip={"src": "10.10.10.2", "dst": "10.10.10.3"}),
    "request-rebinding": frame(REQUEST, ciaddr="10.10.10.2", ip={"src": "10.10.10.2"}),
    "decline": frame(DECLINE, OURS, ADDRESS),
    "release": frame(RELEASE, OURS, ciaddr="10.10.10.2", ip={"src": "10.10.10.2", "dst": "10.10.10.3"}),
    "inform": frame(INFORM, ciaddr="10.10.10.2", asks=(6, 15, 252)),
    "bootp": frame(None),
    "bootp-no-vendor-area": frame(None)[:278] + bytes(64),
}


CORPORA = {"dhcp": FRAMES, "openflow": OPENFLOW, "ovsdb": OVSDB, "http": HTTP}
DIRECTORY = Path(__file__).parent / "corpus"


def main() -> None:
    """Write the files; others in the directories (what fuzzing found) stay."""
    for corpus, inputs in CORPORA.items():
        (DIRECTORY / corpus).mkdir(exist_ok=True)
        for name, octets in inputs.items():
            (DIRECTORY / corpus / name).write_bytes(octets)


if __name__ == "__main__":
    main()
