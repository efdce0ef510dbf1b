"""What the service says of itself, and to whom."""

from importlib import metadata
from pathlib import Path

from tests.unit.rest_client import client_of


def test_everybody_is_told_the_version_and_administrators_where_it_listens(tmp_path: Path) -> None:
    api = client_of(tmp_path, "authentication = headers\nport = 9700")
    told = api.as_user("a", "admin").get("/about")
    assert told.pop("python")
    assert told == {
        "version": metadata.version("osken-apps"),
        "licence": "Apache-2.0",
        "authentication": "headers",
        "guards": True,
        "database": str(api.store),
        "listeners": [
            {"name": "api", "address": "127.0.0.1:9700", "tls": False},
            {"name": "openflow", "address": "127.0.0.1:6653", "tls": False},
            {"name": "ovsdb", "address": "127.0.0.1:6640", "tls": False},
        ],
    }
    member = api.as_user("a", "member").get("/about")
    assert set(member) == {"version", "licence", "authentication", "guards"}
