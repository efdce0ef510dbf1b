"""What may be asked of why something does not work: reading a question, and its schema."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from osken_apps.errors import HTTPBadRequest
from osken_apps.networking.permissions import MAX_PORT
from osken_apps.rest.openapi.words import TEXT, array_of, object_of
from osken_apps.rest.types import TEXT_LENGTH
from osken_apps.trace.connections import ASSUMPTIONS

WITH_PORTS = ("tcp", "udp")
PROTOCOLS = ("icmp", *WITH_PORTS)
#: What a question has: of a port, of two, of a frame.
OF_ONE = ("port", "probe")
OF_TWO = ("from", "to", "protocol", "port_number", "probe")
OF_A_FRAME = ("host", "interface", "fields", "hex", "connection")
MAX_WORDS = 50
MAX_OCTETS = 65535


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: of a port (by id, name, MAC or IP address), of one that it is to reach, of a frame."""

    port: str = ""
    peer: str = ""
    protocol: str = "icmp"
    port_number: int = 0
    host: str = ""
    interface: str = ""
    fields: tuple[str, ...] = ()
    octets: bytes = b""
    assumption: str = "new"
    probe: bool = False


def asked_of(body: Any) -> Asked:
    """Read a question. Raises HTTPBadRequest."""
    given = body.get("explain") if isinstance(body, dict) else None
    if not isinstance(given, dict):
        raise HTTPBadRequest("Invalid input for explain. Reason: it must be an object.")
    if "frame" in given:
        _refuse_others(given, ("frame",))
        return _asked_of_frame(given["frame"])
    is_of_two = "from" in given or "to" in given
    _refuse_others(given, OF_TWO if is_of_two else OF_ONE)
    one, to = _text(given, "from" if is_of_two else "port"), _text(given, "to")
    if not one or bool(to) is not is_of_two:
        raise HTTPBadRequest("Invalid input for explain. Reason: it must have port, from and to, or frame.")
    protocol, number = _text(given, "protocol") or "icmp", given.get("port_number", 0)
    if protocol not in PROTOCOLS:
        raise HTTPBadRequest(f"Invalid input for protocol. Reason: it is none of {', '.join(PROTOCOLS)}.")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= MAX_PORT:
        raise HTTPBadRequest(f"Invalid input for port_number. Reason: it is not from 0 to {MAX_PORT}.")
    if number and protocol not in WITH_PORTS:
        raise HTTPBadRequest(f"Invalid input for port_number. Reason: {protocol} has no ports.")
    if to and protocol in WITH_PORTS and not number:
        raise HTTPBadRequest(f"Invalid input for port_number. Reason: {protocol} needs one.")
    probe = given.get("probe", False)
    if not isinstance(probe, bool):
        raise HTTPBadRequest("Invalid input for probe. Reason: it must be true or false.")
    return Asked(one, to, protocol, number, probe=probe)


def _refuse_others(given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Raise HTTPBadRequest for what is asked beside what a question of this kind has."""
    others = [str(name) for name in given if name not in known]
    if others:
        raise HTTPBadRequest(f"Unrecognized attribute(s) '{', '.join(others)}'")


def _asked_of_frame(frame: Any) -> Asked:
    if not isinstance(frame, dict):
        raise HTTPBadRequest("Invalid input for frame. Reason: it must be an object.")
    _refuse_others(frame, OF_A_FRAME)
    host, interface = _text(frame, "host"), _text(frame, "interface")
    fields, octets = frame.get("fields", []), frame.get("hex", "")
    assumption = _text(frame, "connection") or "new"
    if not host or not interface:
        raise HTTPBadRequest("Invalid input for frame. Reason: it must have host and interface.")
    if assumption not in ASSUMPTIONS:
        raise HTTPBadRequest(f"Invalid input for connection. Reason: it is none of {', '.join(ASSUMPTIONS)}.")
    if not isinstance(fields, list) or len(fields) > MAX_WORDS or not all(map(_is_text, fields)):
        raise HTTPBadRequest(f"Invalid input for fields. Reason: they must be at most {MAX_WORDS} texts.")
    if not isinstance(octets, str) or not re.fullmatch("([0-9a-fA-F]{2})*", octets):
        raise HTTPBadRequest("Invalid input for hex. Reason: it is not hexadecimal.")
    if len(octets) > 2 * MAX_OCTETS:
        raise HTTPBadRequest(f"Invalid input for hex. Reason: it has more than {MAX_OCTETS} octets.")
    return Asked(
        host=host,
        interface=interface,
        fields=tuple(fields),
        octets=bytes.fromhex(octets),
        assumption=assumption,
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= TEXT_LENGTH


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name, "")
    if not _is_text(value):
        raise HTTPBadRequest(f"Invalid input for {name}. Reason: it must be a text of {TEXT_LENGTH} at most.")
    return str(value)


QUESTION = object_of(
    {
        "explain": {
            "oneOf": [
                object_of({"port": TEXT | {"minLength": 1}, "probe": {"type": "boolean"}}, ["port"]),
                object_of(
                    {
                        "from": TEXT | {"minLength": 1},
                        "to": TEXT | {"minLength": 1},
                        "probe": {"type": "boolean"},
                        "protocol": {"enum": list(PROTOCOLS)},
                        "port_number": {"type": "integer", "minimum": 0, "maximum": MAX_PORT},
                    },
                    ["from", "to"],
                ),
                object_of(
                    {
                        "frame": object_of(
                            {
                                "host": TEXT | {"minLength": 1},
                                "interface": TEXT | {"minLength": 1},
                                "fields": array_of(TEXT, MAX_WORDS),
                                "hex": {
                                    "type": "string",
                                    "pattern": "^([0-9a-fA-F]{2})*$",
                                    "maxLength": 2 * MAX_OCTETS,
                                },
                                "connection": {"enum": list(ASSUMPTIONS)},
                            },
                            ["host", "interface"],
                        )
                    },
                    ["frame"],
                ),
            ]
        }
    },
    ["explain"],
    closed=False,
)
