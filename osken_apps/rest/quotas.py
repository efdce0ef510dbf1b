"""Quotas: how many resources of each kind a project may have."""

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

from osken_apps.errors import HTTPBadRequest, NotFound
from osken_apps.model.accounts import is_project_id
from osken_apps.model.kind import Kind
from osken_apps.rest.listing import MAX_FIELDS, fields_of_show
from osken_apps.rest.openapi.words import (
    READ_ERRORS,
    TEXT,
    WRITE_ERRORS,
    Document,
    array_of,
    object_of,
    operation,
    parameter,
)
from osken_apps.rest.operations import Operations
from osken_apps.rest.policy import Target
from osken_apps.rest.quota import quota_of
from osken_apps.rest.request import Answer, HTTPNotFound, Request, json_of
from osken_apps.rest.types import BOOLEAN, TEXT_LENGTH, integer, parse_boolean
from osken_apps.rest.validation import body_of

UNLIMITED = -1
LIMIT = integer(UNLIMITED, 2**31 - 1)
NAMES_OF_PROJECT = frozenset({"tenant_id", "project_id"})
FORCE = "force"
# How quotas are set: the second says what is done without the first (Neutron's since 2025.1).
WAYS = (FORCE, "check_limit")
# Neutron's kinds that there are none of here: a limit of 0 says what is so, and Terraform's provider
# (1.x to 3.1) sends it for all that nobody asked for.
NONE_HERE = ("floatingip", "rbac_policy", "router", "subnetpool")


class TenantQuotaNotFound(NotFound):
    """The project has no quotas of its own."""

    def __init__(self, project_id: str) -> None:
        super().__init__(f"Quota for tenant {project_id} could not be found.")


def kinds(operations: Operations) -> dict[str, Kind]:
    """Give the kinds of resources that have quotas, by name."""
    kinds = (item.kind for item in operations.registry.collections.values())
    return {kind.singular: kind for kind in kinds if kind.quota is not None}


def limits(operations: Operations, own: Mapping[str, int]) -> dict[str, int]:
    """Give the quotas in force for a project that has these of its own, by resource."""
    return {name: quota_of(kind, own, operations.config) for name, kind in kinds(operations).items()}


def quotas_of(body: Any, known: Container[str]) -> tuple[dict[str, int], bool]:
    """Take the quotas out of a PUT's body, and whether less than is used may be set. Raises BadRequest."""
    wanted = {}
    asked = {name: value for name, value in body_of(body, "quota").items() if name not in NAMES_OF_PROJECT}
    ways = {name: parse_boolean(asked.pop(name)) for name in WAYS if name in asked}
    for name, value in asked.items():
        if name not in known:
            if name in NONE_HERE and str(value) == "0":
                continue
            raise HTTPBadRequest(f"Unrecognized attribute(s) '{name}'")
        try:
            wanted[name] = LIMIT.parse(value)
        except ValueError as error:
            raise HTTPBadRequest(f"Invalid input for {name}. Reason: {error}.") from None
    return wanted, ways.get(FORCE, False)


def _check_used(wanted: Mapping[str, int], used: Callable[[str], int]) -> None:
    """Refuse less than a project has already. Raises HTTPBadRequest, as Neutron does."""
    for name, limit in wanted.items():
        if limit != UNLIMITED and used(name) > limit:
            raise HTTPBadRequest(
                f"Quota limit {limit} for {name} must be greater than or equal to already used {used(name)}"
            )


def _require(operations: Operations, request: Request, rule: str, project_id: str) -> None:
    """Refuse what the caller may not do with a project's quotas. Raises PolicyNotAuthorized.

    Another project's are not there for who may not see them: raises HTTPNotFound.
    """
    permissions, target = operations.permissions(request), Target(project_id)
    if len(project_id) > TEXT_LENGTH or not permissions.may("get_quota", target):
        raise HTTPNotFound
    permissions.require(rule, [], target)


def _own_project(_operations: Operations, request: Request) -> Answer:
    return Answer(200, {"tenant": _named(request.caller.project_id)})


def _default(operations: Operations, request: Request, project_id: str) -> Answer:
    _require(operations, request, "get_quota", project_id)
    return Answer(200, {"quota": limits(operations, {})})


def _every(operations: Operations, request: Request) -> Answer:
    permissions = operations.permissions(request)
    with operations.store.read() as view:
        shown = [
            _named(project_id) | limits(operations, view.quotas(project_id))
            for project_id in view.projects_with_quotas()
            if permissions.may("get_quota", Target(project_id))
        ]
    fields = fields_of_show(request.parameters)
    return Answer(200, {"quotas": [_chosen(quotas, fields) for quotas in shown]})


