"""Bindings of ports: `/ports/{id}/bindings`, `…/{host}` and `…/{host}/activate`, for live migrations."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from osken_apps.model.resources import Port
from osken_apps.networking.port_bindings import (
    BindingRequest,
    PortBinding,
    PortBindingError,
    activate_binding,
    add_binding,
    binding_at,
    bindings_of,
    change_binding,
    remove_binding,
)
from osken_apps.networking.state import State
from osken_apps.rest.attribute import NAME, Attribute, RenderContext
from osken_apps.rest.collection import request_of
from osken_apps.rest.listing import fields_of_show, filtered, query_of
from osken_apps.rest.openapi.attributes import accepted_attributes, list_parameters, listed, shown_attributes
from osken_apps.rest.openapi.words import (
    IF_MATCH,
    READ_ERRORS,
    RESOURCE_ID,
    TEXT,
    WRITE_ERRORS,
    Document,
    object_of,
    operation,
    parameter,
)
from osken_apps.rest.operations import Operations
from osken_apps.rest.port_types import PROFILE, VNIC_TYPES
from osken_apps.rest.ports import PORTS
from osken_apps.rest.rendering import chosen, rendered, rendered_list
from osken_apps.rest.request import Answer, Request, json_of
from osken_apps.rest.types import Type, choice
from osken_apps.rest.validation import body_of, posted, put
from osken_apps.rest.vif_details import may_be_plugged, ovs_details

SINGULAR, PLURAL = "binding", "bindings"


def _is_ovs(binding: PortBinding, context: RenderContext) -> bool:
    """Tell whether a machine is plugged, or can be: also where its host is cut off, as the port says."""
    return binding.plugged or may_be_plugged(binding.host, context)


def _vif_type(binding: PortBinding, context: RenderContext) -> str:
    return "ovs" if _is_ovs(binding, context) else "binding_failed"


def _vif_details(binding: PortBinding, context: RenderContext) -> dict[str, Any]:
    return ovs_details(binding.host, context) if _is_ovs(binding, context) else {}


ATTRIBUTES = (
    Attribute("host", NAME, put=False, required=True, filter=True),
    Attribute("vif_type", NAME, post=False, put=False, filter=True, get=_vif_type),
    Attribute("vif_details", Type(dict, {"type": "object"}), post=False, put=False, get=_vif_details),
    Attribute("vnic_type", choice(*VNIC_TYPES), filter=True),
    Attribute("profile", PROFILE),
    Attribute(
        "status",
        choice("ACTIVE", "INACTIVE"),
        post=False,
        put=False,
        filter=True,
        get=lambda binding, _: "ACTIVE" if binding.active else "INACTIVE",
    ),
)


def index(operations: Operations, request: Request, port_id: str) -> Answer:
    """Answer GET of a port's bindings."""
    query = query_of(ATTRIBUTES, request.parameters)
    context = operations.around_hosts()
    found = filtered(list(bindings_of(_seen(operations, request, port_id))), query, context)
    attributes = chosen(ATTRIBUTES, query.fields)
    return Answer(200, {PLURAL: rendered_list(lambda _: attributes, found, context)})


def show(operations: Operations, request: Request, port_id: str, host: str) -> Answer:
    """Answer GET of a binding."""
    binding = binding_at(_seen(operations, request, port_id), host)
    attributes = chosen(ATTRIBUTES, fields_of_show(request.parameters))
    return Answer(200, {SINGULAR: rendered(attributes, binding, operations.around_hosts())})


def create(operations: Operations, request: Request, port_id: str) -> Answer:
    """Answer POST of a binding. Raises PortBindingError where nothing can be plugged into its host."""
    body = body_of(json_of(request.body), SINGULAR)
    values = posted(ATTRIBUTES, body)
    host = values["host"]
    wanted = request_of(BindingRequest, ATTRIBUTES, values)
    with _changing(operations, request, port_id, "create", body) as (transaction, port):
        made = add_binding(transaction, port, host, wanted)
        if not may_be_plugged(host, operations.around_hosts()):
            raise PortBindingError(port_id, host)
    return Answer(201, {SINGULAR: _shown(operations, made, host)})


