"""The audit: every host is read and compared again in its turn, however sure we are of it. SHELL."""

import itertools
from collections.abc import Callable, Iterable, Iterator

from osken_apps.apps import runtime
from osken_apps.apps.hosts import Hosts

MOST_HOSTS_PER_S = 5.0  # a thousand hosts take longer than `audit_interval`, not a tenth of a processor


def audit_for_ever(hosts: Hosts, interval_s: float) -> None:
    """Audit each host once in `interval_s`, spread over it; less often where they are very many."""
    for pause_s, name in turns(hosts.served, interval_s):
        runtime.sleep(pause_s)
        host = hosts.by_name.get(name) if name is not None else None
        if host and host.reconciler:
            with hosts.failures.guarded("a host was not audited", f"host {name}"):
                host.reconciler.audit()


def turns(hosts: Callable[[], Iterable[str]], interval_s: float) -> Iterator[tuple[float, str | None]]:
    """Give, for ever, how long to wait and which host is next then; None while there is no host."""
    for _ in itertools.count():
        known = list(hosts())
        if not known:
            yield interval_s, None
        for host in known:
            yield max(interval_s / len(known), 1 / MOST_HOSTS_PER_S), host
