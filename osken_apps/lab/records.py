"""What the lab has made, in files, so that it can be taken down by anybody at any time.

Owns the records under `<state dir>/records`. A thing is recorded before it is made and forgotten after it is
gone, so a crash can leave a record without a thing but never a thing without a record. Must not make or
destroy the things themselves.
"""

import dataclasses
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osken_apps.files import write_whole
from osken_apps.lab.shell import LabError

NAME = re.compile(r"[a-z0-9]{1,8}")
MODE = 0o644


def boot_id() -> str:
    """Give the kernel's identity of this boot: records of another boot name nothing that still runs."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@dataclass(frozen=True)
class LabRecord:
    """The lab as a whole: `subnet` is the management network, CIDR."""

    name: str
    subnet: str
    boot_id: str


@dataclass(frozen=True)
class HostRecord:
    """One host: `address` is its management address."""

    name: str
    address: str


@dataclass(frozen=True)
class VmRecord:
    """One VM of either kind."""

    name: str
    host: str
    port_id: str
    mac: str
    real: bool


@dataclass(frozen=True)
class Site:
    """The lab's name and state directory, and with them every other name and path."""

    name: str
    state_dir: Path

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise LabError(f"lab name {self.name!r}: 1 to 8 lower-case letters and digits are wanted")

    @property
    def prefix(self) -> str:
        """What the name of everything of this lab on the machine begins with."""
        return f"osk-{self.name}-"

    def directory(self, *parts: str) -> Path:
        """Give a directory below the state directory, made if need be."""
        path = self.state_dir.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def record_path(self, kind: str, name: str) -> Path:
        """Give the file that records the thing `name` of `kind`."""
        return self.directory("records") / f"{kind}.{name}"

    def record(self, kind: str, name: str, content: Any = None) -> None:
        """Record a thing; `content` is a record dataclass, or nothing where the name says it all."""
        fields = dataclasses.asdict(content) if content is not None else {}
        write_whole(self.record_path(kind, name), json.dumps(fields).encode(), MODE)

    def forget(self, kind: str, name: str) -> None:
        """Drop a record, if it is there."""
        self.record_path(kind, name).unlink(missing_ok=True)

    def recorded(self, kind: str) -> list[str]:
        """Give the names of the recorded things of one kind, in order."""
        folder = self.state_dir / "records"
        found = sorted(folder.glob(f"{kind}.*")) if folder.is_dir() else []
        return [path.name.removeprefix(f"{kind}.") for path in found]

    @property
    def lab_path(self) -> Path:
        """The file whose presence says that a lab is, or may half be, up."""
        return self.state_dir / "lab.json"

    def claim(self, record: LabRecord) -> None:
        """Say that a lab is about to be made here."""
        write_whole(self.lab_path, json.dumps(dataclasses.asdict(record)).encode(), MODE)

    def lab_record(self) -> LabRecord | None:
        """Give the lab's own record, or None where there is no lab."""
        try:
            return LabRecord(**json.loads(self.lab_path.read_text()))
        except FileNotFoundError:
            return None

    def host_records(self) -> Iterator[HostRecord]:
        """Give the hosts in the order of their numbers."""
        for name in sorted(self.recorded("host"), key=lambda name: int(name.removeprefix("host"))):
            yield HostRecord(**json.loads(self.record_path("host", name).read_text()))

    def vm_records(self) -> Iterator[VmRecord]:
        """Give the VMs in the order of their names."""
        for name in self.recorded("vm"):
            yield VmRecord(**json.loads(self.record_path("vm", name).read_text()))
