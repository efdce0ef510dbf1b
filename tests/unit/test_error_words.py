"""OpenFlow's errors in words: the names are those of the specification, as os-ken has them, too."""

import pytest
from os_ken.ofproto import ofproto_v1_4

from osken_apps.openflow.error_words import ERRORS, error_words

# By type: what the names of its codes begin with.
PREFIXES = {
    0: "OFPHFC_", 1: "OFPBRC_", 2: "OFPBAC_", 3: "OFPBIC_", 4: "OFPBMC_", 5: "OFPFMFC_", 6: "OFPGMFC_",
    7: "OFPPMFC_", 8: "OFPTMFC_", 9: "OFPQOFC_", 10: "OFPSCFC_", 11: "OFPRRFC_", 12: "OFPMMFC_",
    13: "OFPTFFC_", 14: "OFPBPC_", 15: "OFPACFC_", 16: "OFPMOFC_", 17: "OFPBFC_",
}  # fmt: skip


@pytest.mark.parametrize("error_type", PREFIXES)
def test_every_code_has_the_name_of_the_specification(error_type: int) -> None:
    prefix, constants = PREFIXES[error_type], vars(ofproto_v1_4)
    name, codes = ERRORS[error_type]
    assert constants[f"OFPET_{name}"] == error_type
    expected = {code: key.removeprefix(prefix) for key, code in constants.items() if key.startswith(prefix)}
    assert {code: word for code, word in enumerate(codes) if word} == expected


def test_an_error_reads_as_words() -> None:
    assert error_words(12, 10) == "meter mod failed, out of meters (type 12, code 10)"
    assert error_words(5, 1) == "flow mod failed, table full (type 5, code 1)"


@pytest.mark.parametrize(
    ("error_type", "code", "words"),
    [
        (13, 2, "table features failed (type 13, code 2)"),
        (2, 99, "bad action (type 2, code 99)"),
        (99, 3, "unknown error (type 99, code 3)"),
        (0xFFFF, 0xFFFF, "unknown error (type 65535, code 65535)"),
    ],
)
def test_an_error_that_is_unknown_keeps_its_numbers(error_type: int, code: int, words: str) -> None:
    assert error_words(error_type, code) == words
