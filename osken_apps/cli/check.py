"""`osken-net check`: whether the controller would run as it is configured, without starting it. SHELL."""

import argparse
import errno
import http.client
import json
import os
import ssl
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

from osken_apps import config
from osken_apps.apps.binding import is_early, listen
from osken_apps.certificates.contexts import api_context, authorities, hosts_context, revoked_certificates
from osken_apps.certificates.expiry import Expiry, expiries, now
from osken_apps.cli.command import add_config_file
from osken_apps.config import KEYSTONE_SECTION, Authentication, Config
from osken_apps.errors import ConfigurationError
from osken_apps.nova.endpoint import Nova
from osken_apps.rest.identity.keystone import Keystone
from osken_apps.rest.policy import Policy
from osken_apps.store.database import StoreUnusable
from osken_apps.store.opening import look_at_database

DESCRIPTION = """Say whether the controller would run: its configuration and policy, certificates and how long
they live, the database, and whether its addresses are free. It changes nothing, also while the controller
runs.

Exit status 0: all is well; 1: it would run, but something is to be mended; 2: it would not run."""
SOON_DAYS = 30
DAY_S = 86400
TIMEOUT_S = 2.0


class FindingState(IntEnum):
    """How a finding is; the worst is the exit status."""

    OK = 0
    MEND = 1
    WRONG = 2


