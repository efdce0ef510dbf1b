"""Why a port has no address, why it does not reach another, and what happens to a frame."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address

from osken_apps.errors import HTTPBadRequest, Malformed, PortNotFound, ServiceUnavailable
from osken_apps.explain.causes import explain_address, explain_reach
from osken_apps.explain.facts import Facts, FrameFacts
from osken_apps.explain.frames import explain_frame
from osken_apps.model.resources import Port
from osken_apps.rest.explain_asked import QUESTION, Asked, asked_of
from osken_apps.rest.explain_told import ANSWER, shown, veiled
from osken_apps.rest.openapi_words import READ_ERRORS, RESOURCE_ID, WRITE_ERRORS, Document, operation
from osken_apps.rest.operations import Operations
from osken_apps.rest.policy import Target
from osken_apps.rest.ports import PORTS
from osken_apps.rest.request import Answer, Request, json_of
from osken_apps.rest.search import sought
from osken_apps.store.selection import Among
from osken_apps.trace.connections import ASSUMPTIONS
from osken_apps.trace.words import frame_of_octets, frame_of_words

RULE = "get_port_explain"
HOST_RULE = "get_port:binding:host_id"
MOST = 5  # ports that a text may mean, of which all are named


def of_port(operations: Operations, request: Request, port_id: str) -> Answer:
    """Answer GET of why a port has no address."""
    port = operations.read_for(PORTS, request, port_id, RULE)
    return _answer_about(operations, request, port, None, Asked())


def ask(operations: Operations, request: Request) -> Answer:
    """Answer POST of a question. Raises HTTPBadRequest."""
    asked = asked_of(json_of(request.body))
    if asked.host:
        return _about_frame(operations, request, asked)
    if asked.probe:
        operations.permissions(request).require("explain_probe", [], Target(request.caller.project_id))
    port = _named(operations, request, asked.port)
    peer = _named(operations, request, asked.peer) if asked.peer else None
    return _answer_about(operations, request, port, peer, asked)


ROUTES: tuple[tuple[str, tuple[str, ...], Callable[..., Answer]], ...] = (
    ("GET", (PORTS.path, "{id}", "explain"), of_port),
    ("POST", ("explain",), ask),
)


def _answer_about(
    operations: Operations, request: Request, port: Port, peer: Port | None, asked: Asked
) -> Answer:
    arguments = (port.id, peer.id if peer else "", asked.protocol, asked.number, asked.probe)
    facts = operations.questions.ask("port_facts", *arguments)
    if not isinstance(facts, Facts):
        raise ServiceUnavailable("The controller does not know of it yet.")
    seen = facts.port
    sees_hosts = operations.permissions(request).may(HOST_RULE, Target(request.caller.project_id))
    if not sees_hosts:
        facts = replace(facts, away=())
    told = explain_reach(facts) if facts.peer else explain_address(facts)
    question = (
        f"Why can {seen.called} not reach {facts.peer.called} ({facts.traffic})?"
        if facts.peer
        else f"Why has {seen.called} no address?"
    )
    answer = shown(question, told, facts.hosts)
    return Answer(200, {"explain": answer if sees_hosts else veiled(answer, told, facts.hosts)})


def _about_frame(operations: Operations, request: Request, asked: Asked) -> Answer:
    operations.permissions(request).require("explain_frame", [], Target(request.caller.project_id))
    try:
        frame = frame_of_octets(asked.octets) if asked.octets else frame_of_words(asked.fields)
    except Malformed as error:
        raise HTTPBadRequest(f"Invalid input for frame. Reason: {error}.") from error
    facts = operations.questions.ask("frame_facts", asked.host, asked.interface, frame.macs)
    if not isinstance(facts, FrameFacts):
        raise HTTPBadRequest(f"Invalid input for host. Reason: the controller knows no host {asked.host}.")
    told = explain_frame(facts, frame, ASSUMPTIONS[asked.assumption])
    question = f"What happens to this frame from {asked.interface} of {asked.host}: {frame.text() or 'any'}?"
    return Answer(200, {"explain": shown(question, told, facts.hosts)})


# -- who is meant


def _named(operations: Operations, request: Request, text: str) -> Port:
    """Give the port that a text means, of those that the caller may ask about. Raises PortNotFound,
    HTTPBadRequest if it means several.
    """
    wanted = sought(text)
    with operations.store.read() as view:
        ids = dict.fromkeys(port.id for port in view.ports(Among("id", (text,))))
        if not ids:
            lookup = view.lookup(None, MOST * MOST)
            found = list(lookup.by_address(*wanted.addresses)) if wanted.addresses else []
            found += lookup.by_prefix(Port, "mac_address", wanted.mac) if wanted.mac else []
            found += lookup.by_name(Port, text)
            candidates = view.ports(Among("id", tuple(dict.fromkeys(found)))) if found else []
            ids = dict.fromkeys(port.id for port in candidates if _is_called(port, text, wanted.mac))
    ports: list[Port] = []
    for id in ids:
        try:
            ports.append(operations.read_for(PORTS, request, id, RULE))
        except PortNotFound:
            continue
    if len(ports) > 1:
        named = ", ".join(port.id for port in ports[:MOST])
        raise HTTPBadRequest(f"Invalid input for port. Reason: {text} may be any of {named}.")
    if not ports:
        raise PortNotFound(text)
    return ports[0]


def _is_called(port: Port, text: str, mac: str) -> bool:
    """Tell whether a text is a port's whole name, or an address of it."""
    if port.name == text or str(port.mac_address) == mac:
        return True
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return any(fixed_ip.ip_address == address for fixed_ip in port.fixed_ips)


def described() -> Document:
    """Give its paths of the OpenAPI document."""
    return {
        f"/v2.0/{PORTS.path}/{{id}}/explain": {
            "parameters": [RESOURCE_ID],
            "get": operation("show_port_explain", 200, ANSWER, READ_ERRORS),
        },
        "/v2.0/explain": {"post": operation("explain", 200, ANSWER, WRITE_ERRORS, body=QUESTION)},
    }
