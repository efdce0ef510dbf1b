"""A client of the REST API, for subcommands that ask the controller. SHELL.

Who asks is taken from the environment, as the openstack command takes it: `. admin-openrc`.
"""

import argparse
import base64
import json
import os
import ssl
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from osken_apps.cli.command import CommandError

TIMEOUT_S = 30.0
UNAUTHORIZED = 401
DEFAULT_URL = "http://127.0.0.1:9696"


def get(url: str, path: str, **query: Any) -> Any:
    """Give what the API answers to a GET of a path below /v2.0/. Raises CommandError."""
    address = f"{url.rstrip('/')}/v2.0/{path}?{urllib.parse.urlencode(query, doseq=True)}"
    request = urllib.request.Request(address, headers=_identity(url))
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S, context=_tls(url)) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == UNAUTHORIZED:
            raise CommandError(
                f"{url} must know who asks: source the administrator's openrc first"
            ) from error
        raise CommandError(f"{url} answers {error.code} to GET {path}") from error
    except (OSError, ValueError) as error:
        raise CommandError(f"{url} does not answer: {getattr(error, 'reason', error)}") from error


def default_url() -> str:
    """Give where the API is, as the environment says, else on this machine."""
    where, identity, _ = os.environ.get("OS_AUTH_URL", "").partition("/identity")
    return where if identity else DEFAULT_URL


def _identity(url: str) -> dict[str, str]:
    """Give the header that says who asks; only to the API that the environment's password is for."""
    name, password = os.environ.get("OS_USERNAME"), os.environ.get("OS_PASSWORD")
    if not name or password is None or url.rstrip("/") != default_url():
        return {}
    return {"Authorization": f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"}


def _tls(url: str) -> ssl.SSLContext | None:
    """Give whom to believe about the API's certificate."""
    if not url.startswith("https:"):
        return None
    return ssl.create_default_context(cafile=os.environ.get("OS_CACERT") or None)


def url(text: str) -> str:
    """Read the address of an API from the command line."""
    if not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"{text!r} is not a URL such as {DEFAULT_URL}")
    return text
