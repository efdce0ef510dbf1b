"""Where each host is reached over tunnels, by what it shows or what is kept of it. PURE (it changes, but does
no I/O).

No two hosts have one address: whoever had it first keeps it until it shows another one. What is only kept of
a host that is away and not waited for gives way to a host that shows it: the one may be the other, under
another name.
"""

from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address

SET_ADDRESS = "ovs-vsctl set Open_vSwitch . other_config:local_ip=ADDRESS"


class TunnelAddresses:
    """The addresses that hosts show, and who has which."""

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}
        self._showing: dict[IPv4Address, set[str]] = {}
        self._holders: dict[IPv4Address, str] = {}
        self._addresses: dict[str, IPv4Address] = {}
        self._kept: set[str] = set()  # hosts of which nothing was seen since the start
        self._doubted: set[str] = set()  # those of them that give way

    def keep(self, host: str, text: str) -> set[str]:
        """Take what is kept of a host that has not shown itself yet; give the hosts that have another one."""
        if host in self._shown and host not in self._kept:
            return set()
        self._kept.add(host)
        self._note(host, text)
        return self._settle(host)

    def doubt(self, host: str) -> set[str]:
        """Let what is only kept of a host give way; give the hosts that have another address now."""
        if host not in self._kept or host in self._doubted:
            return set()
        self._doubted.add(host)
        address = self._addresses.get(host)
        return self._give(address) if address else set()

    def show(self, host: str, text: str) -> set[str]:
        """Take what a host shows, empty for nothing; give the hosts that have another address now."""
        is_known = self._shown.get(host) == text
        if is_known and host not in self._kept:
            return set()
        self._kept.discard(host)
        self._doubted.discard(host)
        if is_known and host in self._addresses:
            return set()
        self._note(host, text)
        return self._settle(host)

    def forget(self, host: str) -> set[str]:
        """Forget a host; give the hosts that have another address now."""
        self._kept.discard(host)
        self._doubted.discard(host)
        if self._note(host, None) is None:
            return set()
        return self._settle(host)

    def rename(self, host: str, new_name: str) -> set[str]:
        """Note that a host is called something else now; what it shows by that name stays. Give the hosts
        that have another address now.
        """
        if host not in self._shown:
            return set()
        if new_name in self._shown:
            return self.forget(host)
        for names in (self._kept, self._doubted):
            names.discard(new_name)
            if host in names:
                names.remove(host)
                names.add(new_name)
        self._note(new_name, self._note(host, None))
        address = self._addresses.pop(host, None)
        if address is not None:
            self._addresses[new_name], self._holders[address] = address, new_name
        return set()

    def of(self, host: str) -> IPv4Address | None:
        """Give where a host is reached; None: nobody knows."""
        return self._addresses.get(host)

    def rivals(self, host: str) -> list[str]:
        """Name the other hosts that show the address of a host."""
        address = usable_address(self._shown.get(host, ""))
        return sorted(self._showing[address] - {host} - self._doubted) if address else []

    def why_not(self, host: str) -> str:
        """Say in words what must be put right for a host to have an address; empty: it has one."""
        if host in self._addresses:
            return ""
        text = self._shown.get(host, "")
        if not text:
            return f"host {host} to have a tunnel address: {SET_ADDRESS}"
        address = usable_address(text)
        if address is None:
            return (
                f"host {host} to have a tunnel address that is IPv4 and a host's, not {text}: {SET_ADDRESS}"
            )
        other = self._holders[address]
        return f"host {host} to have a tunnel address that is not also {other}'s, as {text} is: {SET_ADDRESS}"

    def _note(self, host: str, text: str | None) -> str | None:
        """Note what a host shows now; give what it showed before."""
        before = self._shown.pop(host, None)
        if (address := usable_address(before or "")) is not None:
            self._showing[address].discard(host)
            if not self._showing[address]:
                del self._showing[address]
        if text is not None:
            self._shown[host] = text
            if (address := usable_address(text)) is not None:
                self._showing.setdefault(address, set()).add(host)
        return before

    def _settle(self, host: str) -> set[str]:
        """Give out again what a host had, and what it shows now; give the hosts with another one."""
        changed = {host}
        for address in (self._addresses.get(host), usable_address(self._shown.get(host, ""))):
            changed |= self._give(address) if address is not None else set()
        return changed

    def _give(self, address: IPv4Address) -> set[str]:
        """Give an address to who is to have it now; give the hosts for which that is a change."""
        holder, showing = self._holders.get(address), self._showing.get(address, set())
        candidates = showing - self._doubted or showing
        if holder in candidates:
            return set()
        changed = set()
        if holder is not None:
            del self._addresses[holder], self._holders[address]
            changed.add(holder)
        heir = min(candidates, default=None)
        if heir is not None:
            self._addresses[heir], self._holders[address] = address, heir
            changed.add(heir)
        return changed


@lru_cache(1 << 14)
def usable_address(text: str) -> IPv4Address | None:
    """Read an address at which a host can be reached; None if it is none."""
    try:
        address = IPv4Address(text)
    except AddressValueError:
        return None
    useless = address.is_unspecified or address.is_multicast or address.is_loopback
    return None if useless or address.is_reserved else address
