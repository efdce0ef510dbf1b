"""A client of the REST API, for subcommands that ask the controller. SHELL."""

import argparse
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from osken_apps.cli.command import CommandError

TIMEOUT_S = 30.0
DEFAULT_URL = "http://127.0.0.1:9696"


def get(url: str, path: str, **query: Any) -> Any:
    """Give what the API answers to a GET of a path below /v2.0/. Raises CommandError."""
    address = f"{url.rstrip('/')}/v2.0/{path}?{urllib.parse.urlencode(query, doseq=True)}"
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT_S) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise CommandError(f"{url} answers {error.code} to GET {path}") from error
    except (OSError, ValueError) as error:
        raise CommandError(f"{url} does not answer: {getattr(error, 'reason', error)}") from error


def url(text: str) -> str:
    """Read the address of an API from the command line."""
    if not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"{text!r} is not a URL such as {DEFAULT_URL}")
    return text
