"""Where encoded options go: the option field, `file`, `sname`, or nowhere."""

import pytest

from osken_apps.dhcp.option_packing import BOOTP_ROOM, PackedOptions, pack_options, room_for_options
from osken_apps.dhcp.options import encode_option


def option(number, octets):
    """Give an encoded option of so many octets in all."""
    return encode_option(number, bytes([number]) * (octets - 2))


def octets_of(*options):
    """Join encoded options."""
    return b"".join(options)


A, B, C = option(1, 40), option(2, 40), option(3, 40)
LAST = b"\x52\x02ab"


def test_a_client_has_room_for_576_octets_or_what_it_says_up_to_the_mtu():
    sizes = [(0, 1500), (100, 1500), (576, 1500), (577, 1500), (9000, 1500), (9000, 576), (0, 300)]
    rooms = [room_for_options(size, mtu) for size, mtu in sizes]
    assert rooms == [308, 308, 308, 309, 1232, 308, 60]
    assert BOOTP_ROOM == 60


def test_options_that_fill_the_field_to_the_last_octet_stay_there():
    assert pack_options(octets_of(A, B), b"", 81, True, True) == PackedOptions(octets_of(A, B) + b"\xff")
    assert pack_options(octets_of(A, B), LAST, 85, True, True) == PackedOptions(
        octets_of(A, B) + LAST + b"\xff"
    )


def test_one_octet_less_and_the_last_option_moves_to_file():
    expected = PackedOptions(A + b"\x34\x01\x01\xff", B + b"\xff")
    assert pack_options(octets_of(A, B), b"", 80, True, True) == expected
    with_last = PackedOptions(A + b"\x34\x01\x01" + LAST + b"\xff", B + b"\xff")
    assert pack_options(octets_of(A, B), LAST, 84, True, True) == with_last


@pytest.mark.parametrize(
    ("file_free", "sname_free", "expected"),
    [
        (True, False, PackedOptions(A + b"\x34\x01\x01\xff", B + C + b"\xff")),
        (False, True, PackedOptions(A + b"\x34\x01\x02\xff", b"", B + b"\xff", (3,))),
        (False, False, PackedOptions(A + b"\xff", b"", b"", (2, 3))),
    ],
)
def test_only_free_fields_are_used(file_free, sname_free, expected):
    assert pack_options(octets_of(A, B, C), b"", 70, file_free, sname_free) == expected


def test_without_free_fields_there_is_room_for_what_the_overload_option_would_take():
    brim = option(9, 29)
    assert pack_options(octets_of(A, brim, C), b"", 70, False, False) == PackedOptions(
        octets_of(A, brim) + b"\xff", omitted=(3,)
    )
    assert pack_options(octets_of(A, brim, C), b"", 70, True, False) == PackedOptions(
        A + b"\x34\x01\x01\xff", octets_of(brim, C) + b"\xff"
    )


def test_fields_are_filled_to_the_octet_before_their_end():
    full = [A, option(2, 127), option(3, 63)]
    assert pack_options(octets_of(*full), b"", 70, True, True) == PackedOptions(
        A + b"\x34\x01\x03\xff", full[1] + b"\xff", full[2] + b"\xff"
    )
    assert pack_options(octets_of(A, option(2, 128)), b"", 70, True, True).omitted == (2,)


def test_the_parts_of_a_long_option_follow_each_other_over_the_fields():
    long = option(9, 257 + 100)
    first, second = long[:257], long[257:]
    assert pack_options(octets_of(A, long), b"", 310, True, True) == PackedOptions(
        A + first + b"\x34\x01\x01\xff", second + b"\xff"
    )
    assert pack_options(octets_of(long, A), b"", 310, True, True) == PackedOptions(
        first + A + b"\x34\x01\x01\xff", second + b"\xff"
    )


def test_a_long_option_that_does_not_fit_whole_is_left_out_whole():
    assert pack_options(octets_of(A, option(9, 257 + 140)), b"", 310, True, True) == PackedOptions(
        A + b"\xff", omitted=(9,)
    )


def test_relay_agent_information_gives_way_to_the_options_of_a_lease():
    fitting, too_long = option(82, 100), option(82, 101)
    assert pack_options(octets_of(A), fitting, 164, True, True).area == A + fitting + b"\xff"
    assert pack_options(octets_of(A), too_long, 164, True, True) == PackedOptions(A + b"\xff", omitted=(82,))


def test_relay_agent_information_gives_way_to_a_client_identifier_that_has_room_without():
    client_id = option(61, 130)
    for octets, told in ((85, True), (86, False)):
        relay_agent = option(82, octets)
        packed = pack_options(octets_of(A, client_id, B), relay_agent, 259, True, True)
        area = A + client_id + b"\x34\x01\x01" + relay_agent if told else A + client_id + B
        assert packed == PackedOptions(
            area + b"\xff", B + b"\xff" if told else b"", omitted=() if told else (82,)
        )
