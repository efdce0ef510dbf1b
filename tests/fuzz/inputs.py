"""What peers send to the OpenFlow, OVSDB and HTTP listeners, right and wrong, by name."""

import json
import struct

from osken_apps.openflow.codec import HEADER, MessageType, message
from tests.bench.scale.openflow_switch import FEATURES_REQUEST, FLOW_STATS, METER_ENTRY, SimulatedSwitch
from tests.bench.scale.ovsdb_server import SimulatedDatabase

SWITCH = SimulatedSwitch("br-int", 0xABC, {"int-br-eth2": 1, "tap1": 7})
PORT = struct.pack("!IH2x6s2x16sII", 7, 40, bytes(6), b"tap1", 0, 0)
MATCH = struct.pack("!HHIIHHI", 1, 12, 0x80000004, 7, 0, 0, 0)[:16]
ECHO = message(MessageType.ECHO_REQUEST, 9, b"are you there?")


def _packet_in(frame: bytes) -> bytes:
    head = struct.pack("!IHBBQ", 0xFFFFFFFF, len(frame), 0, 10, 0x1234)
    return message(MessageType.PACKET_IN, 0, head + MATCH + bytes(2) + frame)


def _part(xid: int, kind: int, body: bytes, more: bool = False) -> bytes:
    return message(MessageType.MULTIPART_REPLY, xid, struct.pack("!HH4x", kind, more) + body)


def _flow(priority: int) -> bytes:
    instruction = struct.pack("!HHI", 4, 24, 0) + struct.pack("!HHIHHI", 0, 16, 7, 0, 0, 0)
    body = MATCH + instruction
    fixed = FLOW_STATS.pack(FLOW_STATS.size + len(body), 0, 1, 2, priority, 0, 0, 0, 0x1234, 5, 6)
    return fixed + body


def _error(kind: int, code: int, data: bytes) -> bytes:
    return message(MessageType.ERROR, 1, struct.pack("!HH", kind, code) + data)


_FEATURES = SWITCH.feed(message(FEATURES_REQUEST, 1), 0.0)
_METER = METER_ENTRY.pack(1, METER_ENTRY.size, 1, 2, 3, 4, 5)
OPENFLOW = {
    "hello": SWITCH.connected(),
    "hello-without-elements": message(MessageType.HELLO, 1),
    "hello-of-1.0": HEADER.pack(1, MessageType.HELLO, 8, 1),
    "hello-of-1.3-and-1.4": HEADER.pack(5, 0, 16, 1) + struct.pack("!HHI", 1, 8, 0x30),
    "hello-with-an-empty-element": HEADER.pack(5, 0, 16, 1) + struct.pack("!HHI", 1, 0, 0x20),
    "hello-and-features": SWITCH.connected() + _FEATURES,
    "length-of-nothing": HEADER.pack(5, 10, 0, 0),
    "length-of-all": HEADER.pack(5, 10, 0xFFFF, 0),
    "echo": ECHO,
    "echoes": ECHO * 5,
    "packet-in": _packet_in(b"frame"),
    "packet-ins-and-an-echo": _packet_in(b"one") + _packet_in(b"two") + ECHO + _packet_in(b"three"),
    "packet-in-of-another-version": b"\x04" + _packet_in(b"frame")[1:] + ECHO,
    "packet-in-of-a-cut-frame": _packet_in(bytes(64))[:-30],
    "port-added": message(MessageType.PORT_STATUS, 0, bytes(8) + PORT),
    "port-gone": message(MessageType.PORT_STATUS, 0, b"\x01" + bytes(7) + PORT),
    "ports": _part(1, 13, PORT * 3),
    "flows": _part(5, 1, _flow(1) + _flow(2)),
    "flows-in-parts": _part(5, 1, _flow(1), more=True) + _part(5, 1, _flow(2)),
    "flow-of-length-nothing": _part(5, 1, b"\0\0" + _flow(1)[2:]),
    "meters": _part(6, 10, _METER),
    "barrier": message(MessageType.BARRIER_REPLY, 5),
    "error": _error(1, 6, ECHO),
    "error-hello-failed": _error(0, 0, b"no common version"),
    "error-of-nicira": _error(0xFFFF, 0x2320, b"\0\0\x23\x20"),
    "features-again": _FEATURES,
    "unknown-type": message(MessageType.ECHO_REQUEST, 1)[:1] + b"\x63" + struct.pack("!HI", 8, 1),
    "tls": bytes.fromhex("160301020001000001fc0303"),
    "http": b"GET / HTTP/1.1\r\nHost: controller\r\n\r\n",
}


