"""A kind of resource is declared once, in two files and a line: all else follows from that."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import webob

from osken_apps.cli import main
from osken_apps.model.accounts import Project
from osken_apps.model.changes import Deleted, Snapshot, Upserted
from osken_apps.model.inventory import Inventory
from osken_apps.model.kind import KINDS
from osken_apps.rest.registry import REGISTRY, Registry
from osken_apps.rest.wsgi import application
from osken_apps.store.forms import METADATA
from osken_apps.store.store import Store
from osken_apps.store.tables import FORMS
from tests.unit.rest_client import Client, client_of, config_of
from tests.whole import of_kind

TOY = "tests.unit.toy.tape_drives"
TRUSTED = "authentication = headers"
DRIVE = {"speed": "fast", "address": "10.0.0.9", "tapes": [{"label": "a", "blocks": 7}]}


@contextmanager
def declared() -> Iterator[Any]:
    """Give the module that has the toy; nothing is left of it afterwards."""
    module = import_module(TOY)
    try:
        yield module
    finally:
        if module.TapeDrive in FORMS:
            METADATA.remove(FORMS.pop(module.TapeDrive).table)
        del KINDS[module.TapeDrive]
        for name in [name for name in sys.modules if name.startswith(TOY)]:
            del sys.modules[name]


@pytest.fixture
def toy() -> Iterator[Any]:
    """Give the module that has the toy."""
    with declared() as module:
        yield module


@pytest.fixture
def admin(toy: Any, tmp_path: Path) -> Client:
    """Give the administrator of an API that has tape drives."""
    config = config_of(tmp_path, TRUSTED)
    store = Store(config.database)
    registry = Registry((*REGISTRY.collections.values(), toy.TAPE_DRIVES), REGISTRY.read_only.values())
    client = client_of(tmp_path, TRUSTED)
    app = application(store, config, client.hosts, None, registry)
    return replace(client, app=app, store=store).as_user("default", "admin")


@pytest.fixture
def alice(admin: Client) -> Client:
    """Give a member of project a."""
    return admin.as_user("a", "member")


def make(client: Client, network_id: str, **attributes: Any) -> Any:
    """Create a tape drive."""
    body = {"tape_drive": {"network_id": network_id} | attributes}
    return client.call("POST", "/tape-drives", body)


def test_it_is_made_shown_listed_changed_and_deleted(alice: Client) -> None:
    network_id = alice.make("network")["id"]
    made = make(alice, network_id, name="t1", **DRIVE).body["tape_drive"]
    path = f"/tape-drives/{made['id']}"
    assert {name: made[name] for name in DRIVE} == DRIVE
    assert (made["project_id"], made["revision_number"], made["tape_drive:is_full"]) == ("a", 1, False)
    assert alice.get(path) == {"tape_drive": made}
    assert alice.get("/tape-drives?speed=fast&address=10.0.0.9&sort_key=name&sort_dir=asc&limit=1")[
        "tape_drives"
    ] == [made]
    assert alice.get("/tape-drives?speed=slow") == {"tape_drives": []}
    changed = alice.call("PUT", path, {"tape_drive": {"tapes": [], "address": None}}).body["tape_drive"]
    assert (changed["tapes"], changed["address"], changed["revision_number"]) == ([], None, 2)
    assert alice.call("PUT", f"{path}/tags/red").status == 201
    assert alice.get("/tape-drives?tags=red")["tape_drives"][0]["id"] == made["id"]
    assert alice.call("DELETE", path).status == 204
    gone = alice.call("GET", path)
    assert (gone.status, gone.error) == (404, "TapeDriveNotFound")


def test_what_its_attributes_do_not_allow_is_refused(alice: Client) -> None:
    network_id = alice.make("network")["id"]
    many = make(alice, network_id, tapes=[{"label": "a", "blocks": 1}] * 2)
    wrong = make(alice, network_id, speed="furious")
    missing = alice.call("POST", "/tape-drives", {"tape_drive": {}})
    assert [reply.status for reply in (many, wrong, missing)] == [400] * 3


def test_its_quota_follows(admin: Client, alice: Client) -> None:
    network_id = alice.make("network")["id"]
    assert [make(alice, network_id).status for _ in range(3)] == [201, 201, 409]
    assert alice.get("/quotas/a")["quota"]["tape_drive"] == 2
    assert admin.call("PUT", "/quotas/a", {"quota": {"tape_drive": 3}}).status == 200
    assert make(alice, network_id).status == 201
    assert alice.get("/quotas/a/details")["quota"]["tape_drive"]["used"] == 3


def test_its_project_is_not_deleted_before_it(
    admin: Client, alice: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with admin.store.write() as transaction:
        transaction.accounts.add(Project("a", "a"))
    make(alice, admin.make("network", shared=True)["id"])
    assert main(["project", "delete", "a", "--config-file", str(tmp_path / "osken-net.conf")]) == 1
    assert "Project 'a' has tape drives." in capsys.readouterr().err


def test_its_policy_follows(admin: Client, alice: Client) -> None:
    path = f"/tape-drives/{make(alice, alice.make('network')['id']).body['tape_drive']['id']}"
    body = {"tape_drive": {"tape_drive:is_full": True}}
    assert alice.call("PUT", path, body).status == 403
    assert admin.call("PUT", path, body).status == 200
    assert admin.as_user("b", "member").call("GET", path).status == 404
    assert admin.as_user("a", "reader").call("DELETE", path).status == 403


def test_it_is_in_the_document_and_the_index(alice: Client) -> None:
    document = webob.Request.blank("/openapi.json").get_response(alice.app).json
    assert {"/v2.0/tape-drives", "/v2.0/tape-drives/{id}", "/v2.0/tape-drives/{id}/tags"} <= set(
        document["paths"]
    )
    assert (
        document["components"]["schemas"]["new_tape_drive"]["properties"]["tapes"]["anyOf"][0]["maxItems"]
        == 3
    )
    assert "tape-drives" in [item["collection"] for item in alice.get("/")["resources"]]


def test_the_controller_is_told_of_it_and_keeps_it(toy: Any, alice: Client) -> None:
    told: list[Any] = []
    alice.store.listen(lambda _sequence, changes: told.extend(changes))
    made = make(alice, alice.make("network")["id"], **DRIVE).body["tape_drive"]
    with alice.store.read() as view:
        parts = list(view.parts(10))
    drives = tuple(item for part in parts for item in of_kind(toy.TapeDrive, part))
    whole, inventory = Snapshot(tuple(drives)), Inventory()
    inventory.take(whole)
    (drive,) = whole.resources
    assert (drive.id, drive.speed, drive.tapes) == (made["id"], "fast", (toy.Tape("a", 7),))
    assert Upserted(drive) in told
    assert inventory.further == {toy.TapeDrive: {drive.id: drive}}
    inventory.apply(Deleted(toy.TapeDrive, drive.id))
    assert inventory.further == {toy.TapeDrive: {}}


def test_a_database_from_before_gets_its_table(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    Store(config.database).close()
    with declared() as toy:
        store = Store(config.database)
        with store.read() as view:
            assert view.find(toy.TapeDrive) == []
        store.close()


def test_what_it_refers_to_stays(admin: Client, alice: Client) -> None:
    network_id = alice.make("network")["id"]
    make(alice, network_id)
    reply = alice.call("DELETE", f"/networks/{network_id}")
    assert (reply.status, reply.error) == (409, "InUse")
    assert make(alice, "11111111-2222-3333-4444-555555555555").status == 404
