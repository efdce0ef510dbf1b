"""The short forms of the fuzzing of listeners: the corpora, cut and mutated, and some rounds of atheris."""

import importlib
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.make_corpus import CORPORA, DIRECTORY

EDGES = ("openflow", "ovsdb", "http")
#: How far apart the ends of cut inputs are, how often each input is mutated, how many runs atheris has.
CUTS = {"openflow": 3, "ovsdb": 1, "http": 13}
MUTATIONS = {"openflow": 30, "ovsdb": 60, "http": 8}
ATHERIS_RUNS = {"openflow": 500, "ovsdb": 3000, "http": 200}
INTERESTING = (b"\0", b"\xff", b"\0\0", b"\xff\xff", b'"', b"{", b"}", b"]", b"\\", b"\r\n", b":", b"%", b"5")
REPOSITORY = Path(__file__).parents[2]

Check = Callable[[bytes], None]


def inputs(edge: str) -> list[Path]:
    return sorted((DIRECTORY / edge).iterdir())


ALL = [(edge, path) for edge in EDGES for path in inputs(edge)]


@pytest.fixture(scope="module")
def checks() -> dict[str, Check]:
    return {edge: importlib.import_module(f"tests.fuzz.{edge}_target").check for edge in EDGES}


def test_the_corpora_are_what_their_generator_writes() -> None:
    for edge in EDGES:
        found = {path.name: path.read_bytes() for path in inputs(edge) if path.name in CORPORA[edge]}
        assert found == CORPORA[edge]


@pytest.mark.parametrize(("edge", "path"), ALL, ids=[f"{edge}-{path.name}" for edge, path in ALL])
def test_what_a_peer_sends_keeps_the_rules_whole_cut_and_mutated(
    checks: dict[str, Check], edge: str, path: Path
) -> None:
    octets, check, generator = path.read_bytes(), checks[edge], random.Random(path.name)
    for length in (*range(0, len(octets), CUTS[edge]), len(octets)):
        check(octets[:length])
    for _ in range(MUTATIONS[edge]):
        mutated = bytearray(octets)
        for _ in range(generator.randrange(1, 6)):
            at = generator.randrange(len(mutated))
            piece = generator.choice((*INTERESTING, generator.randbytes(generator.randrange(1, 9))))
            mutated[at : at + generator.choice((0, len(piece)))] = piece
        check(bytes(mutated))


@pytest.mark.parametrize("edge", EDGES)
def test_some_rounds_of_coverage_guided_fuzzing_find_nothing(edge: str, tmp_path: Path) -> None:
    pytest.importorskip("atheris")  # in the package's extra `test`; missing where there is no wheel of it
    runs = ATHERIS_RUNS[edge]
    command = [sys.executable, "-m", "tests.fuzz.guided", edge, f"-runs={runs}", "-seed=1"]
    result = subprocess.run(
        [*command, f"-artifact_prefix={tmp_path}/"], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert f"Done {runs} runs" in result.stderr
