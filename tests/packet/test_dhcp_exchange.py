"""Whole exchanges as frames, made and read by an independent packet library (scapy)."""

from ipaddress import IPv4Address, IPv4Network

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from osken_apps.dhcp.server import Defaults, Reply, Silence, SilenceReason, respond
from osken_apps.model.addresses import mac_address
from osken_apps.model.resources import FixedIp, HostRoute, Network, Port, Subnet
from osken_apps.model.snapshot import DhcpService

VM_MAC = "fa:16:3e:fe:c7:87"
SERVER_MAC = "fa:16:3e:1d:5c:81"
SUBNET = Subnet(
    id="2d7a0a58",
    project_id="p",
    network_id="5f833617",
    cidr=IPv4Network("10.10.10.0/24"),
    gateway_ip=IPv4Address("10.10.10.1"),
    dns_nameservers=(IPv4Address("10.10.10.53"),),
    host_routes=(HostRoute(IPv4Network("192.168.0.0/16"), IPv4Address("10.10.10.9")),),
)
SERVICE = DhcpService(
    port=Port(
        id="53903a95",
        project_id="p",
        network_id="5f833617",
        mac_address=mac_address(VM_MAC),
        fixed_ips=(FixedIp("2d7a0a58", IPv4Address("10.10.10.2")),),
    ),
    network=Network(id="5f833617", project_id="p"),
    subnet=SUBNET,
    address=IPv4Address("10.10.10.2"),
    server=Port(
        id="26c9b807",
        project_id="p",
        network_id="5f833617",
        mac_address=mac_address(SERVER_MAC),
        fixed_ips=(FixedIp("2d7a0a58", IPv4Address("10.10.10.3")),),
        device_owner="network:dhcp",
    ),
)
DEFAULTS = Defaults(86400, "openstacklocal", ())
ASKED = [1, 3, 6, 12, 15, 26, 28, 121]


def request(*options, flags=0, ciaddr="0.0.0.0", destination="255.255.255.255"):
    """Make a client's frame."""
    return bytes(
        Ether(src=VM_MAC, dst="ff:ff:ff:ff:ff:ff")
        / IP(src=ciaddr, dst=destination)
        / UDP(sport=68, dport=67)
        / BOOTP(chaddr=bytes.fromhex("fa163efec787"), xid=0x1234, flags=flags, ciaddr=ciaddr)
        / DHCP(options=[*options, ("param_req_list", ASKED), "end"])
    )


def lengths_and_checksums_are_right(frame):
    """Tell whether scapy computes the same lengths and checksums from the fields alone."""
    packet = Ether(frame)
    for layer in (IP, UDP):
        del packet[layer].chksum, packet[layer].len
    return bytes(packet) == frame


def test_an_offer_holds_the_port_s_address_and_all_that_was_asked_for():
    outcome = respond(request(("message-type", "discover")), SERVICE, DEFAULTS)
    assert isinstance(outcome, Reply)
    packet = Ether(outcome.frame)
    assert (packet.src, packet.dst) == (SERVER_MAC, VM_MAC)
    assert (packet[IP].src, packet[IP].dst) == ("10.10.10.3", "10.10.10.2")
    assert (packet[UDP].sport, packet[UDP].dport) == (67, 68)
    assert (packet[BOOTP].op, packet[BOOTP].xid, packet[BOOTP].yiaddr) == (2, 0x1234, "10.10.10.2")
    options = [option for option in packet[DHCP].options if option != "pad"]
    assert options == [
        ("message-type", 2),
        ("server_id", "10.10.10.3"),
        ("lease_time", 86400),
        ("renewal_time", 43200),
        ("rebinding_time", 75600),
        ("subnet_mask", "255.255.255.0"),
        ("router", "10.10.10.1"),
        ("name_server", "10.10.10.53"),
        ("hostname", b"host-10-10-10-2"),
        ("domain", b"openstacklocal"),
        ("interface-mtu", 1500),
        ("broadcast_address", "10.10.10.255"),
        ("classless_static_routes", ["192.168.0.0/16:10.10.10.9", "0.0.0.0/0:10.10.10.1"]),
        "end",
    ]
    assert lengths_and_checksums_are_right(outcome.frame)


def test_a_client_selects_renews_and_releases():
    selecting = request(
        ("message-type", "request"), ("server_id", "10.10.10.3"), ("requested_addr", "10.10.10.2")
    )
    renewing = request(("message-type", "request"), ciaddr="10.10.10.2", destination="10.10.10.3")
    releasing = request(
        ("message-type", "release"),
        ("server_id", "10.10.10.3"),
        ciaddr="10.10.10.2",
        destination="10.10.10.3",
    )
    outcomes = [respond(frame, SERVICE, DEFAULTS) for frame in (selecting, renewing, releasing)]
    assert [outcome.decision.reason.name for outcome in outcomes] == ["SELECTED", "RENEWED", "RELEASED"]
    assert [Ether(outcome.frame)[DHCP].options[0] for outcome in outcomes[:2]] == [("message-type", 5)] * 2
    assert isinstance(outcomes[2], Silence)


def test_a_client_that_takes_another_offer_is_not_answered():
    frame = request(
        ("message-type", "request"), ("server_id", "10.10.10.9"), ("requested_addr", "10.10.10.2")
    )
    outcome = respond(frame, SERVICE, DEFAULTS)
    assert isinstance(outcome, Silence)
    assert outcome.reason is SilenceReason.OTHER_SERVER
