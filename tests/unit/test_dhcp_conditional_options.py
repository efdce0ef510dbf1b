"""Options for some clients only: which apply, and what it costs to find out."""

import sys

import pytest

from osken_apps.dhcp.conditional_options import ConditionalOptions, conditional_options
from osken_apps.dhcp.extra_dhcp_opts import parse_extra_dhcp_opt
from osken_apps.model.resources import MAX_EXTRA_DHCP_OPTS, ExtraDhcpOption
from tests.packet.dhcp_scenario import DISCOVER, frame, raw_options_of, respond, service

PXE = {60: b"PXEClient:Arch:00007:UNDI:003016", 93: b"\0\x07"}
IPXE = PXE | {175: b"\x01\x01\x01"}
CLIENTS = {
    "nothing": {},
    "pxe": PXE,
    "ipxe": IPXE,
    "ipxe by its user class": {77: b"\x04iPXE"},
    "http": {60: b"HTTPClient:Arch:00016"},
    "windows": {60: b"MSFT 5.0"},
    "no text": {60: b"MSFT\xff\xfe", 77: b"\xffx"},
    "lab": {77: b"\x03lab\x04ward"},
    "by enterprise": {124: b"\0\0\1\x37\x05\x04MSFT"},
    "two architectures": {93: b"\0\x63\0\x0b"},
}
#: A condition, and the clients for which it holds.
CONDITIONS = {
    "tag:pxe": {"pxe", "ipxe"},
    "tag:ipxe": {"ipxe", "ipxe by its user class"},
    "tag:http": {"http"},
    "tag:efi64": {"pxe", "ipxe"},
    "tag:efi": {"pxe", "ipxe", "two architectures"},
    "tag:bios": set(),
    "tag:arch-99": {"two architectures"},
    "tag:vendor-MSFT": {"windows", "no text", "by enterprise"},
    "tag:vendor-MSFT 5.0": {"windows"},
    "tag:vendor-MSFT 5.0.1": set(),
    "tag:vendor-PXEClient": {"pxe", "ipxe"},
    "tag:vendor-Client": {"pxe", "ipxe", "http"},
    "tag:vendor-Arch:00007": {"pxe", "ipxe"},
    "tag:vendor-UNDI:003016": {"pxe", "ipxe"},
    "tag:vendor-UNDI:003017": set(),
    "vendor:Arch:00016": {"http"},
    "tag:user-lab": {"lab"},
    "tag:user-iPXE": {"ipxe by its user class"},
    "tag:efi64,tag:ipxe": {"ipxe"},
    "tag:efi64,tag:!ipxe": {"pxe"},
}


def indexed(*names: str) -> ConditionalOptions:
    """Give options of these names, each with its place as its value."""
    opts = [ExtraDhcpOption(name, str(place)) for place, name in enumerate(names)]
    return conditional_options(parse_extra_dhcp_opt(opt) for opt in opts)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_holds_for_its_clients_and_its_opposite_for_all_others(condition: str) -> None:
    held = {name for name, sent in CLIENTS.items() if indexed(f"{condition},224").applying(sent)}
    assert held == CONDITIONS[condition]
    if "," not in condition:
        opposite = condition.replace("vendor:", "tag:vendor-").replace("tag:", "tag:!") + ",224"
        assert {
            name for name, sent in CLIENTS.items() if indexed(opposite).applying(sent)
        } == CLIENTS.keys() - held


def test_the_option_that_a_client_did_not_send_is_a_condition() -> None:
    assert [bool(indexed("!175,67").applying(sent)) for sent in (PXE, IPXE)] == [True, False]


def test_those_that_apply_come_in_order_the_more_conditions_the_later() -> None:
    options = indexed("tag:efi64,tag:ipxe,67", "tag:ipxe,67", "!12,67", "tag:bios,67", "tag:efi64,67")
    assert [option.value for option in options.applying(IPXE)] == [b"1", b"2", b"4", b"0"]


def lines_run(options: ConditionalOptions) -> int:
    """Count the lines of Python that the look-up for one client takes."""
    count = 0

    def trace(_frame: object, event: str, _argument: object) -> object:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        options.applying(IPXE)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("name", ["tag:vendor-no{:04},67", "tag:user-{:04},67", "tag:arch-{:04},67"])
def test_thousands_of_conditions_that_do_not_hold_cost_nothing(name: str) -> None:
    few, many = (
        indexed("tag:ipxe,67", *(name.format(number + 100) for number in range(count))) for count in (1, 5000)
    )
    assert lines_run(many) == lines_run(few)


def test_more_options_than_the_api_takes_are_not_looked_at() -> None:
    extra = [(f"tag:user-{number},224", "x") for number in range(MAX_EXTRA_DHCP_OPTS - 1)]
    served = service(extra=[*extra, ("225", "in"), ("226", "out")])
    told = raw_options_of(respond(frame(DISCOVER, asks=(225, 226)), served).frame)
    assert (told.get(225), told.get(226)) == (b"in", None)
