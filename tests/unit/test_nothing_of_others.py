"""What a member can learn of another project: the same, whether that project has anything or not."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from osken_apps.rest.wsgi import application
from tests.unit.rest_client import Client, client_of, config_of
from tests.unit.test_rest_explain import Controller

CHANGING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # ids
    r"|\d{4}-\d\d-\d\dT[0-9:.]+(Z|\+00:00)?"  # times
    r"|fa:16:3e(:[0-9a-f]{2}){3}"
    r"|[0-9a-f]{1,32}-\d+"  # how far changes were told
)
MAC, ADDRESS = "02:00:00:00:00:77", "10.77.0.77"


def made(directory: Path, has_things: bool) -> tuple[Client, dict[str, str]]:
    """Give bob's client of an API where alice has things or has none, and the ids of hers."""
    directory.mkdir()
    text = "authentication = headers"
    client = client_of(directory, text)
    api = replace(
        client, app=application(client.store, config_of(directory, text), client.hosts, Controller())
    )
    admin, alice, bob = (
        api.as_user(*who) for who in (("ops", "admin"), ("alice", "member"), ("bob", "member"))
    )
    shared = admin.make("network", name="shared", shared=True)["id"]
    admin.subnet(shared, "10.1.0.0/24", name="of shared")
    own = bob.make("network", name="own")["id"]
    bob.subnet(own, "10.2.0.0/24", name="of own")
    bob.make("port", network_id=own, name="mine")
    bob.get("/security-groups")
    if not has_things:
        return bob, {}
    network = alice.make("network", name="secret", description="secret")["id"]
    subnet = alice.subnet(network, "10.77.0.0/24", name="secret")["id"]
    group = alice.make("security_group", name="secret")["id"]
    port = alice.make(
        "port",
        network_id=network,
        name="secret",
        mac_address=MAC,
        fixed_ips=[{"subnet_id": subnet, "ip_address": ADDRESS}],
        device_id="secret",
        security_groups=[group],
    )["id"]
    alice.make("port", network_id=shared, name="secret", device_id="secret")
    alice.call("PUT", f"/networks/{network}/tags", {"tags": ["secret"]})
    admin.call("PUT", "/quotas/alice", {"quota": {"port": 7}})
    return bob, {"network": network, "subnet": subnet, "port": port, "security-group": group}


def asked(bob: Client, ids: dict[str, str]) -> dict[str, tuple[int, str]]:
    """Ask for what a guess may find; give status and body of each, without what always differs."""
    nothing = "00000000-0000-0000-0000-000000000000"
    answers = {}

    def ask(method: str, path: str, body: Any = None) -> None:
        reply = bob.call(method, path, body)
        answers[f"{method} {re.sub(CHANGING, '*', path)} {re.sub(CHANGING, '*', str(body))}"] = (
            reply.status,
            CHANGING.sub("*", str(reply.body)),
        )

    for kind in ("network", "subnet", "port", "security-group"):
        found = ids.get(kind, nothing)
        singular = kind.replace("-", "_")
        path = f"/{kind}s/{found}"
        for query in (
            "name=secret",
            "project_id=alice",
            "tags=secret",
            f"id={found}",
            f"limit=1&marker={found}",
        ):
            ask("GET", f"/{kind}s?{query}")
        ask("GET", f"/{kind}s?sort_key=name&sort_dir=desc&limit=1")
        ask("GET", f"/{kind}s?project_id=alice&fields=id")
        ask("GET", path)
        ask("PUT", path, {singular: {"name": "x"}})
        ask("DELETE", path)
        for tags in ("", "/secret"):
            ask("GET", f"{path}/tags{tags}")
            ask("DELETE", f"{path}/tags{tags}")
        ask("PUT", f"{path}/tags/x")
    port, network, group = (ids.get(kind, nothing) for kind in ("port", "network", "security-group"))
    for query in ("device_id=secret", f"mac_address={MAC}", f"fixed_ips=ip_address%3D{ADDRESS}"):
        ask("GET", f"/ports?{query}")
    for member in ("dhcp", "explain", "bindings"):
        ask("GET", f"/ports/{port}/{member}")
    for text in ("secret", MAC, ADDRESS, port, "secre"):
        ask("POST", "/explain", {"explain": {"port": text}})
        ask("POST", "/explain", {"explain": {"from": "mine", "to": text}})
        ask("GET", f"/search?q={text}")
    ask("GET", "/changes?since=")
    for path in (
        "overview",
        "topology",
        f"topology?network_id={network}",
        "network-ip-availabilities",
        "agents",
    ):
        ask("GET", f"/{path}")
    ask("GET", f"/network-ip-availabilities/{network}")
    ask("GET", f"/security-groups/{group}/use")
    for path in ("quotas/alice", "quotas/alice/details", "quotas/alice/default", "quotas"):
        ask("GET", f"/{path}")
    ask("PUT", "/quotas/alice", {"quota": {"port": 1}})
    ask("DELETE", "/quotas/alice")
    ask("POST", "/ports", {"port": {"network_id": network}})
    ask("POST", "/subnets", {"subnet": {"network_id": network, "cidr": "10.9.0.0/24", "ip_version": 4}})
    rule = {"security_group_id": group, "direction": "ingress"}
    ask("POST", "/security-group-rules", {"security_group_rule": rule})
    ask("POST", "/networks", {"network": {"name": "secret", "tenant_id": "alice"}})
    ask("POST", "/networks", {"network": {"name": "secret"}})
    return answers


def test_a_member_is_answered_alike_whether_another_project_has_things_or_not(tmp_path: Path) -> None:
    with_things, ids = made(tmp_path / "some", has_things=True)
    without, _ = made(tmp_path / "none", has_things=False)
    some, none = asked(with_things, ids), asked(without, {})
    assert {asked: (some[asked], none[asked]) for asked in none if some[asked] != none[asked]} == {}
    assert some.keys() == none.keys()
    assert {status for status, _ in none.values()} >= {200, 404}


def test_the_owner_is_answered_otherwise(tmp_path: Path) -> None:
    """So that the questions above can tell a difference."""
    bob, ids = made(tmp_path / "some", has_things=True)
    alice = bob.as_user("alice", "member")
    told = asked(alice, ids)
    without, _ = made(tmp_path / "none", has_things=False)
    nothing = asked(without.as_user("alice", "member"), {})
    differing = {asked for asked in told if told[asked] != nothing.get(asked)}
    assert len(differing) > len(told) // 2


def test_what_another_project_does_is_no_change_for_a_member(tmp_path: Path) -> None:
    bob, ids = made(tmp_path / "some", has_things=True)
    alice, told = bob.as_user("alice", "member"), bob.get("/changes?since=")
    assert alice.change("port", ids["port"], name="other").status == 200
    alice.make("port", network_id=ids["network"])
    assert alice.call("DELETE", f"/ports/{ids['port']}").status == 204
    news = bob.get(f"/changes?since={told['revision']}")
    assert (news["changes"], news["reset"]) == ([], False)
    assert alice.get(f"/changes?since={told['revision']}")["changes"]
