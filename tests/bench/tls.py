"""What TLS with the hosts costs: DHCP over `ssl:` beside `tcp:` in turns, and handshakes.

python -m tests.bench.tls
"""

import contextlib
import io
import os
import ssl
import sys
import tempfile
import time
from pathlib import Path

from cryptography import x509

from osken_apps.certificates.contexts import hosts_context
from osken_apps.certificates.shown import host_of
from osken_apps.cli import main as osken_net
from osken_apps.config import HostsTls
from tests.bench.dhcp.__main__ import NICENESS
from tests.bench.dhcp.bars import Bar, at_least, at_most, ratio
from tests.bench.dhcp.measure import Results
from tests.bench.dhcp.ours import Ours, OursTls
from tests.bench.dhcp.report import bars_table, machine
from tests.bench.dhcp.turns import CLIENTS, in_turns

HANDSHAKES = 300
MANY = 3000  # a cold start of 1,000 hosts


def handshake_s(count: int = HANDSHAKES) -> float:
    """Give the processor time that our side takes for one handshake with a host of `osken-net pki`."""
    with tempfile.TemporaryDirectory() as name, contextlib.redirect_stdout(io.StringIO()):
        directory = Path(name)
        for words in (["init"], ["controller", "c"], ["host", "h"]):
            osken_net(["pki", "--directory", name, *words])
        ours, theirs = directory / "controllerca-c", directory / "hostca-h"
        files = HostsTls(
            "openflow",
            Path(f"{ours}.pem"),
            Path(f"{ours}.key"),
            directory / "hostca.pem",
            directory / "crl.pem",
        )
        server, client = hosts_context(files), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname = False
        client.load_verify_locations(directory / "controllerca.pem")
        client.load_cert_chain(f"{theirs}.pem", f"{theirs}.key")
        return sum(_one(server, client) for _ in range(count)) / count


def _one(server: ssl.SSLContext, client: ssl.SSLContext) -> float:
    to_us, to_them = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server.wrap_bio(to_us, to_them, server_side=True)
    theirs = client.wrap_bio(to_them, to_us)
    spent = 0.0
    while True:
        _done(theirs)
        began = time.thread_time()
        finished = _done(ours)
        if finished:
            host_of(x509.load_der_x509_certificate(ours.getpeercert(binary_form=True) or b""))
        spent += time.thread_time() - began
        if finished:
            return spent


def _done(end: ssl.SSLObject) -> bool:
    with contextlib.suppress(ssl.SSLWantReadError):
        end.do_handshake()
        return True
    return False


def bars(results: Results) -> list[Bar]:
    """Give the bars of `ssl:` beside `tcp:`."""
    rate = ratio(results, f"exchanges/{CLIENTS}", OursTls.name, Ours.name)
    cost = ratio(results, f"cpu/{CLIENTS}", OursTls.name, Ours.name)
    return [
        at_least("exchanges/s over ssl:, beside tcp:", rate, 0.85, "times"),
        at_most("processor time an exchange over ssl:, beside tcp:", cost, 1.2, "times"),
    ]


def main() -> int:
    """Run the benchmark; the status is 1 unless both bars are reached."""
    os.nice(NICENESS)
    one = handshake_s()
    print(f"{time.strftime('%Y-%m-%d')}, {machine()}; load {os.getloadavg()[0]:.1f}")
    print(f"a handshake: {one * 1e3:.2f} ms of processor time; {MANY}: {one * MANY:.1f} s")
    results = in_turns(Ours, OursTls)
    for system in (Ours, OursTls):
        rate = results.median(f"exchanges/{CLIENTS}", system.name) or 0
        cost = results.median(f"cpu/{CLIENTS}", system.name) or 0
        lost = results.median(f"lost/{CLIENTS}", system.name)
        print(f"{system.name}: {rate:,.0f} exchanges/s, {cost * 1e6:.0f} us each, {lost} lost")
    found = bars(results)
    print(bars_table(found))
    return 0 if all(bar.reached for bar in found) else 1


if __name__ == "__main__":
    sys.exit(main())