def _chosen(quotas: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """Give what a request names; all if it names nothing."""
    return {name: value for name, value in quotas.items() if not fields or name in fields}


def _named(project_id: str) -> dict[str, Any]:
    return {"tenant_id": project_id, "project_id": project_id}


def _shown(operations: Operations, request: Request, project_id: str) -> Answer:
    _require(operations, request, "get_quota", project_id)
    with operations.store.read() as view:
        return Answer(200, {"quota": limits(operations, view.quotas(project_id))})


def _details(operations: Operations, request: Request, project_id: str) -> Answer:
    _require(operations, request, "get_quota", project_id)
    with operations.store.read() as view:
        found = limits(operations, view.quotas(project_id))
        details = {
            name: {
                "limit": limit,
                "used": view.counts.of_project(kinds(operations)[name].model, project_id),
                "reserved": 0,
            }
            for name, limit in found.items()
        }
    return Answer(200, {"quota": details})


def _set(operations: Operations, request: Request, project_id: str) -> Answer:
    _require(operations, request, "update_quota", project_id)
    known = kinds(operations)
    wanted, is_forced = quotas_of(json_of(request.body), known)
    if not is_project_id(project_id):
        raise HTTPBadRequest(f"Invalid input for project_id. Reason: {project_id!r} is not a project.")
    with operations.writing(request) as transaction:
        if not is_forced:
            _check_used(wanted, lambda name: transaction.counts.of_project(known[name].model, project_id))
        transaction.set_quotas(project_id, wanted)
        return Answer(200, {"quota": limits(operations, transaction.quotas(project_id))})


def _reset(operations: Operations, request: Request, project_id: str) -> Answer:
    _require(operations, request, "delete_quota", project_id)
    with operations.writing(request) as transaction:
        if not transaction.quotas(project_id):
            raise TenantQuotaNotFound(project_id)
        transaction.delete_quotas(project_id)
    return Answer(204)


# Below /v2.0/quotas: method, path, and what answers it.
ROUTES: Sequence[tuple[str, tuple[str, ...], Callable[..., Answer]]] = (
    ("GET", (), _every),
    ("GET", ("tenant",), _own_project),
    ("GET", ("project",), _own_project),
    ("GET", ("{project_id}",), _shown),
    ("GET", ("{project_id}", "default"), _default),
    ("GET", ("{project_id}", "details"), _details),
    ("PUT", ("{project_id}",), _set),
    ("DELETE", ("{project_id}",), _reset),
)


def described(names: Sequence[str]) -> Document:
    """Give its paths of the OpenAPI document."""
    limit = {"type": "integer", "minimum": UNLIMITED, "maximum": 2**31 - 1}
    limits = object_of(dict.fromkeys(names, limit))
    every = object_of({"quotas": array_of({"type": "object"})}, ["quotas"])
    one = object_of({"quota": limits}, ["quota"], closed=False)
    ways = dict.fromkeys(WAYS, BOOLEAN.schema)
    taken = {name: {"type": "integer", "enum": [0]} for name in NONE_HERE} | dict.fromkeys(names, limit)
    asked = object_of({"quota": object_of(taken | ways)}, ["quota"], closed=False)
    used = object_of({name: {"type": "integer"} for name in ("limit", "used", "reserved")})
    details = object_of({"quota": object_of(dict.fromkeys(names, used))}, ["quota"])
    project = parameter("project_id", "path", TEXT | {"minLength": 1}, required=True)
    own = object_of({"tenant": object_of(dict.fromkeys(("tenant_id", "project_id"), TEXT))}, ["tenant"])
    fields = parameter("fields", "query", array_of(TEXT, MAX_FIELDS))
    return {
        "/v2.0/quotas": {"get": operation("list_quotas", 200, every, READ_ERRORS, [fields])},
        "/v2.0/quotas/tenant": {"get": operation("own_tenant", 200, own, READ_ERRORS)},
        "/v2.0/quotas/project": {"get": operation("own_project", 200, own, READ_ERRORS)},
        "/v2.0/quotas/{project_id}": {
            "parameters": [project],
            "get": operation("show_quota", 200, one, READ_ERRORS),
            "put": operation("update_quota", 200, one, WRITE_ERRORS, body=asked),
            "delete": operation("delete_quota", 204, None, WRITE_ERRORS),
        },
        "/v2.0/quotas/{project_id}/default": {
            "parameters": [project],
            "get": operation("default_quota", 200, one, READ_ERRORS),
        },
        "/v2.0/quotas/{project_id}/details": {
            "parameters": [project],
            "get": operation("quota_details", 200, details, READ_ERRORS),
        },
    }
