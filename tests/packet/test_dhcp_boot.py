"""Booting machines: what Ironic sets on a port, by architecture, iPXE told apart; vendor and user classes."""

import pytest
from scapy.layers.dhcp import BOOTP
from scapy.layers.l2 import Ether

from tests.packet.dhcp_scenario import DISCOVER, SERVICE, frame, options_of, raw_options_of, respond, service

SCRIPT, FIRMWARE = b"http://10.10.10.9:8080/boot.ipxe", b"undionly.kpxe"
#: What Ironic hands to Neutron for a node that boots by iPXE.
IRONIC = [
    ("tag:!ipxe,67", FIRMWARE.decode()),
    ("tag:ipxe,67", SCRIPT.decode()),
    ("66", "10.10.10.9"),
    ("150", "10.10.10.9"),
    ("server-ip-address", "10.10.10.9"),
]
BY_ARCHITECTURE = [
    ("tag:bios,bootfile-name", "undionly.kpxe"),
    ("tag:efi64,bootfile-name", "snponly.efi"),
    ("tag:efi-arm64,bootfile-name", "snponly-arm64.efi"),
    ("tag:arch-14,bootfile-name", "petitboot.cfg"),
    ("tag:ipxe,bootfile-name", "menu.ipxe"),
    ("tag:efi64,tag:ipxe,bootfile-name", "menu-efi.ipxe"),
]
PXE = (60, b"PXEClient:Arch:00007:UNDI:003016")
NOTHING = (0, b"")


def answer(served, *options, asks=(66, 67, 150, 43)):
    """Give boot file field, server name field, siaddr and options of the answer to a DISCOVER."""
    octets = respond(frame(DISCOVER, *options, asks=asks), served).frame
    bootp = Ether(octets)[BOOTP]
    return bootp.file.rstrip(b"\0"), bootp.sname.rstrip(b"\0"), bootp.siaddr, raw_options_of(octets)


@pytest.mark.parametrize(
    ("sent", "file"),
    [
        (PXE, FIRMWARE),
        ((175, b"\xb1\x05\x01\x10\x50\x20\x01"), SCRIPT),
        ((77, b"iPXE"), SCRIPT),
        ((77, b"\x04iPXE"), SCRIPT),
        ((77, b"\x04gPXE\x04iPXE"), SCRIPT),
        ((77, b"iPXE-not"), FIRMWARE),
    ],
)
def test_ironic_s_options_boot_firmware_and_then_ipxe(sent, file):
    boot_file, server_name, next_server, options = answer(service(extra=IRONIC), sent)
    assert (boot_file, server_name, next_server) == (file, b"10.10.10.9", "10.10.10.9")
    assert (options[67], options[66], options[150]) == (file, b"10.10.10.9", bytes([10, 10, 10, 9]))


def test_ironic_s_other_form_of_the_condition_is_understood():
    served = service(extra=[("!175,67", "undionly.kpxe"), ("67", "http://10.10.10.9/boot.ipxe")])
    assert answer(served, PXE)[0] == b"undionly.kpxe"
    assert answer(served, (175, b"\x01\x01\x01"))[0] == b"http://10.10.10.9/boot.ipxe"


@pytest.mark.parametrize(
    ("sent", "file"),
    [
        ([(93, b"\0\0")], b"undionly.kpxe"),
        ([(93, b"\0\x07")], b"snponly.efi"),
        ([(93, b"\0\x09")], b"snponly.efi"),
        ([(93, b"\0\x0b")], b"snponly-arm64.efi"),
        ([(93, b"\0\x0e")], b"petitboot.cfg"),
        ([(93, b"\0\x63\0\x07")], b"snponly.efi"),
        ([(93, b"\0\x63")], b""),
        ([(93, b"\0\0"), (175, b"\x01\x01\x01")], b"menu.ipxe"),
        ([(93, b"\0\x07"), (175, b"\x01\x01\x01")], b"menu-efi.ipxe"),
    ],
)
def test_the_boot_file_is_chosen_by_architecture_and_the_most_conditions(sent, file):
    assert answer(service(extra=BY_ARCHITECTURE), *sent)[0] == file


def test_without_boot_options_the_boot_fields_are_empty():
    assert answer(SERVICE, PXE)[:3] == (b"", b"", "0.0.0.0")


@pytest.mark.parametrize(
    ("extra", "next_server"),
    [
        ([("server-ip-address", "10.0.0.1"), ("150", "10.0.0.2"), ("66", "10.0.0.3")], "10.0.0.1"),
        ([("255", "10.0.0.1")], "10.0.0.1"),
        ([("150", "10.0.0.2,10.0.0.4"), ("66", "10.0.0.3")], "10.0.0.2"),
        ([("66", "10.0.0.3")], "10.0.0.3"),
        ([("66", "tftp.example")], "0.0.0.0"),
    ],
)
def test_the_next_server_is_the_first_of_what_names_one(extra, next_server):
    assert answer(service(extra=extra), PXE)[2] == next_server


def test_a_boot_file_too_long_for_its_field_goes_as_an_option_unasked():
    url = "http://10.10.10.9/" + "a" * 120
    boot_file, _, _, options = answer(service(extra=[("67", url)]), PXE, asks=(3,))
    assert (boot_file, options[67]) == (b"", url.encode())


def test_a_boot_server_s_name_too_long_for_its_field_goes_as_an_option_unasked():
    name = "a" * 63 + ".example"
    _, server_name, _, options = answer(service(extra=[("66", name)]), PXE, asks=(3,))
    assert (server_name, options[66]) == (b"", name.encode())


