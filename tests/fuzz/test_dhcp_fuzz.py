"""The short forms of the fuzzing: the corpus, every truncation of it, mutations, some rounds of atheris."""

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osken_apps.dhcp.responder import Responder
from tests.fuzz.dhcp_target import BOOTP_OFFSET, CORPUS, RESERVATIONS, check, frame_around
from tests.fuzz.make_corpus import FRAMES
from tests.packet.dhcp_scenario import DISCOVER, frame

SEEDS = sorted(CORPUS.iterdir())
NAMES = [path.name for path in SEEDS]
MUTATIONS = 60
ATHERIS_RUNS = 5000
REPOSITORY = Path(__file__).parents[2]
FIXED = frame(DISCOVER)[BOOTP_OFFSET : BOOTP_OFFSET + 240]
INTERESTING = (b"\0", b"\xff", b"\x35\x01", b"\x52\xff", b"\x34\x01\x03", b"\x37\xff", b"\x39\x02\0\0")


def test_the_corpus_is_what_its_generator_writes():
    assert {path.name: path.read_bytes() for path in SEEDS if path.name in FRAMES} == FRAMES


@pytest.mark.parametrize("seed", SEEDS, ids=NAMES)
def test_a_frame_of_the_corpus_keeps_the_rules(seed):
    check(seed.read_bytes())


@pytest.mark.parametrize("seed", SEEDS, ids=NAMES)
def test_a_frame_that_ends_at_any_octet_keeps_the_rules(seed):
    octets = seed.read_bytes()
    for length in range(len(octets)):
        check(octets[:length])


@pytest.mark.parametrize("seed", SEEDS, ids=NAMES)
def test_a_mutated_frame_keeps_the_rules(seed):
    generator = random.Random(seed.name)
    for _ in range(MUTATIONS):
        octets = bytearray(seed.read_bytes())
        for _ in range(generator.randrange(1, 6)):
            at = generator.randrange(len(octets))
            piece = generator.choice((*INTERESTING, generator.randbytes(generator.randrange(1, 9))))
            octets[at : at + generator.choice((0, len(piece)))] = piece
        check(bytes(octets))


@settings(max_examples=300)
@given(st.binary(max_size=600))
def test_any_octets_keep_the_rules(octets):
    check(octets)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(1, 254), st.binary(max_size=80)), max_size=30))
def test_any_options_keep_the_rules(options):
    area = b"".join(bytes((number, len(value))) + value for number, value in options)
    check(frame_around(FIXED + b"\x35\x01\x01" + area + b"\xff"))


def test_some_rounds_of_coverage_guided_fuzzing_find_nothing(tmp_path):
    pytest.importorskip("atheris")  # in the package's extra `test`; missing where there is no wheel of it
    command = [sys.executable, "-m", "tests.fuzz.guided", "dhcp", f"-runs={ATHERIS_RUNS}", "-seed=1"]
    result = subprocess.run(
        [*command, f"-artifact_prefix={tmp_path}/"], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert f"Done {ATHERIS_RUNS} runs" in result.stderr


#: Shapes that cost a careless decoder most, each for a number of octets to fill.
HOSTILE: dict[str, Callable[[int], bytes]] = {
    "nothing but PAD": lambda size: bytes(size),
    "PAD and options in turn": lambda size: b"\0\x0c\0" * (size // 3),
    "empty options": lambda size: b"\x0c\0" * (size // 2),
    "parts of one option": lambda size: (b"\x0c\xff" + bytes(255)) * (size // 257),
    "a request list of everything": lambda size: (b"\x37\xfe" + bytes(range(254))) * (size // 256),
    "user classes": lambda size: (b"\x4d\xfe" + b"\x01a" * 127) * (size // 256),
    "architectures": lambda size: (b"\x5d\xfe" + bytes(254)) * (size // 256),
    "enterprises": lambda size: (b"\x7c\xff" + b"\0\0\0\x09\0" * 51) * (size // 257),
    "a long client identifier": lambda size: (b"\x3d\xff" + bytes(255)) * (size // 257),
    "relay agent information": lambda size: (b"\x52\xff" + bytes(255)) * (size // 257),
}


def lines_run(octets: bytes) -> int:
    """Count the lines of Python that an answer takes: work, measured alike on every machine."""
    count = 0

    def trace(_frame: object, event: str, _argument: object) -> object:
        nonlocal count
        count += event == "line"
        return trace

    responder = Responder(RESERVATIONS[1])
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        responder.respond(octets, 0.0)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("shape", HOSTILE)
def test_no_frame_takes_more_than_ten_times_the_work_of_a_usual_one(shape):
    usual = lines_run(FRAMES["discover-ipxe"])
    for size in (300, 1200, 60000):
        hostile = frame_around(FIXED + b"\x35\x01\x01" + HOSTILE[shape](size)[:65000])
        assert lines_run(hostile) < 10 * usual, (size, usual)
