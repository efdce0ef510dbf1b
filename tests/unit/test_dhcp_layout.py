"""Where encoded options go: the option field, `file`, `sname`, or nowhere."""

import pytest

from osken_apps.dhcp.layout import BOOTP_ROOM, Layout, lay_out, room_for_options
from osken_apps.dhcp.options import encode_option


def option(number, octets):
    """Give an encoded option of so many octets in all."""
    return number, encode_option(number, bytes([number]) * (octets - 2))


def octets_of(*options):
    """Join encoded options."""
    return b"".join(encoded for _, encoded in options)


A, B, C = option(1, 40), option(2, 40), option(3, 40)
LAST = b"\x52\x02ab"


def test_a_client_has_room_for_576_octets_or_what_it_says_up_to_the_mtu():
    sizes = [(None, 1500), (100, 1500), (576, 1500), (577, 1500), (9000, 1500), (9000, 576), (None, 300)]
    rooms = [room_for_options(size, mtu) for size, mtu in sizes]
    assert rooms == [308, 308, 308, 309, 1232, 308, 60]
    assert BOOTP_ROOM == 60


def test_options_that_fill_the_field_to_the_last_octet_stay_there():
    assert lay_out([A, B], b"", 81, True, True) == Layout(octets_of(A, B) + b"\xff")
    assert lay_out([A, B], LAST, 85, True, True) == Layout(octets_of(A, B) + LAST + b"\xff")


def test_one_octet_less_and_the_last_option_moves_to_file():
    expected = Layout(A[1] + b"\x34\x01\x01\xff", B[1] + b"\xff")
    assert lay_out([A, B], b"", 80, True, True) == expected
    with_last = Layout(A[1] + b"\x34\x01\x01" + LAST + b"\xff", B[1] + b"\xff")
    assert lay_out([A, B], LAST, 84, True, True) == with_last


@pytest.mark.parametrize(
    ("file_free", "sname_free", "expected"),
    [
        (True, False, Layout(A[1] + b"\x34\x01\x01\xff", B[1] + C[1] + b"\xff")),
        (False, True, Layout(A[1] + b"\x34\x01\x02\xff", b"", B[1] + b"\xff", (3,))),
        (False, False, Layout(A[1] + b"\xff", b"", b"", (2, 3))),
    ],
)
def test_only_free_fields_are_used(file_free, sname_free, expected):
    assert lay_out([A, B, C], b"", 70, file_free, sname_free) == expected


def test_without_free_fields_there_is_room_for_what_the_overload_option_would_take():
    brim = option(9, 29)
    assert lay_out([A, brim, C], b"", 70, False, False) == Layout(octets_of(A, brim) + b"\xff", omitted=(3,))
    assert lay_out([A, brim, C], b"", 70, True, False) == Layout(
        A[1] + b"\x34\x01\x01\xff", octets_of(brim, C) + b"\xff"
    )


def test_fields_are_filled_to_the_octet_before_their_end():
    full = [A, option(2, 127), option(3, 63)]
    assert lay_out(full, b"", 70, True, True) == Layout(
        A[1] + b"\x34\x01\x03\xff", full[1][1] + b"\xff", full[2][1] + b"\xff"
    )
    assert lay_out([A, option(2, 128)], b"", 70, True, True).omitted == (2,)


def test_the_parts_of_a_long_option_follow_each_other_over_the_fields():
    long = option(9, 257 + 100)
    first, second = long[1][:257], long[1][257:]
    assert lay_out([A, long], b"", 310, True, True) == Layout(
        A[1] + first + b"\x34\x01\x01\xff", second + b"\xff"
    )
    assert lay_out([long, A], b"", 310, True, True) == Layout(
        first + A[1] + b"\x34\x01\x01\xff", second + b"\xff"
    )


def test_a_long_option_that_does_not_fit_whole_is_left_out_whole():
    assert lay_out([A, option(9, 257 + 140)], b"", 310, True, True) == Layout(A[1] + b"\xff", omitted=(9,))


def test_relay_agent_information_gives_way_to_the_options_of_a_lease():
    fitting, too_long = option(82, 100)[1], option(82, 101)[1]
    assert lay_out([A], fitting, 164, True, True).area == A[1] + fitting + b"\xff"
    assert lay_out([A], too_long, 164, True, True).area == A[1] + b"\xff"
