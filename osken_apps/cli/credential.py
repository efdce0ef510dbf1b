"""`osken-net credential`: what programs show instead of a user's password. SHELL."""

import argparse
import re
import time
from datetime import UTC, datetime
from uuid import uuid4

from osken_apps.accounts.passwords import hashed, new_secret
from osken_apps.cli import accounts
from osken_apps.cli.command import CommandError
from osken_apps.cli.output import refuse_unknown_columns, show
from osken_apps.cli.role import add_role_option
from osken_apps.model.accounts import ApplicationCredential

DESCRIPTION = """Make, list and delete application credentials ([api] authentication=local).

A program shows one instead of its user's password: it is for one project, with some of the user's roles
there, and ends with the user, the roles, or after some days."""
EPILOG = """example:
  osken-net credential create terraform --user alice --project demo --openrc terraform-openrc"""
COLUMNS = ("name", "id", "user", "project", "roles", "expires")
MAX_DAYS = 36_500
DAY_S = 24 * 3600


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command line of `credential` is."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = accounts.add_action(actions, "list", _list, "list the application credentials")
    listing.add_argument("--user", metavar="USER")
    create = accounts.add_action(actions, "create", _create, "make one; its secret is shown this once")
    create.add_argument("name", metavar="NAME", type=accounts.name)
    create.add_argument("--user", metavar="USER", required=True)
    create.add_argument("--project", metavar="PROJECT", help="(the user's default project)")
    add_role_option(create, "one of the user's roles in the project (all)")
    create.add_argument("--days", type=_days, default=0, metavar="N", help="how long it lives (for ever)")
    accounts.add_openrc(create, "a secret")
    delete = accounts.add_action(actions, "delete", _delete, "delete one; its tokens are void")
    delete.add_argument("name", metavar="NAME")
    delete.add_argument("--user", metavar="USER", required=True)


def _days(text: str) -> int:
    """Read for how many days a credential is to live."""
    if re.fullmatch("[1-9][0-9]{0,4}", text) is None or int(text) > MAX_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 1 to {MAX_DAYS}")
    return int(text)


def _list(parsed: argparse.Namespace) -> None:
    with accounts.store_of(parsed) as (store, _), store.read() as view:
        wanted = {"user_id": view.accounts.user(parsed.user).id} if parsed.user else {}
        users = {item.id: item.name for item in view.accounts.users()}
        projects = {item.id: item.name for item in view.accounts.projects()}
        rows = [
            _row(item, users[item.user_id], projects[item.project_id])
            for item in view.accounts.credentials(**wanted)
        ]
    show(rows, COLUMNS, parsed)


def _create(parsed: argparse.Namespace) -> None:
    columns = COLUMNS if parsed.openrc else (*COLUMNS, "secret")
    refuse_unknown_columns(columns, parsed)
    secret = new_secret()
    with accounts.store_of(parsed) as (store, loaded), store.write() as transaction:
        user = transaction.accounts.user(parsed.user)
        project = transaction.accounts.project(parsed.project or user.default_project_id)
        has = transaction.accounts.roles(user.id, project.id)
        roles = set(parsed.role or has)
        if not roles or not roles <= has:
            named = ", ".join(sorted(has)) or "no role"
            raise CommandError(f"user {user.name} has {named} in project {project.name}")
        made = ApplicationCredential(
            id=uuid4().hex,
            name=parsed.name,
            user_id=user.id,
            project_id=project.id,
            roles=tuple(sorted(roles)),
            secret=hashed(secret),
            expires_at=int(time.time()) + parsed.days * DAY_S if parsed.days else 0,
        )
        transaction.accounts.add(made)
        if parsed.openrc:
            who = {"AUTH_TYPE": "v3applicationcredential", "APPLICATION_CREDENTIAL_ID": made.id}
            accounts.openrc(parsed.openrc, loaded, **who, APPLICATION_CREDENTIAL_SECRET=secret)
    row = _row(made, user.name, project.name)
    show([row if parsed.openrc else row | {"secret": secret}], columns, parsed)


def _delete(parsed: argparse.Namespace) -> None:
    with accounts.store_of(parsed) as (store, _), store.write() as transaction:
        known = transaction.accounts
        known.remove(known.credential(known.user(parsed.user), parsed.name))


def _row(item: ApplicationCredential, user: str, project: str) -> dict[str, object]:
    ends = datetime.fromtimestamp(item.expires_at, UTC)
    return {
        "name": item.name,
        "id": item.id,
        "user": user,
        "project": project,
        "roles": list(item.roles),
        "expires": f"{ends:%Y-%m-%d %H:%M}" if item.expires_at else None,
    }
