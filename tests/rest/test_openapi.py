"""The OpenAPI document is true: schemathesis drives the live server with it."""

import subprocess
import sys
from pathlib import Path

from tests.rest.server import Server

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)
EXAMPLES = 8


def test_every_answer_is_as_the_document_says(server: Server, tmp_path: Path) -> None:
    network = server.call("POST", "/v2.0/networks", {"network": {"name": "net1"}}).body["network"]
    subnet = {"network_id": network["id"], "ip_version": 4, "cidr": "10.10.10.0/24"}
    server.call("POST", "/v2.0/subnets", {"subnet": subnet})
    command = [
        str(SCHEMATHESIS),
        "run",
        f"{server.url}/openapi.json",
        "--phases=coverage,fuzzing",
        f"--max-examples={EXAMPLES}",
        "--generation-deterministic",  # and one worker: with more, ast.parse of CPython 3.11 fails in threads
        f"--checks={','.join(CHECKS)}",
        "--no-color",
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-8000:]
    assert server.call("GET", f"/v2.0/networks/{network['id']}").status in (200, 404)
