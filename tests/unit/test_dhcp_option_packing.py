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


def routes(count):
    """Give so many routes, of eight octets each."""
    return b"".join(bytes((24, 10, number, 1, 10, 0, 0, 1)) for number in range(count))


@pytest.mark.parametrize("room", range(560, 660, 7))
def test_option_249_goes_into_one_field_whatever_room_the_others_have(room):
    encoded = encode_option(121, routes(40)) + encode_option(249, routes(40))
    packed = pack_options(encoded, b"", room, True, True)
    holding = [field for field in packed[:3] if b"\xf9" in numbers_of(field)]
    assert len(holding) == 1, packed


def numbers_of(field):
    """Give the numbers of the options in a field, one octet each."""
    found, at = b"", 0
    while field[at:] and field[at] != 255:
        found += field[at : at + 1]
        at += 2 + field[at + 1]
    return found


def test_a_field_whose_own_content_finds_no_room_as_an_option_keeps_it():
    """Else a client that boots would be told neither in the field nor by the option what from."""
    boot_file, server_name = option(67, 60), option(66, 30)
    packed = pack_options(octets_of(A, option(9, 100), boot_file), b"", 70, False, False)
    assert packed == PackedOptions(A + b"\xff", omitted=(9, 67))
    packed = pack_options(
        octets_of(A, boot_file, option(9, 60), option(10, 60), server_name), b"", 50, False, False
    )
    assert packed == PackedOptions(
        A + b"\x34\x01\x01\xff", boot_file + option(9, 60) + b"\xff", omitted=(10, 66)
    )
