"""`osken-net project`: whose networks, subnets and ports are. SHELL."""

import argparse
from collections import Counter
from dataclasses import replace
from uuid import uuid4

from osken_apps.cli import accounts
from osken_apps.cli.output import refuse_unknown_columns, show
from osken_apps.model.accounts import Project, ProjectInUse
from osken_apps.model.kind import KINDS
from osken_apps.model.resources import Standard
from osken_apps.model.security_groups import SecurityGroup
from osken_apps.networking import security_groups
from osken_apps.networking.terms import Terms
from osken_apps.store.transaction import Transaction

DESCRIPTION = "Make, list and change the projects of the API ([api] authentication=local)."
COLUMNS = ("name", "id", "description", "enabled")


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command line of `project` is."""
    parser.description = DESCRIPTION
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    accounts.add_action(actions, "list", _list, "list the projects")
    create = accounts.add_action(actions, "create", _create, "make a project")
    create.add_argument("name", metavar="NAME", type=accounts.name)
    create.add_argument("--description", default="", metavar="TEXT")
    change = accounts.add_action(actions, "set", _set, "change a project")
    change.add_argument("name", metavar="NAME")
    change.add_argument("--description", metavar="TEXT")
    accounts.add_switch(change, "let nobody into it")
    delete = accounts.add_action(actions, "delete", _delete, "delete a project that has nothing")
    delete.add_argument("name", metavar="NAME")


def _list(parsed: argparse.Namespace) -> None:
    with accounts.store_of(parsed) as (store, _), store.read() as view:
        show([_row(item) for item in view.accounts.projects()], COLUMNS, parsed)


def _create(parsed: argparse.Namespace) -> None:
    refuse_unknown_columns(COLUMNS, parsed)
    project = Project(uuid4().hex, parsed.name, description=parsed.description)
    with accounts.store_of(parsed) as (store, _), store.write() as transaction:
        transaction.accounts.add(project)
    show([_row(project)], COLUMNS, parsed)


def _set(parsed: argparse.Namespace) -> None:
    with accounts.store_of(parsed) as (store, _), store.write() as transaction:
        project = transaction.accounts.project(parsed.name)
        if parsed.description is not None:
            project = replace(project, description=parsed.description)
        if parsed.enabled is not None:
            project = replace(project, enabled=parsed.enabled)
        transaction.accounts.change(project)


def _delete(parsed: argparse.Namespace) -> None:
    with accounts.store_of(parsed) as (store, _), store.write() as transaction:
        project = transaction.accounts.project(parsed.name)
        group = transaction.one(SecurityGroup, security_groups.default_group_id(project.id))
        if left := _has_besides(transaction, project, group):
            raise ProjectInUse(project.name, ", ".join(left))
        if group is not None:
            security_groups.delete(transaction, group, Terms(project.id, is_admin=True))
        transaction.delete_quotas(project.id)
        transaction.accounts.remove(project)


def _has_besides(transaction: Transaction, project: Project, default: SecurityGroup | None) -> list[str]:
    """Name what a project has besides its default group, which the first list of its groups made."""
    besides: Counter[type[Standard]] = Counter()
    if default is not None:
        besides[SecurityGroup] = 1
        besides.update(
            type(rule) for rule in transaction.rules_of(default.id) if rule.project_id == project.id
        )
    return [
        kind.plural.replace("_", " ")
        for kind in KINDS.values()
        if transaction.counts.of_project(kind.model, project.id) > besides[kind.model]
    ]


def _row(item: Project) -> dict[str, object]:
    return {
        "name": item.name,
        "id": item.id,
        "description": item.description,
        "enabled": item.enabled,
    }