def _text(**members: object) -> bytes:
    return json.dumps(members).encode()


_UUID = "5e17aefc-2c37-4189-b93d-247a12dd1fe2"
_ROW = {"name": "tap1", "external_ids": ["map", [["iface-id", "1"]]], "tag": ["set", []], "mtu": 1500}
_PORT = {"name": "tap2", "tag": 7, "interfaces": ["uuid", _UUID], "external_ids": ["map", [["a", "b"]]]}
_UPDATE = {"Interface": {_UUID: {"initial": _ROW}, _UUID[::-1]: {"delete": None}}}
OVSDB = {
    "echo": _text(method="echo", id="echo", params=[]),
    "echoes": _text(method="echo", id=1, params=["x"]) * 3,
    "reply": _text(id=1, result={}, error=None),
    "error": _text(id=1, result=None, error={"error": "syntax error", "details": "no"}),
    "update": _text(id=None, method="update2", params=[["monid", "Open_vSwitch"], _UPDATE]),
    "update3": _text(id=None, method="update3", params=[["monid", "x"], _UUID, _UPDATE]),
    "update-of-a-port": _text(id=None, method="update2", params=[0, {"Port": {_UUID: {"insert": _PORT}}}]),
    "transaction-done": _text(id=2, result=[{}, {"count": 1}], error=None),
    "transaction-refused": _text(id=2, result=[{"error": "timed out", "details": "x"}, None], error=None),
    "locked": _text(id=None, method="locked", params=["osken_net"]),
    "no-method": _text(params=[], id=3),
    "method-of-a-number": _text(method=7, params=[], id=3),
    "both": _text(method="echo", params=[], id=3, result=[]),
    "id-of-an-object": _text(method="echo", params=[], id={"a": [1]}),
    "null-everything": _text(method=None, params=None, id=None, result=None, error=None),
    "spaces": b" \r\n\t" + _text(method="echo", id=1, params=[]) + b"\n\n",
    "text-before": b"x" + _text(method="echo", id=1, params=[]),
    "array": b"[1, 2]",
    "a-string": b'"{"',
    "brackets-in-strings": rb'{"method":"echo","id":"}\\\"{","params":["[","\u007b"]}',
    "a-brace-too-many": _text(method="echo", id=1, params=[]) + b"}",
    "wrong-bracket": b'{"method":"echo","id":1,"params":[}}',
    "unfinished": _text(method="echo", id=1, params=[])[:-1],
    "deep": b'{"params":' + b"[" * 31 + b"]" * 31 + b"}",
    "deeper": b'{"params":' + b"[" * 40 + b"]" * 40 + b"}",
    "numbers": b'{"method":"echo","id":1e400,"params":[-0,1E5,0.1e-9,NaN,Infinity,99999999999999999999]}',
    "no-utf-8": b'{"method":"\xff","id":1,"params":[]}',
    "half-a-surrogate": rb'{"method":"\ud800","id":1,"params":[]}',
    "a-name-twice": b'{"method":"a","method":"echo","id":1,"params":[]}',
    "of-a-host": SimulatedDatabase("host1", {"br-int": (0xABC, [("tap1", "iface1")])}).feed(
        _text(id=0, method="get_schema", params=["Open_vSwitch"]), 0.0
    )[:4000],
    "openflow": SWITCH.connected(),
    "tls": OPENFLOW["tls"],
}


