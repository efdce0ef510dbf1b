"""What sessions and bridges say of who they are. PURE."""

from collections.abc import Hashable
from dataclasses import dataclass

from osken_apps.model.contest import Name

Key = Hashable  # what the shell knows a session or a connection by


@dataclass(frozen=True, slots=True)
class SessionIdentity:
    """What an OVSDB session says of its host; `address` is where it comes from."""

    system_id: str
    hostname: str
    datapath_ids: frozenset[int]
    address: str
    certified: bool = False  # its certificate is of this host

    @property
    def host(self) -> str:
        """The name of the host: its host name, else its system-id."""
        return self.hostname or self.system_id

    def names(self) -> set[Name]:
        """Give the names that only one session may have."""
        return {*self.names_of_host(), *(("datapath id", number) for number in self.datapath_ids)}

    def names_of_host(self) -> list[Name]:
        """Give those of them that are the host's, not a bridge's."""
        names: list[Name] = [("host name", self.host)]
        if self.system_id and not self.certified:
            names.append(("system-id", self.system_id))
        return names

    def begins_again(self, before: "SessionIdentity") -> bool:
        """Tell whether this may be a host's next session, of whose bridges it shows nothing yet.

        OVSDB has no datapath id from its start until ovs-vswitchd is connected to it.
        """
        same = (self.host, self.system_id) == (before.host, before.system_id)
        return same and not self.datapath_ids


@dataclass(frozen=True, slots=True)
class BridgeIdentity:
    """What a bridge says of itself; `description` is its dp-desc, None if it has none."""

    datapath_id: int
    name: str
    description: str | None
    address: str
    certified: str = ""  # the host that its certificate names: nothing else is believed then


@dataclass(frozen=True, slots=True)
class Refused:
    """A session or a bridge that is not believed: what it says it is, why not, and the host whose name it
    uses.
    """

    host: str
    reason: str
    rival: str
