"""The OpenAPI document is true: schemathesis drives the live server with it."""

import subprocess
import sys
from pathlib import Path

from osken_apps.link import Changes
from osken_apps.model.changes import Upserted
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
# The tool's own, and those of a query that is too long.
REFUSALS = [*map(str, (400, 401, 403, 404, 405, 406, 409, 414, 415, 422, 428, 429, 431)), "5xx"]
EXAMPLES = 5
SEVERAL = 5


def configuration(ids: dict[str, str]) -> str:
    """Say which resources exist, so that what shows and changes one finds one; what deletes does not."""
    operations = [
        (method, f"/v2.0/{plural}/{{id}}{path}", resource_id)
        for plural, resource_id in ids.items()
        for method in ("GET", "PUT")
        for path in ("", "/tags", "/tags/{tag}")
    ]
    return f"[checks]\nnegative_data_rejection.expected-statuses = {REFUSALS}\n" + "".join(
        f'[[operations]]\ninclude-name = "{method} {path}"\nparameters = {{ "path.id" = "{resource_id}" }}\n'
        for method, path, resource_id in operations
    )


def make_resources(server: Server) -> dict[str, str]:
    """Make a network, a subnet and a port; give their ids by collection."""
    network = server.call("POST", "/v2.0/networks", {"network": {"name": "net1"}}).body["network"]
    asked = {"network_id": network["id"], "ip_version": 4, "cidr": "10.10.10.0/24"}
    subnet = server.call("POST", "/v2.0/subnets", {"subnet": asked}).body["subnet"]
    port = server.call("POST", "/v2.0/ports", {"port": {"network_id": network["id"]}}).body["port"]
    return {"networks": network["id"], "subnets": subnet["id"], "ports": port["id"]}


def highest_revisions(server: Server) -> dict[str, int]:
    """Give the highest revision of each resource in what the controller was told so far."""
    revisions: dict[str, int] = {}
    while not server.messages.empty():
        message = server.messages.get()
        for change in message.changes if isinstance(message, Changes) else ():
            if isinstance(change, Upserted):
                revisions[change.resource.id] = change.resource.revision_number
    return revisions


def test_every_answer_is_as_the_document_says(server: Server, tmp_path: Path) -> None:
    ids = make_resources(server)
    (tmp_path / "schemathesis.toml").write_text(configuration(ids))
    command = [
        str(SCHEMATHESIS),
        "run",
        f"{server.url}/openapi.json",
        "--phases=coverage,fuzzing",
        f"--max-examples={EXAMPLES}",
        # And one worker: with several, `ast.parse` of CPython 3.11 fails in their threads.
        "--generation-deterministic",
        f"--checks={','.join(CHECKS)}",
        # What only a controller knows; there is none here.
        "--exclude-path-regex=/(dhcp|explain|flows|interfaces|dhcp-transactions|readyz)$",
        "--no-color",
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-8000:]
    revisions = highest_revisions(server)
    reached = [revisions[resource_id] > SEVERAL for resource_id in ids.values()]
    assert reached == [True, True, True], "schemathesis has not changed the resources"
