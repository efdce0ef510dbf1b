"""`osken-net user`: who may use the API. SHELL."""

import argparse
import shlex
import time
from dataclasses import replace
from uuid import uuid4

from osken_apps.accounts.passwords import hashed, new_secret
from osken_apps.cli import accounts
from osken_apps.cli.command import CommandError
from osken_apps.cli.output import refuse_unknown_columns, show
from osken_apps.cli.role import add_role_option
from osken_apps.model.accounts import Assignment, Project, User
from osken_apps.store.accounts import Accounts

DESCRIPTION = """Make, list and change the users of the API ([api] authentication=local).

A password is asked for on the terminal, or is the first line of the input; it is never an argument."""
EPILOG = """examples:
  osken-net user create alice --project demo --openrc alice-openrc
  osken-net user set alice --disable"""
COLUMNS = ("name", "id", "default_project", "enabled")


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command line of `user` is."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    accounts.add_action(actions, "list", _list, "list the users")
    create = accounts.add_action(actions, "create", _create, "make a user, with a role in a project")
    create.add_argument("name", metavar="NAME", type=accounts.name)
    create.add_argument("--project", metavar="PROJECT", required=True, help="its default project")
    add_role_option(create, "its role there, member unless another is named")
    accounts.add_openrc(create, "a password")
    change = accounts.add_action(actions, "set", _set, "change a user")
    change.add_argument("name", metavar="NAME")
    change.add_argument("--password", action="store_true", help="ask for a new password; its tokens are void")
    change.add_argument("--project", metavar="PROJECT", help="another default project")
    accounts.add_openrc(change, "a new password")
    accounts.add_switch(change, "let it in no more")
    delete = accounts.add_action(actions, "delete", _delete, "delete a user, its roles and its credentials")
    delete.add_argument("name", metavar="NAME")


def _list(parsed: argparse.Namespace) -> None:
    with accounts.store_of(parsed) as (store, _), store.read() as view:
        projects = {item.id: item.name for item in view.accounts.projects()}
        rows = [
            {
                "name": item.name,
                "id": item.id,
                "default_project": projects.get(item.default_project_id),
                "enabled": item.enabled,
            }
            for item in view.accounts.users()
        ]
    show(rows, COLUMNS, parsed)


def _create(parsed: argparse.Namespace) -> None:
    refuse_unknown_columns(COLUMNS, parsed)
    with accounts.store_of(parsed) as (store, loaded):
        password = new_secret() if parsed.openrc else accounts.asked_password()
        with store.write() as transaction:
            project = transaction.accounts.project(parsed.project)
            user = User(uuid4().hex, parsed.name, hashed(password), default_project_id=project.id)
            transaction.accounts.add(user)
            for role in parsed.role or ["member"]:
                transaction.accounts.add(Assignment(user.id, project.id, role))
            if parsed.openrc:
                who = {"USERNAME": user.name, "PASSWORD": password, "PROJECT_NAME": project.name}
                accounts.openrc(parsed.openrc, loaded, **who)
    row = {"name": user.name, "id": user.id, "default_project": project.name, "enabled": True}
    show([row], COLUMNS, parsed)


def _set(parsed: argparse.Namespace) -> None:
    with accounts.store_of(parsed) as (store, loaded):
        password = new_secret() if parsed.openrc else accounts.asked_password() if parsed.password else None
        with store.write() as transaction:
            user = transaction.accounts.user(parsed.name)
            if parsed.project:
                user = replace(user, default_project_id=transaction.accounts.project(parsed.project).id)
            if password is not None:
                user = replace(user, password=hashed(password))
            if parsed.enabled is not None:
                user = replace(user, enabled=parsed.enabled)
            if password is not None or not user.enabled:
                user = user.without_tokens(int(time.time() * 1000))
            transaction.accounts.change(user)
            if parsed.openrc:
                project = _let_in(transaction.accounts, user)
                who = {"USERNAME": user.name, "PASSWORD": password or "", "PROJECT_NAME": project.name}
                accounts.openrc(parsed.openrc, loaded, **who)


def _let_in(known: Accounts, user: User) -> Project:
    """Give the project that a user is let into. Raises CommandError where it is into none."""
    project = next(iter(known.projects(id=user.default_project_id)), None)
    if project is None:
        raise CommandError(f"{user.name} has no default project: name one with --project")
    if not known.roles(user.id, project.id):
        give = shlex.join(["role", "add", "member", "--user", user.name, "--project", project.name])
        raise CommandError(
            f"{user.name} has no role in project {project.name}, and would not be let in: osken-net {give}"
        )
    return project


def _delete(parsed: argparse.Namespace) -> None:
    with accounts.store_of(parsed) as (store, _), store.write() as transaction:
        transaction.accounts.remove(transaction.accounts.user(parsed.name))
