"""What hosts are called now, what they were called before, and their system-ids. PURE (it changes, but does
no I/O).

A name is not enough to know a host by: it may be given another one at any time, also while no controller
sees it.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

from osken_apps.model.changes import HostIdentity

MAX_FORMER_NAMES = 16  # of a host: the newest
NAMELESS = ""  # what a host is called between two names, where hosts take each other's


class HasName(Protocol):
    """A host, of which no more is asked than its name."""

    name: str


NamedHost = TypeVar("NamedHost", bound=HasName)


class HostNames:
    """The system-id that each name was shown with, and who has which former name."""

    def __init__(self) -> None:
        self._system_ids: dict[str, str] = {}
        self._now: dict[str, str] = {}  # former name -> what its host is called now, the newest last

    def keep(self, identities: Iterable[HostIdentity]) -> None:
        """Take what the store has; what is known better stays: hosts may have exchanged their names since."""
        kept = list(identities)
        for host in kept:
            if host.name not in self._now:
                self._system_ids.setdefault(host.name, host.system_id)
        for host in kept:
            for former in () if self._is_of_another(host.name, host.system_id) else host.former_names:
                if former not in self._now and not self._is_of_another(former, host.system_id):
                    self._system_ids.pop(former, None)
                    self._call(former, self.name_now(host.name))

    def show(self, name: str, system_id: str) -> None:
        """Take the system-id that a host shows."""
        holder = self._now.get(name)
        if system_id and holder and self._system_ids.get(holder, system_id) != system_id:
            self.give_away(name)
        self._system_ids[name] = system_id

    def give_away(self, name: str) -> None:
        """Note that another machine is called now what a host was called before."""
        self._now.pop(name, None)

    def rename(self, name: str, new_name: str) -> None:
        """Note that a host is called something else now."""
        self.forget(new_name)
        self._now.pop(new_name, None)
        for former, now in self._now.items():
            if now == name:
                self._now[former] = new_name
        if name in self._system_ids:
            self._system_ids[new_name] = self._system_ids.pop(name)
        self._call(name, new_name)

    def forget(self, name: str) -> None:
        """Forget a host with all its names."""
        self._system_ids.pop(name, None)
        for former in self.former_names(name):
            del self._now[former]

    def name_now(self, name: str) -> str:
        """Give what the host that was called so is called now; of a name that nobody had, itself."""
        return self._now.get(name, name)

    def former_names(self, name: str) -> tuple[str, ...]:
        """Give what a host was called before, the newest last."""
        return tuple(former for former, now in self._now.items() if now == name)

    def known_as(self, name: str, system_id: str) -> str:
        """Give the other name by which a host is known that shows itself for the first time under this one;
        empty: it is not known, or a name of its own or the system-id of several hosts says nothing.
        """
        if not system_id or name in self._system_ids:
            return ""
        names = [other for other, known in self._system_ids.items() if known == system_id]
        return names[0] if len(names) == 1 else ""

    def _is_of_another(self, name: str, system_id: str) -> bool:
        return self._system_ids.get(name, "") not in ("", system_id)

    def _call(self, former: str, name: str) -> None:
        self._now.pop(former, None)
        if former not in (NAMELESS, name):
            self._now[former] = name
        for oldest in self.former_names(name)[:-MAX_FORMER_NAMES]:
            del self._now[oldest]


def in_order(names: Mapping[NamedHost, str]) -> list[tuple[NamedHost, str]]:
    """Order how hosts are renamed: none takes a name that one after it leaves.

    One of those that take each other's names has none meanwhile.
    """
    takers = {name: host for host, name in names.items()}
    left = {host.name for host in names}
    ordered: list[tuple[NamedHost, str]] = []
    for first in sorted(names, key=lambda host: names[host] in left):
        if first in (host for host, _ in ordered):
            continue
        is_circle = names[first] in left
        ordered.append((first, NAMELESS if is_circle else names[first]))
        host = takers.get(first.name)
        while host and host is not first:
            ordered.append((host, names[host]))
            host = takers.get(host.name)
        if is_circle:
            ordered.append((first, names[first]))
    return ordered
