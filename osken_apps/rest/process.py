"""The process that owns the database and serves REST.

`process --build=BUILD CONFIG_FILE LISTEN_FD LINK_FD [STORE_ID] [--metrics=FD]` is started by the controller,
with native threads only. The controller holds the listening sockets, so a restart of this process loses no
connection. Without the controller it ends. With a STORE_ID it serves that store and makes none; whoever asks
for one that cannot be used is told why, and likewise if the controller's BUILD is not this one.
"""

import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from osken_apps import logs
from osken_apps.build import BUILD
from osken_apps.config import Authentication, Config, load
from osken_apps.errors import ConfigurationError, StoreUnavailable
from osken_apps.failures import Failures
from osken_apps.link import STARTED_BADLY, Link, Serving
from osken_apps.nova.endpoint import Nova
from osken_apps.nova.notifier import Notifier
from osken_apps.rest.audit_log import AuditLog
from osken_apps.rest.controller import KnownHosts, Questions
from osken_apps.rest.controller_link import Listener, Speaker, outlive
from osken_apps.rest.measured import Measured
from osken_apps.rest.server.api_server import api_server, plain_server
from osken_apps.rest.server.certificates import Certificates
from osken_apps.rest.server.clients import client_of
from osken_apps.rest.wsgi import Api, application
from osken_apps.store.checkpoints import keep_checkpoints
from osken_apps.store.feed import Feed
from osken_apps.store.following import follow_commands
from osken_apps.store.recorder import Recorder
from osken_apps.store.store import Store

LOG = logging.getLogger(__name__)

METRICS, THEIR_BUILD = "--metrics=", "--build="
OTHER_BUILD = (
    "the program was changed after the controller was started, which may not understand this one: restart the"
    " controller"
)
STATE_DIR_MODE = 0o750
NICENESS = 10  # where processors are short, DHCP goes first
GC_THRESHOLD = 100_000


def serve(
    config: Config,
    listener: socket.socket,
    link: Link,
    store_id: str = "",
    metrics: socket.socket | None = None,
    is_of_one_build: bool = True,
) -> None:
    """Serve until SIGTERM; metrics on a listener of their own, if there is one. Raises ConfigurationError.

    To a controller of another build nothing is said but that this process lives, and nobody is served.
    """
    signal.signal(signal.SIGTERM, _stop)
    os.nice(NICENESS)
    has_logins = config.api.authentication is Authentication.LOCAL
    failures = Failures()
    certificates = Certificates(config.api.tls) if config.api.tls else None
    if certificates:
        _for_ever(failures, certificates.watch)
    audit = AuditLog(config.api.audit_log)
    hosts = KnownHosts()
    speaker, recorder = Speaker(link, failures), Recorder(failures)
    hosts.listen_to_forgetting(recorder.forget)
    questions = Questions(speaker.say if is_of_one_build else _leave_unsaid)
    # Before the database is opened, which may take long: the controller asks whether this process lives.
    _in_background(speaker.run)
    if is_of_one_build:
        _in_background(Listener(link, failures, speaker, recorder, hosts, questions).run)
    else:
        _in_background(outlive, link, speaker)
    nova = Nova(config.nova) if config.nova else None
    closed_for = "" if is_of_one_build else OTHER_BUILD
    store = Store(config.database, expected_id=store_id, note_events=nova is not None, closed_for=closed_for)
    try:
        _look_at(store, config, hosts)
        _for_ever(failures, recorder.run, store)
        _for_ever(failures, keep_checkpoints, store, failures)
        _for_ever(failures, follow_commands, store)
        if nova:
            _for_ever(failures, Notifier(store, nova.say, nova.log_in, failures).run)
        if has_logins:
            _make_first_user(store, config)
        names = (lambda: certificates.names) if certificates else frozenset
        api = application(store, config, hosts, questions, audit=audit.write, certified=names)
        if is_of_one_build:
            # With this the controller has started: what cannot work was found, who may come in is written.
            speaker.say(Serving(str(store)))
            speaker.tell(Feed(store, speaker.wake))
        _in_background(api.begin)
        if metrics is not None:
            _tell_metrics(metrics, Measured(config, store, hosts, questions, api.requests))
        signal.signal(signal.SIGHUP, lambda *_: _in_background(_reload, api, certificates))
        told = partial(client_of, api=config.api)
        api_server(api, listener, config.api.threads, certificates, has_logins, api.news, told).run()
    finally:
        audit.close()
        store.close()