class Finding(NamedTuple):
    """What was looked at, and how it is."""

    state: FindingState
    words: str


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command line of `check` is."""
    parser.description = DESCRIPTION
    add_config_file(parser)
    parser.set_defaults(handler=check)


def check(parsed: argparse.Namespace) -> int:
    """Print a line for each thing that was looked at; give the worst. Raises ConfigurationError."""
    loaded = config.load(parsed.config_file)
    worst = FindingState.OK
    for found in _findings(loaded, now()):
        print(f"{found.state.name.lower():5} {found.words}")
        worst = max(worst, found.state)
    return worst


def _findings(loaded: Config, at: datetime) -> Iterator[Finding]:
    yield _of_file(loaded)
    usable = True
    for problem in _unusable_certificates(loaded):
        usable = False
        yield Finding(FindingState.WRONG, problem)
    if usable:
        yield from (_of_expiry(expiry, at) for expiry in expiries(loaded))
    yield from map(_of_part, _parts(loaded))
    yield from _of_directories(loaded)
    yield _of_database(loaded)
    yield from _of_listeners(loaded)


def _of_file(loaded: Config) -> Finding:
    try:
        config.refuse_to_share_secrets(loaded)
    except ConfigurationError as error:
        return Finding(FindingState.WRONG, str(error))
    return Finding(FindingState.OK, str(loaded.file))


def _unusable_certificates(loaded: Config) -> Iterator[str]:
    """Read all files of TLS as the controller would; give what keeps it from that."""
    if loaded.api.tls:
        try:
            api_context(loaded.api.tls)
        except ConfigurationError as error:
            yield str(error)
    for files in filter(None, (loaded.openflow_tls, loaded.ovsdb_tls)):
        try:
            hosts_context(files), authorities(files), revoked_certificates(files)
        except ConfigurationError as error:
            yield str(error)


def _of_expiry(expiry: Expiry, at: datetime) -> Finding:
    left_s = expiry.left_s(at)
    what = f"{expiry.option}={expiry.file}"
    if left_s < 0:
        return Finding(FindingState.MEND, f"{what}: expired at {expiry.at:%Y-%m-%d %H:%M} UTC")
    days = int(left_s // DAY_S)
    state = FindingState.OK if days >= SOON_DAYS else FindingState.MEND
    return Finding(state, f"{what}: {days} days left")


def _parts(loaded: Config) -> Iterator[tuple[str, Callable[[], object]]]:
    """Give what the REST process makes of the configuration and asks nobody about, and how."""
    if loaded.api.policy_file:
        yield f"[api] policy_file={loaded.api.policy_file}", lambda: Policy(loaded.api.policy_file)
    if loaded.api.authentication is Authentication.KEYSTONE:
        yield f"[{KEYSTONE_SECTION}]", lambda: Keystone(loaded)
    if loaded.nova:
        nova = loaded.nova
        yield "[nova]", lambda: Nova(nova)


def _of_part(part: tuple[str, Callable[[], object]]) -> Finding:
    name, make = part
    try:
        make()
    except ConfigurationError as error:
        return Finding(FindingState.WRONG, str(error))
    return Finding(FindingState.OK, name)


def _of_directories(loaded: Config) -> Iterator[Finding]:
    """Look whether the controller can write what it makes itself; whoever asks must be its user for that."""
    if why := _unwritable(directory := _nearest(loaded.state_dir)):
        yield Finding(FindingState.WRONG, f"[DEFAULT] state_dir: {directory}: {why}")
    if (log := loaded.api.audit_log) and (why := _unappendable(log)):
        yield Finding(FindingState.WRONG, f"[api] audit_log: {why}")


def _unappendable(file: Path) -> str:
    """Say what keeps us from appending to a file, which is made where there is none; empty: nothing."""
    if not os.path.exists(file):
        why = _unwritable(file.parent)
        return why and f"{file.parent}: {why}"
    if os.path.isdir(file):
        return f"{file}: {os.strerror(errno.EISDIR)}"
    return "" if os.access(file, os.W_OK) else f"{file}: {os.strerror(errno.EACCES)}"


def _nearest(directory: Path) -> Path:
    """Give a directory, or what can be seen of the path to it."""
    return directory if os.path.exists(directory) else _nearest(directory.parent)


def _unwritable(directory: Path) -> str:
    """Say what keeps us from making files in a directory; empty: nothing."""
    try:
        is_directory = stat.S_ISDIR(directory.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        is_directory = False
    except OSError as error:
        return error.strerror or str(error)
    if not is_directory:
        return "there is no such directory"
    return "" if os.access(directory, os.W_OK | os.X_OK) else "Permission denied"


def _of_database(loaded: Config) -> Finding:
    try:
        return Finding(FindingState.OK, f"[database] {look_at_database(loaded.database)}")
    except StoreUnusable as error:
        return Finding(FindingState.MEND, f"[database] {error}: until then the API answers 503")
    except ConfigurationError as error:
        return Finding(FindingState.WRONG, str(error))


def _of_listeners(loaded: Config) -> Iterator[Finding]:
    """Bind all of them at once, as the controller does."""
    controller_runs = runs(loaded)
    with ExitStack() as bound:
        for section, endpoint in loaded.listeners.items():
            where = f"[{section}] {endpoint.host} {endpoint.port}"
            try:
                sock = bound.enter_context(listen(f"[{section}]", endpoint))
            except ConfigurationError as error:
                if controller_runs and getattr(error.__cause__, "errno", None) == errno.EADDRINUSE:
                    yield Finding(FindingState.OK, f"{where}: the controller runs")
                else:
                    yield Finding(FindingState.WRONG, str(error))
            else:
                if is_early(sock):
                    yield Finding(FindingState.MEND, f"{where}: this machine has no such address yet")
                else:
                    yield Finding(FindingState.OK, f"{where}: free")


def runs(loaded: Config) -> bool:
    """Tell whether a controller serves the API's address, by TLS or, until it is started anew, without."""
    return _answers_well(loaded) is True


def may_run(loaded: Config) -> bool:
    """Tell whether a controller serves the API's address, or may: what listens there says nothing."""
    return _answers_well(loaded) is not False


def _answers_well(loaded: Config) -> bool | None:
    """Tell whether a controller answers at the API's address; None: nothing is said in time."""
    where = loaded.api.endpoint
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # nothing secret is said
    plain = _is_well(http.client.HTTPConnection(where.host, where.port, timeout=TIMEOUT_S))
    if plain:
        return True
    tls = _is_well(http.client.HTTPSConnection(where.host, where.port, timeout=TIMEOUT_S, context=context))
    return tls or (None if None in (plain, tls) else False)


def _is_well(connection: http.client.HTTPConnection) -> bool | None:
    try:
        connection.request("GET", "/healthz")
        return bool(json.loads(connection.getresponse().read()) == {"status": "ok"})
    except TimeoutError:
        return None
    except (OSError, ValueError, http.client.HTTPException):
        return False
    finally:
        connection.close()
