"""Running the load generator, `load.c`, and what it measures."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osken_apps.lab import LabError
from osken_apps.lab.network import Namespace

SOURCE = Path(__file__).with_name("load.c")
WARM_UP_S = 1.0
GRACE_S = 30.0


@dataclass(frozen=True)
class Exchanges:
    """Whole exchanges, DISCOVER to ACK; `done` includes those of the warm-up."""

    done: int
    per_second: float
    lost: int
    median_s: float
    p99_s: float


@dataclass(frozen=True)
class Flood:
    """A flood, and how long DISCOVERs of others waited for their OFFER meanwhile and after."""

    flooded: int
    answered: int
    probes: int
    lost: int
    median_s: float
    worst_s: float


def compile_generator(directory: Path) -> Path:
    """Compile the generator. Raises LabError."""
    program = directory / "load"
    command = ["cc", "-O2", "-Wall", "-Wextra", "-o", str(program), str(SOURCE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"load.c: {done.stderr}")
    return program


@dataclass(frozen=True)
class Generator:
    """The generator, at an interface inside a namespace."""

    program: Path
    namespace: Namespace
    interface: str
    clients: int

    def exchanges(
        self, outstanding: int, seconds: float, warm_up_s: float = WARM_UP_S, first: bool = False
    ) -> Exchanges:
        """Run whole exchanges; `first`: none like one before. Raises LabError at a wrong reply."""
        found = self._run("first" if first else "exchange", outstanding, warm_up_s, seconds)
        rate = found["counted"] / found["seconds"]
        return Exchanges(found["exchanges"], rate, found["lost"], found["p50_s"], found["p99_s"])

    def flood(self, per_second: int, seconds: float, after_s: float) -> Flood:
        """Flood from one port. Raises LabError at a wrong reply."""
        return _flood(self._run("flood", per_second, seconds, after_s))

    def crowd(self, crowd: int, per_second: float, seconds: float, first: bool = False) -> Flood:
        """Ask from so many ports so often each; `first`: never the same. Raises LabError at a wrong reply."""
        return _flood(self._run("first-crowd" if first else "crowd", crowd, per_second, seconds))

    def _run(self, mode: str, first: float, second: float, third: float) -> dict[str, Any]:
        arguments = [mode, self.interface, self.clients, first, second, third]
        command = [str(self.program), *map(str, arguments)]
        done = self.namespace.run(command, timeout_s=second + third + GRACE_S)
        found: dict[str, Any] = json.loads(done.stdout)
        if found["wrong"]:
            raise LabError(f"{found['wrong']} replies are wrong, the first: {found['first_wrong']}")
        return found


def _flood(found: dict[str, Any]) -> Flood:
    names = ("flooded", "flooded_answers", "probes", "lost", "p50_s", "max_s")
    return Flood(*(found[name] for name in names))
