"""`osken-net role`: what users may do in projects. SHELL."""

import argparse

from osken_apps.cli import accounts
from osken_apps.cli.output import show
from osken_apps.model.accounts import ROLES, Assignment
from osken_apps.store.accounts import Accounts

DESCRIPTION = f"""Give users roles in projects, and take them back ([api] authentication=local).

The roles that the default policy knows are {", ".join(ROLES)}; [api] policy_file may speak of others."""
COLUMNS = ("user", "project", "role")


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command line of `role` is."""
    parser.description = DESCRIPTION
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = accounts.add_action(actions, "list", _list, "list who has which role where")
    listing.add_argument("--user", metavar="USER")
    listing.add_argument("--project", metavar="PROJECT")
    for name, handler, help in (
        ("add", _add, "give a user a role in a project"),
        ("remove", _remove, "take it back"),
    ):
        action = accounts.add_action(actions, name, handler, help)
        action.add_argument("role", metavar="ROLE", type=accounts.role)
        action.add_argument("--user", metavar="USER", required=True)
        action.add_argument("--project", metavar="PROJECT", required=True)


def add_role_option(parser: argparse.ArgumentParser, help: str) -> None:
    """Add the option that names roles."""
    parser.add_argument("--role", action="append", metavar="ROLE", type=accounts.role, help=help)


def _list(parsed: argparse.Namespace) -> None:
    with accounts.store_of(parsed) as (store, _), store.read() as view:
        wanted = {}
        if parsed.user:
            wanted["user_id"] = view.accounts.user(parsed.user).id
        if parsed.project:
            wanted["project_id"] = view.accounts.project(parsed.project).id
        users = {item.id: item.name for item in view.accounts.users()}
        projects = {item.id: item.name for item in view.accounts.projects()}
        rows = sorted(
            (users[item.user_id], projects[item.project_id], item.role)
            for item in view.accounts.assignments(**wanted)
        )
    show([dict(zip(COLUMNS, row, strict=True)) for row in rows], COLUMNS, parsed)


def _add(parsed: argparse.Namespace) -> None:
    with accounts.store_of(parsed) as (store, _), store.write() as transaction:
        transaction.accounts.add(_assignment(transaction.accounts, parsed))


def _remove(parsed: argparse.Namespace) -> None:
    with accounts.store_of(parsed) as (store, _), store.write() as transaction:
        transaction.accounts.remove(_assignment(transaction.accounts, parsed))


def _assignment(known: Accounts, parsed: argparse.Namespace) -> Assignment:
    return Assignment(known.user(parsed.user).id, known.project(parsed.project).id, parsed.role)