def _leave_unsaid(_message: object) -> None:
    """Ask nobody: who asks is told in time that there is no answer."""


def _tell_metrics(listener: socket.socket, measured: Measured) -> None:
    """Answer whoever scrapes, beside the API; what needs no metrics does not load what writes them."""
    from osken_apps.metrics.listener import metrics_application

    _in_background(plain_server(metrics_application(measured), listener).run)


def _look_at(store: Store, config: Config, hosts: KnownHosts) -> None:
    """Remember the hosts that the store knows, and say which networks cannot be served."""
    try:
        with store.read() as view:
            hosts.remember(view.known_hosts())
            counts = view.counts.networks_by_physical_network()
    except StoreUnavailable:
        return  # that has been said
    _log_lost_networks(counts, config)


def _reload(api: Api, certificates: Certificates | None) -> None:
    """Read again what an operator may have changed."""
    if certificates:
        certificates.look(is_asked=True)
    api.reload_policy()


def _make_first_user(store: Store, config: Config) -> None:
    """Make the administrator at the first start; without a database nobody is let in anyway."""
    from osken_apps.accounts.first import first_start

    try:
        first_start(store, config)
    except StoreUnavailable as error:
        LOG.error("no user could be made: %s", error)


def _log_lost_networks(counts: Mapping[str, int], config: Config) -> None:
    """Say which networks are on a physical network that the configuration has no bridge for."""
    known = [name for name, _ in config.network.bridge_mappings]
    for name in sorted(counts.keys() - {*known, ""}):
        LOG.error(
            "%d networks are on physical network %s, which [network] bridge_mappings lacks (it has %s):"
            " give it its bridge again, or delete these networks; until then their ports stay as they are",
            counts[name],
            name,
            ", ".join(known),
        )


def _in_background(target: Callable[..., None], *arguments: Any) -> None:
    threading.Thread(target=target, args=arguments, daemon=True).start()


def _for_ever(failures: Failures, work: Callable[..., None], *arguments: Any) -> None:
    """Do in the background what others count on; where an error ends it, it begins again, soon."""
    _in_background(failures.again_and_again, threading.Event().wait, work, *arguments)


def _stop(_number: int, _frame: FrameType | None) -> None:
    """Unwind the main thread; the server finishes the requests that it has begun.

    Once: a service manager may tell this process as well as the controller, which tells it again.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(0)


def _make_directory(state_dir: Path) -> None:
    try:
        state_dir.mkdir(mode=STATE_DIR_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"[DEFAULT] state_dir: {error}") from error


def main(arguments: list[str]) -> int:
    """Run the process."""
    metrics_fd, their_build = (
        next((given.removeprefix(name) for given in arguments if given.startswith(name)), "")
        for name in (METRICS, THEIR_BUILD)
    )
    config_file, listen_fd, link_fd, *store_id = (given for given in arguments if not given.startswith("--"))
    # A list makes containers by the ten thousand and no cycles: do not look for any every 700.
    gc.set_threshold(GC_THRESHOLD)
    # The terminal's signals are the controller's to handle: it ends this process when it ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        config = load(Path(config_file))
        _make_directory(config.state_dir)
        logs.begin(config.log_format, debug=config.debug)
        # It warns of every request that does not find an idle thread at once.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        listener = socket.socket(fileno=int(listen_fd))
        metrics = socket.socket(fileno=int(metrics_fd)) if metrics_fd else None
        link = Link(socket.socket(fileno=int(link_fd)))
        serve(config, listener, link, "".join(store_id), metrics, their_build == BUILD)
    except ConfigurationError as error:
        print(f"osken-net: {error}", file=sys.stderr)
        return STARTED_BADLY
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
