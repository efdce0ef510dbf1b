"""Where something listens, and what of that everybody on the network reaches."""

from dataclasses import dataclass

from osken_apps.urls import is_loopback


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address and TCP port to listen on."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this machine reaches it."""
        return is_loopback(self.host)