def test_a_bootp_client_is_told_what_to_boot_in_the_fields_whatever_else_it_is_told():
    """It knows no option overload, which is DHCP's alone."""
    more = [("67", "pxelinux.0"), ("66", "10.10.10.9"), ("42", "10.0.0.1,10.0.0.2"), ("44", "10.0.0.4")]
    outcome = respond(frame(None), service(extra=more))
    bootp, options = Ether(outcome.frame)[BOOTP], raw_options_of(outcome.frame)
    assert (bootp.file.rstrip(b"\0"), bootp.sname.rstrip(b"\0")) == (b"pxelinux.0", b"10.10.10.9")
    assert (options.keys() & {52, 66, 67}, outcome.decision.omitted) == (set(), (42, 44))


def test_an_http_boot_client_is_answered_with_its_vendor_class():
    served = service(extra=[("tag:http,67", "http://10.10.10.9/a.efi"), ("tag:!http,67", "a.efi")])
    over_http = answer(served, (60, b"HTTPClient:Arch:00016:UNDI:003001"), asks=(67,))
    over_tftp = answer(served, PXE, asks=(67,))
    assert (over_http[3][60], over_http[3][67]) == (b"HTTPClient", b"http://10.10.10.9/a.efi")
    assert (60 in over_tftp[3], over_tftp[3][67]) == (False, b"a.efi")


def test_a_pxe_client_s_machine_identifier_is_echoed():
    machine = b"\0" + bytes(range(16))
    assert answer(SERVICE, PXE, (97, machine))[3][97] == machine
    assert 97 not in answer(SERVICE, (97, machine))[3]


def test_vendor_options_go_to_their_vendor_class_only():
    served = service(extra=[("vendor:PXEClient,6", "8"), ("vendor:PXEClient,9", "00:00:01:61")])
    assert answer(served, PXE, asks=(3,))[3][43] == b"\x06\x01\x08\x09\x04\x00\x00\x01\x61\xff"
    assert 43 not in answer(served, (60, b"MSFT 5.0"))[3]


def test_vendor_options_that_fill_their_option_are_one_option_without_an_end():
    served = service(extra=[("vendor:PXEClient,6", "a" * 253)])
    octets = respond(frame(DISCOVER, PXE, asks=(43,)), served).frame
    told = [option[1:] for option in options_of(octets) if option[0] == "vendor_specific"]
    assert told == [(b"\x06\xfd" + b"a" * 253,)]


def test_vendor_and_user_classes_are_conditions():
    served = service(extra=[("tag:vendor-MSFT,44", "10.0.0.44"), ("tag:user-lab,42", "10.0.0.42")])
    told = [
        sorted(answer(served, sent, asks=(42, 44))[3].keys() & {42, 44})
        for sent in ((60, b"MSFT 5.0"), (77, b"\x03lab"), (124, b"\0\0\x01\x37\x05\x04MSFT"), (60, b"x"))
    ]
    assert told == [[44], [42], [44], []]


def test_options_of_an_enterprise_go_to_clients_that_name_it_or_ask_for_option_125():
    served = service(extra=[("vi-encap:9,1", "boot"), ("vi-encap:9,2", "7"), ("vi-encap:10,1", "x")])
    nine = b"\0\0\0\x09\x09\x01\x04boot\x02\x01\x07"
    ten = b"\0\0\0\x0a\x03\x01\x01x"
    told = [
        answer(served, *sent, asks=asks)[3].get(125)
        for sent, asks in (
            ([(124, b"\0\0\0\x09\x02\x01a")], (3,)),
            ([(125, b"\0\0\0\x0a\x00")], (3,)),
            ([], (125,)),
            ([], (3,)),
        )
    ]
    assert told == [nine, ten, nine + ten, None]


def test_encapsulated_options_go_to_clients_that_send_or_ask_for_the_option():
    served = service(extra=[("encap:175,8", "1"), ("encap:175,189", "u")])
    told = [
        answer(served, *sent, asks=asks)[3].get(175)
        for sent, asks in (([(175, b"\x01\x01\x01")], (3,)), ([], (175,)), ([], (3,)))
    ]
    assert told == [b"\x08\x01\x01\xbd\x01u\xff"] * 2 + [None]


def test_an_http_boot_client_is_no_http_client_to_a_server_of_files():
    assert 60 not in answer(service(extra=[("67", "a.efi")]), (60, b"HTTPClient:Arch:00016"), asks=(67,))[3]


@pytest.mark.parametrize(("number", "room"), [(67, 127), (66, 63)])
def test_a_boot_field_holds_a_name_and_the_zero_that_ends_it(number, room):
    fields = [
        answer(service(extra=[(str(number), "a" * length)]), PXE)[0 if number == 67 else 1]
        for length in (room, room + 1)
    ]
    assert fields == [b"a" * room, b""]


def test_sub_options_may_fill_their_option_to_the_last_octet():
    full = service(extra=[("vi-encap:9,1", "a" * 251), ("vi-encap:9,2", "b" * 10)])
    told = answer(full, (124, b"\0\0\0\x09\0"), ("max_dhcp_size", 1500), asks=(3,))[3]
    assert told[125] == b"\0\0\0\x09\xfd\x01\xfb" + b"a" * 251
    brim = service(extra=[("vi-encap:9,1", "a" * 253)])
    assert answer(brim, (124, b"\0\0\0\x09\0"), ("max_dhcp_size", 1500), asks=(3,))[3][125][4] == 255
