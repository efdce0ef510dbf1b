"""Sending to one peer: in order, at once if the transport takes it, and never without end. SHELL."""

from osken_apps.apps import runtime
from osken_apps.apps.transport import Transport

PATIENCE_S = 10.0  # for a peer that takes nothing at all
MOST_WAITING = 1 << 20  # octets: from then on whoever offers more should wait


class Sender:
    """What is sent on one transport; all of it passes here, or it would fall into the middle of a message."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._turn = runtime.lock()
        self.unsent = bytearray()  # what was offered and waits for a task to send it

    @property
    def is_sending(self) -> bool:
        """Tell whether a task is sending; it sends what is offered meanwhile, too."""
        return self._turn.locked()

    @property
    def is_full(self) -> bool:
        """Tell whether so much waits that no more should be offered."""
        return len(self.unsent) > MOST_WAITING

    def offer(self, data: bytes) -> None:
        """Send what the transport takes now; the rest waits. Raises OSError."""
        if not self.unsent and not self.is_sending:
            try:
                sent = self._transport.send(data)
            except BlockingIOError:
                sent = 0
            if sent == len(data):
                return
            data = data[sent:]
        self.unsent += data

    def send(self, data: bytes = b"") -> None:
        """Send what waits, then this, then what was offered meanwhile; wait for a slow peer.

        Raises OSError, TimeoutError among them.
        """
        with self._turn:
            self._send_all(self.unsent)
            rest = bytearray(data)
            try:
                self._send_all(rest)
            except BaseException:
                if len(rest) < len(data):
                    self.unsent[:0] = rest  # the end of a message that has begun comes before the next
                raise
            self._send_all(self.unsent)

    def stop(self) -> None:
        """Wait until nobody is sending any more; the transport has ended, so that they notice."""
        with self._turn:
            self.unsent.clear()

    def _send_all(self, waiting: bytearray) -> None:
        until = runtime.clock() + PATIENCE_S
        while waiting:
            if self._send_some(waiting):
                until = runtime.clock() + PATIENCE_S
            elif runtime.clock() >= until:
                raise TimeoutError(f"it took nothing for {PATIENCE_S:.0f} s")
            else:
                runtime.wait_ready(self._transport.fileno(), write=True, seconds=PATIENCE_S)

    def _send_some(self, waiting: bytearray) -> bool:
        try:
            del waiting[: self._transport.send(waiting)]
        except BlockingIOError:
            return False
        return True