def _request(line: str, *headers: str, body: bytes = b"", host: bool = True) -> bytes:
    lines = [line, *(["Host: localhost"] if host else []), *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "".join(f"{text}\r\n" for text in lines).encode() + b"\r\n" + body


_JSON = "Content-Type: application/json"
_NETWORK = b'{"network": {"name": "net1"}}'
_CHUNKED = b"1d\r\n" + _NETWORK + b"\r\n0\r\n\r\n"
_IDENTITY = {"methods": ["password"], "password": {"user": {"name": "a", "password": "b"}}}
HTTP = {
    "get-networks": _request("GET /v2.0/networks HTTP/1.1"),
    "get-filtered": _request("GET /v2.0/ports?fields=id&status=ACTIVE&sort_key=id&page_reverse=1 HTTP/1.1"),
    "get-http-1.0": _request("GET / HTTP/1.0", host=False),
    "get-keep-alive": _request("GET /healthz HTTP/1.1") * 3,
    "get-if-match": _request("GET /v2.0/networks/x HTTP/1.1", "If-Match: revision_number=1"),
    "get-escapes": _request("GET /v2.0/networks/%ff%00%2e%2e/%c3%28?name=%zz HTTP/1.1"),
    "get-openapi": _request("GET /openapi.json HTTP/1.1"),
    "get-dashboard": _request("GET /dashboard/ HTTP/1.1"),
    "get-absolute": _request("GET http://localhost/v2.0/ HTTP/1.1"),
    "get-other-host": _request("GET / HTTP/1.1", "Host: example.org", host=False),
    "get-two-hosts": _request("GET / HTTP/1.1", "Host: example.org"),
    "get-credentials": _request("GET /v2.0/networks HTTP/1.1", "Authorization: Basic YTpi"),
    "get-forwarded": _request("GET / HTTP/1.1", "Forwarded: for=1;host=x", "X-Forwarded-For: 1"),
    "get-header-folded": _request("GET / HTTP/1.1", "X-A: 1\r\n 2"),
    "get-header-without-name": _request("GET / HTTP/1.1", ": x"),
    "get-long-line": _request("GET /" + "a" * 3000 + " HTTP/1.1"),
    "head": _request("HEAD /v2.0/networks HTTP/1.1") + _request("GET /healthz HTTP/1.1"),
    "options": _request("OPTIONS * HTTP/1.1"),
    "trace": _request("TRACE / HTTP/1.1"),
    "connect": _request("CONNECT example.org:80 HTTP/1.1"),
    "post-network": _request("POST /v2.0/networks HTTP/1.1", _JSON, body=_NETWORK),
    "post-bulk": _request("POST /v2.0/networks HTTP/1.1", _JSON, body=b'{"networks": [{}, {"mtu": 1400}]}'),
    "post-subnet": _request(
        "POST /v2.0/subnets HTTP/1.1",
        _JSON,
        body=b'{"subnet": {"network_id": "x", "cidr": "10.0.0.0/24", "ip_version": 4}}',
    ),
    "post-port": _request(
        "POST /v2.0/ports HTTP/1.1",
        _JSON,
        body=b'{"port": {"network_id": "x", "fixed_ips": [{"ip_address": "::1"}]}}',
    ),
    "post-rule": _request(
        "POST /v2.0/security-group-rules HTTP/1.1",
        _JSON,
        body=b'{"security_group_rule": {"security_group_id": "x", "direction": "ingress"}}',
    ),
    "post-chunked": _request("POST /v2.0/networks HTTP/1.1", _JSON, "Transfer-Encoding: chunked") + _CHUNKED,
    "post-chunked-and-length": _request(
        "POST /v2.0/networks HTTP/1.1", _JSON, "Transfer-Encoding: chunked", "Content-Length: 4"
    )
    + _CHUNKED,
    "post-two-lengths": _request(
        "POST /v2.0/networks HTTP/1.1", _JSON, "Content-Length: 4", "Content-Length: 29"
    )
    + _NETWORK,
    "post-continue": _request("POST /v2.0/networks HTTP/1.1", _JSON, "Expect: 100-continue", body=_NETWORK),
    "continue-without-a-body": _request("GET /healthz HTTP/1.1", "Expect: 100-continue")
    + _request("GET /v2.0/networks HTTP/1.1"),
    "post-no-json": _request("POST /v2.0/networks HTTP/1.1", _JSON, body=b'{"network": {'),
    "post-deep": _request("POST /v2.0/networks HTTP/1.1", _JSON, body=b"[" * 1500),
    "post-form": _request("POST /v2.0/networks HTTP/1.1", "Content-Type: text/plain", body=b"a=b"),
    "post-from-a-page": _request("POST /v2.0/networks HTTP/1.1", _JSON, "Origin: http://x", body=_NETWORK),
    "post-login": _request(
        "POST /identity/v3/auth/tokens HTTP/1.1",
        _JSON,
        body=json.dumps({"auth": {"identity": _IDENTITY}}).encode(),
    ),
    "put-tags": _request("PUT /v2.0/networks/x/tags HTTP/1.1", _JSON, body=b'{"tags": ["a", "a"]}'),
    "put-quota": _request("PUT /v2.0/quotas/p HTTP/1.1", _JSON, body=b'{"quota": {"port": -1}}'),
    "delete": _request("DELETE /v2.0/networks/x HTTP/1.1"),
    "negative-length": _request("POST / HTTP/1.1", "Content-Length: -1"),
    "no-http": b"hello\r\n\r\n",
    "http-0.9": b"GET /\r\n\r\n",
    "openflow": SWITCH.connected(),
    "tls": OPENFLOW["tls"],
}
