"""`osken-net neutron`: taking over what a Neutron has. SHELL."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from osken_apps import config
from osken_apps.cli.api import Api, RequestRefused, add_api
from osken_apps.cli.check import may_run
from osken_apps.cli.command import CommandError, Exit, add_config_file, write_whole
from osken_apps.errors import OskenAppsError
from osken_apps.neutron.document import LEFT, PATHS
from osken_apps.neutron.takeover import NotTaken, take_over
from osken_apps.printable import printable
from osken_apps.store.opening import check_up_to_date

DESCRIPTION = """Take over what a Neutron has: networks, subnets, ports, security groups and address groups,
with their ids, MAC addresses and addresses, so that Nova and the interfaces of its servers stay as they are.

`export` reads it from Neutron's API, as an administrator. `import` puts it into the database of a controller
that does not run: all of it, or nothing."""
EPILOG = """example:
  osken-net neutron export neutron.json      # with the OS_* variables of an administrator
  systemctl stop osken-net
  osken-net neutron import neutron.json
  systemctl start osken-net"""
MODE = 0o600
NOT_FOUND = 404
#: Of each, what Neutron shows to administrators; of a network the one or the other.
ADMINISTRATORS = {"networks": ("provider:network_type", "segments"), "ports": ("binding:host_id",)}
NO_ADMINISTRATOR = "{} are shown without {}, as to who is no administrator: not all would be exported"


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command line of `neutron` is."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    export = actions.add_parser("export", help="write what Neutron's API tells into a file")
    export.add_argument("file", type=Path, metavar="FILE")
    export.add_argument("--force", action="store_true", help="overwrite FILE")
    add_api(export)
    export.set_defaults(handler=_export)
    take = actions.add_parser("import", help="put what such a file has into the controller's database")
    take.add_argument("file", type=Path, metavar="FILE")
    add_config_file(take)
    take.set_defaults(handler=_import)


def _export(parsed: argparse.Namespace) -> int:
    if parsed.file.exists() and not parsed.force:
        raise CommandError(f"{parsed.file} exists; --force overwrites it")
    api = Api.of(parsed)
    document = {plural: _listed(api, plural) for plural in PATHS}
    for plural, names in ADMINISTRATORS.items():
        if not all(item.keys() & set(names) for item in document[plural]):
            raise CommandError(NO_ADMINISTRATOR.format(plural, names[0]))
    write_whole(parsed.file, json.dumps(document, indent=1).encode(), MODE)
    print(f"exported: {_counted({plural: len(items) for plural, items in document.items()})}")
    return Exit.WELL


def _listed(api: Api, plural: str) -> list[dict[str, Any]]:
    try:
        return list(api.each(PATHS[plural]))
    except RequestRefused as error:
        if error.http_status == NOT_FOUND and plural in (*LEFT, "address_groups"):  # it has no such extension
            return []
        raise


def _import(parsed: argparse.Namespace) -> int:
    loaded = config.load(parsed.config_file)
    if may_run(loaded):
        raise CommandError("the controller runs, or what listens for its API says nothing: stop it first")
    try:
        document = json.loads(parsed.file.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise CommandError(f"{parsed.file}: {error}") from error
    try:
        check_up_to_date(loaded.database)
        taken = take_over(loaded, document)
    except NotTaken as error:
        for problem in error.problems:
            print(printable(problem), file=sys.stderr)
        raise CommandError("nothing was imported") from error
    except OskenAppsError as error:
        raise CommandError(str(error)) from error
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise CommandError(f"{parsed.file} is no file of `neutron export`: {error!r}") from error
    print(f"imported: {_counted(taken.counts)}")
    for what in taken.left_out:
        print(f"left out: {what}")
    return Exit.WELL


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {plural.replace('_', ' ')}" for plural, number in counts.items() if number)