def update(operations: Operations, request: Request, port_id: str, host: str) -> Answer:
    """Answer PUT of a binding."""
    body = body_of(json_of(request.body), SINGULAR)
    wanted = request_of(BindingRequest, ATTRIBUTES, put(ATTRIBUTES, body))
    with _changing(operations, request, port_id, "update", body) as (transaction, port):
        made = change_binding(transaction, port, host, wanted)
    return Answer(200, {SINGULAR: _shown(operations, made, host)})


def delete(operations: Operations, request: Request, port_id: str, host: str) -> Answer:
    """Answer DELETE of a binding."""
    _change(operations, request, port_id, "delete", remove_binding, host)
    return Answer(204)


def activate(operations: Operations, request: Request, port_id: str, host: str) -> Answer:
    """Answer PUT of `…/activate`, whose body says nothing: the port is at that host from now on."""
    made = _change(operations, request, port_id, "activate", activate_binding, host)
    return Answer(200, _shown(operations, made, host))


ROUTES: tuple[tuple[str, tuple[str, ...], Callable[..., Answer]], ...] = (
    ("GET", (), index),
    ("POST", (), create),
    ("GET", ("{host}",), show),
    ("PUT", ("{host}",), update),
    ("DELETE", ("{host}",), delete),
    ("PUT", ("{host}", "activate"), activate),
)


def _change(
    operations: Operations,
    request: Request,
    port_id: str,
    action: str,
    rule: Callable[[State, Port, str], Port],
    host: str,
) -> Port:
    with _changing(operations, request, port_id, action, {}) as (transaction, port):
        return rule(transaction, port, host)


def _seen(operations: Operations, request: Request, port_id: str) -> Port:
    port: Port = operations.read_for(PORTS, request, port_id, "get_port_binding")
    return port


@contextmanager
def _changing(
    operations: Operations, request: Request, port_id: str, action: str, body: Mapping[str, Any]
) -> Iterator[tuple[Any, Port]]:
    """Open a transaction on a port whose bindings the caller may change so."""
    rule = f"{action}_port_binding"
    # An empty profile says nothing that only a service may.
    rules = [rule, f"{rule}:profile"] if body.get("profile") else [rule]
    with operations.changing_for(PORTS, request, port_id, rules) as (transaction, port):
        yield transaction, port


def _shown(operations: Operations, port: Port, host: str) -> dict[str, Any]:
    return rendered(ATTRIBUTES, binding_at(port, host), operations.around_hosts())


def described() -> Document:
    """Give its paths of the OpenAPI document."""
    attributes, none = ATTRIBUTES, object_of({}, closed=False)
    shown = shown_attributes(attributes)
    one = object_of({"binding": shown}, ["binding"])
    part = object_of({"binding": {**shown, "required": []}}, ["binding"])
    fields = list_parameters(attributes, stored=False)
    asked, changed = (
        object_of({"binding": accepted_attributes(attributes, method)}, ["binding"], closed=False)
        for method in ("POST", "PUT")
    )
    path = "/v2.0/ports/{id}/bindings"
    host = parameter("host", "path", TEXT | {"minLength": 1, "pattern": "^[^/\u0000]+$"}, required=True)
    return {
        path: {
            "parameters": [RESOURCE_ID],
            "get": operation("list_bindings", 200, listed("bindings", shown), READ_ERRORS, fields),
            "post": operation("create_binding", 201, one, WRITE_ERRORS, [IF_MATCH], asked),
        },
        f"{path}/{{host}}": {
            "parameters": [RESOURCE_ID, host],
            "get": operation("show_binding", 200, part, READ_ERRORS, fields[-1:]),
            "put": operation("update_binding", 200, one, WRITE_ERRORS, [IF_MATCH], changed),
            "delete": operation("delete_binding", 204, None, WRITE_ERRORS, [IF_MATCH]),
        },
        f"{path}/{{host}}/activate": {
            "parameters": [RESOURCE_ID, host],
            "put": operation("activate_binding", 200, shown, WRITE_ERRORS, [IF_MATCH], none),
        },
    }
