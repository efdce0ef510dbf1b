"""Why a port has no address, why it does not reach another, and what happens to a frame."""

from collections.abc import Callable
from dataclasses import replace

from osken_apps.errors import HTTPBadRequest, Malformed, ServiceUnavailable
from osken_apps.explain.causes import explain_address, explain_outside, explain_reach
from osken_apps.explain.frames import explain_frame
from osken_apps.model.resources import Port
from osken_apps.questions import FactsOfFrame, FactsOfPort
from osken_apps.rest.explain_asked import QUESTION, Asked, asked_of
from osken_apps.rest.explain_named import RULE, Peer, address_of, named, named_peer, seen_among
from osken_apps.rest.explain_told import ANSWER, shown, veiled
from osken_apps.rest.openapi.words import READ_ERRORS, RESOURCE_ID, WRITE_ERRORS, Document, operation
from osken_apps.rest.operations import Operations
from osken_apps.rest.policy import Target
from osken_apps.rest.ports import HOST_RULE, PORTS
from osken_apps.rest.request import Answer, Request, json_of
from osken_apps.trace.connections import ASSUMPTIONS
from osken_apps.trace.words import frame_of_octets, frame_of_words


def of_port(operations: Operations, request: Request, port_id: str) -> Answer:
    """Answer GET of why a port has no address."""
    port = operations.read_for(PORTS, request, port_id, RULE)
    return _answer_about(operations, request, port, Peer(), Asked())


def ask(operations: Operations, request: Request) -> Answer:
    """Answer POST of a question. Raises HTTPBadRequest."""
    asked = asked_of(json_of(request.body))
    if asked.host:
        return _about_frame(operations, request, asked)
    if asked.probe:
        operations.permissions(request).require("explain_probe", [], Target(request.caller.project_id))
    port = named(operations, request, asked.port)
    peer = named_peer(operations, request, port, asked.peer)
    if peer.port and peer.port.id == port.id:
        raise HTTPBadRequest("Invalid input for to. Reason: it is the port itself, or behind it.")
    return _answer_about(operations, request, port, peer, asked)


ROUTES: tuple[tuple[str, tuple[str, ...], Callable[..., Answer]], ...] = (
    ("GET", (PORTS.path, "{id}", "explain"), of_port),
    ("POST", ("explain",), ask),
)


def _answer_about(operations: Operations, request: Request, port: Port, peer: Peer, asked: Asked) -> Answer:
    peer_id = peer.port.id if peer.port else ""
    outside = peer.outside_address and (peer.hop or peer.outside_address)
    about = FactsOfPort(port.id, peer_id, asked.protocol, asked.port_number, asked.probe, outside)
    facts = operations.questions.ask(about)
    if facts is None:
        raise ServiceUnavailable("The controller does not know of it yet.")
    addresses = (address_of(asked.port), peer.hop if peer.behind else address_of(asked.peer))
    facts = replace(facts, asked=tuple(one for one in addresses if one), behind=peer.behind)
    seen = facts.port
    sees_hosts = operations.permissions(request).may(HOST_RULE, Target(request.caller.project_id))
    if not sees_hosts:
        facts = replace(facts, away=())
    if peer.outside_address:
        paired = seen_among(operations, request, facts.paired)
        told = explain_outside(
            replace(
                facts,
                outside_address=peer.outside_address,
                paired=paired,
                takes_default_route=peer.takes_default_route,
            )
        )
        question = f"Why can {seen.called} not reach {peer.outside_address}?"
    elif facts.peer:
        told = explain_reach(facts)
        whom = f"{peer.behind} by {facts.peer.called}" if peer.behind else facts.peer.called
        question = f"Why can {seen.called} not reach {whom} ({facts.traffic})?"
    else:
        told = explain_address(facts)
        question = f"Why has {seen.called} no address?"
    operations.questions.note_verdict(told.verdict.code)
    answer = shown(question, told, facts.hosts)
    return Answer(200, {"explain": answer if sees_hosts else veiled(answer, told, facts.hosts)})


def _about_frame(operations: Operations, request: Request, asked: Asked) -> Answer:
    operations.permissions(request).require("explain_frame", [], Target(request.caller.project_id))
    try:
        frame = frame_of_octets(asked.octets) if asked.octets else frame_of_words(asked.fields)
    except Malformed as error:
        raise HTTPBadRequest(f"Invalid input for frame. Reason: {error}.") from error
    facts = operations.questions.ask(FactsOfFrame(asked.host, asked.interface, frame.macs))
    if facts is None:
        raise HTTPBadRequest(
            f"Invalid input for host. Reason: the controller knows no host {asked.host!r};"
            " `osken-net hosts` lists them."
        )
    told = explain_frame(facts, frame, ASSUMPTIONS[asked.assumption])
    operations.questions.note_verdict(told.verdict.code)
    question = f"What happens to this frame from {asked.interface} of {asked.host}: {frame.text() or 'any'}?"
    return Answer(200, {"explain": shown(question, told, facts.hosts)})


def described() -> Document:
    """Give its paths of the OpenAPI document."""
    return {
        f"/v2.0/{PORTS.path}/{{id}}/explain": {
            "parameters": [RESOURCE_ID],
            "get": operation("show_port_explain", 200, ANSWER, READ_ERRORS),
        },
        "/v2.0/explain": {"post": operation("explain", 200, ANSWER, WRITE_ERRORS, body=QUESTION)},
    }
