"""Security groups, rules, rules of new groups and address groups of the API."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import webob

from osken_apps.errors import StoreUnavailable
from osken_apps.model.changes import PortReport
from osken_apps.model.resources import Binding, PortStatus
from osken_apps.model.security_groups import Permission
from osken_apps.networking.address_groups import MAX_ADDRESSES
from osken_apps.networking.bindings import record
from osken_apps.networking.security_groups import default_group_id
from osken_apps.questions import GroupPackets, Question
from osken_apps.rest.controller import Questions
from osken_apps.rest.wsgi import application
from osken_apps.store.store import Store
from tests.unit.rest_client import Client, Reply, client_of, config_of

UUID = "11111111-2222-3333-4444-555555555555"
TRUSTED = "authentication = headers"


@pytest.fixture
def admin(tmp_path: Path) -> Client:
    """Give an administrator."""
    return client_of(tmp_path, TRUSTED).as_user("default", "admin")


@pytest.fixture
def alice(admin: Client) -> Client:
    """Give a member of project a."""
    return admin.as_user("a", "member")


@pytest.fixture
def group_id(alice: Client) -> str:
    """Give the id of a group of alice's."""
    return str(alice.make("security_group", name="web")["id"])


def try_rule(client: Client, group_id: str, **attributes: Any) -> Reply:
    """Create a rule for what comes in."""
    body = {"security_group_id": group_id, "direction": "ingress"} | attributes
    return client.try_make("security_group_rule", **body)


def rule(client: Client, group_id: str, **attributes: Any) -> dict[str, Any]:
    """Create a rule that must succeed."""
    reply = try_rule(client, group_id, **attributes)
    assert reply.status == 201, reply.body
    made: dict[str, Any] = reply.body["security_group_rule"]
    return made


def ways(rules: list[dict[str, Any]]) -> list[tuple[str, str, Any]]:
    """Say in short what rules that look at neither protocols nor prefixes permit."""
    return [(rule["direction"], rule["ethertype"], rule["remote_group_id"]) for rule in rules]


def address_group(client: Client, *addresses: str) -> str:
    """Create an address group; give its id."""
    return str(client.make("address_group", addresses=list(addresses))["id"])


# -- default groups


@pytest.mark.parametrize("path", ["/security-groups", "/security-group-rules"])
def test_the_first_list_of_a_project_makes_its_default_group(alice: Client, path: str) -> None:
    assert len(next(iter(alice.get(path).values()))) == {"/security-groups": 1}.get(path, 4)
    (group,) = alice.get("/security-groups?name=default")["security_groups"]
    assert ways(group["security_group_rules"]) == [
        ("egress", "IPv4", None),
        ("egress", "IPv6", None),
        ("ingress", "IPv4", group["id"]),
        ("ingress", "IPv6", group["id"]),
    ]
    assert (group["project_id"], group["tenant_id"], group["id"]) == ("a", "a", default_group_id("a"))
    assert (group["stateful"], group["shared"], group["tags"]) == (True, False, [])


def test_only_a_project_itself_or_an_administrator_makes_its_default_group(
    admin: Client, alice: Client
) -> None:
    assert alice.get("/security-groups?project_id=b") == {"security_groups": []}
    alice.make("network")
    assert admin.get("/security-groups?name=default&project_id=a")["security_groups"] != []
    projects = {group["project_id"] for group in admin.get("/security-groups")["security_groups"]}
    assert projects == {"a", "default"}


@pytest.mark.parametrize("name", ["project_id", "tenant_id"])
@pytest.mark.parametrize("path", ["/security-groups", "/security-group-rules"])
def test_an_administrator_s_list_of_a_project_that_has_nothing_makes_its_default_group(
    admin: Client, path: str, name: str
) -> None:
    assert admin.call("GET", f"{path}?{name}=empty", Origin="http://evil.example").status == 200
    assert admin.call("GET", f"{path}?{name}={'x' * 256}").status == 400
    (found,) = admin.get(f"{path}?{name}=other").values()
    assert {item["project_id"] for item in found} == {"other"}
    projects = {group["project_id"] for group in admin.get("/security-groups")["security_groups"]}
    assert projects == {"default", "other"}


@pytest.mark.parametrize("name", ["project_id", "tenant_id"])
@pytest.mark.parametrize("text", ["%00", "%0a", "x%07", "null", "NULL"])
def test_what_is_the_name_of_no_project_gets_no_default_group(admin: Client, text: str, name: str) -> None:
    assert admin.get(f"/security-groups?{name}={text}") == {"security_groups": []}
    projects = {group["project_id"] for group in admin.get("/security-groups")["security_groups"]}
    assert projects == {"default"}


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Sec_Fetch_Site": "cross-site"}], ids=["origin", "site"]
)
def test_a_page_of_another_site_makes_no_default_group(alice: Client, headers: dict[str, str]) -> None:
    assert alice.call("GET", "/security-groups", **headers).body == {"security_groups": []}
    assert alice.call("GET", "/security-groups", Sec_Fetch_Site="same-origin").body["security_groups"] != []


def test_a_list_does_without_the_default_group_while_nothing_can_be_written(
    alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_store: Store, **_: object) -> Any:
        raise StoreUnavailable("it is full")

    monkeypatch.setattr(Store, "write", refuse)
    assert alice.get("/security-groups") == {"security_groups": []}


def test_a_default_group_keeps_its_name_and_only_an_administrator_deletes_it(
    admin: Client, alice: Client
) -> None:
    (group,) = alice.get("/security-groups")["security_groups"]
    path = f"/security-groups/{group['id']}"
    renamed = alice.change("security_group", group["id"], name="other")
    described = alice.change("security_group", group["id"], description="ours")
    deleted = alice.call("DELETE", path)
    assert (renamed.status, renamed.error) == (409, "SecurityGroupCannotUpdateDefault")
    assert described.body["security_group"]["description"] == "ours"
    assert (deleted.status, deleted.error) == (409, "SecurityGroupCannotRemoveDefault")
    assert admin.call("DELETE", path).status == 204
    assert [group["id"] for group in alice.get("/security-groups")["security_groups"]] == [group["id"]]


def test_no_other_group_is_called_default(alice: Client, group_id: str) -> None:
    replies = [
        alice.try_make("security_group", name="Default"),
        alice.change("security_group", group_id, name="DEFAULT"),
    ]
    assert [(reply.status, reply.error) for reply in replies] == [
        (409, "SecurityGroupDefaultAlreadyExists")
    ] * 2


# -- groups


def test_a_new_group_lets_everything_leave(alice: Client) -> None:
    made = alice.make("security_group", name="web", description="servers", stateful=False)
    rules = made["security_group_rules"]
    assert ways(rules) == [("egress", "IPv4", None), ("egress", "IPv6", None)]
    assert rules[0] == alice.get(f"/security-group-rules/{rules[0]['id']}")["security_group_rule"]
    assert {key: rules[0][key] for key in ("protocol", "normalized_cidr", "description")} == dict.fromkeys(
        ("protocol", "normalized_cidr", "description")
    )
    assert (made["name"], made["description"], made["stateful"]) == ("web", "servers", False)
    assert alice.get(f"/security-groups/{made['id']}")["security_group"] == made
    assert alice.get(f"/security-groups?id={made['id']}")["security_groups"] == [made]


def test_groups_are_filtered_sorted_paged_and_tagged(alice: Client) -> None:
    ids = {name: alice.make("security_group", name=name, stateful=name == "a")["id"] for name in "cab"}
    assert alice.call("PUT", f"/security-groups/{ids['a']}/tags/red").status == 201

    def names(query: str) -> list[str]:
        return [group["name"] for group in alice.get(f"/security-groups?{query}")["security_groups"]]

    assert names("sort_key=name&sort_dir=desc") == ["default", "c", "b", "a"]
    assert names("stateful=False&sort_key=name&sort_dir=asc") == ["b", "c"]
    assert names("tags=red&shared=false") == ["a"]
    assert names("sort_key=name&sort_dir=asc&limit=1&marker=" + ids["a"]) == ["b"]
    assert alice.get("/security-groups?fields=name&name=b") == {"security_groups": [{"name": "b"}]}


def test_a_group_of_ports_can_neither_go_nor_change_what_it_remembers(alice: Client, group_id: str) -> None:
    network_id = alice.make("network")["id"]
    port = alice.make("port", network_id=network_id, security_groups=[group_id])
    replies = [
        alice.call("DELETE", f"/security-groups/{group_id}"),
        alice.change("security_group", group_id, stateful=False),
    ]
    assert [(reply.status, reply.error) for reply in replies] == [(409, "SecurityGroupInUse")] * 2
    assert alice.change("security_group", group_id, stateful=True, name="w").status == 200
    assert alice.change("port", port["id"], security_groups=[]).status == 200
    assert alice.change("security_group", group_id, stateful=False).status == 200
    assert alice.call("DELETE", f"/security-groups/{group_id}").status == 204


def test_stateful_and_stateless_groups_are_not_of_one_port(alice: Client, group_id: str) -> None:
    stateless = alice.make("security_group", stateful=False)["id"]
    network_id = alice.make("network")["id"]
    reply = alice.try_make("port", network_id=network_id, security_groups=[group_id, stateless])
    assert (reply.status, reply.error) == (409, "SecurityGroupConflict")


def test_all_groups_that_are_not_there_are_named(alice: Client) -> None:
    others = [UUID, UUID.replace("1", "2")]
    reply = alice.try_make("port", network_id=alice.make("network")["id"], security_groups=others)
    assert (reply.status, reply.error) == (404, "SecurityGroupNotFound")
    assert reply.message == f"Security group {', '.join(others)} does not exist"


def test_with_a_group_go_the_rules_of_others_that_name_it(alice: Client, group_id: str) -> None:
    other = alice.make("security_group")["id"]
    named = rule(alice, other, remote_group_id=group_id)
    before = alice.get(f"/security-groups/{other}")["security_group"]
    assert alice.call("DELETE", f"/security-groups/{group_id}").status == 204
    after = alice.get(f"/security-groups/{other}")["security_group"]
    assert named["id"] in [item["id"] for item in before["security_group_rules"]]
    assert named["id"] not in [item["id"] for item in after["security_group_rules"]]
    assert after["revision_number"] > before["revision_number"]
    gone = alice.call("GET", f"/security-group-rules/{named['id']}")
    assert (gone.status, gone.error) == (404, "SecurityGroupRuleNotFound")
    assert alice.call("GET", f"/security-groups/{group_id}").message == (
        f"Security group {group_id} does not exist"
    )


# -- rules


def test_a_rule_is_made_shown_listed_and_deleted(alice: Client, group_id: str) -> None:
    made = rule(
        alice,
        group_id,
        protocol="TCP",
        ethertype="ipv4",
        port_range_min="22",
        port_range_max=22,
        remote_ip_prefix="10.0.0.9/8",
        description="ssh",
    )
    assert {key: made[key] for key in made if key not in ("id", "created_at", "updated_at")} == {
        "tenant_id": "a",
        "project_id": "a",
        "revision_number": 1,
        "description": "ssh",
        "security_group_id": group_id,
        "direction": "ingress",
        "ethertype": "IPv4",
        "protocol": "tcp",
        "port_range_min": 22,
        "port_range_max": 22,
        "remote_ip_prefix": "10.0.0.9/8",
        "remote_group_id": None,
        "remote_address_group_id": None,
        "normalized_cidr": "10.0.0.0/8",
        "belongs_to_default_sg": False,
    }
    path = f"/security-group-rules/{made['id']}"
    assert alice.get(path)["security_group_rule"] == made
    assert alice.get("/security-group-rules?protocol=tcp&port_range_min=22&direction=ingress") == {
        "security_group_rules": [made]
    }
    before = alice.get(f"/security-groups/{group_id}")["security_group"]
    assert made in before["security_group_rules"]
    assert alice.call("PUT", path, {"security_group_rule": {"description": "x"}}).status == 400
    assert alice.call("PUT", f"{path}/tags/red").status == 404
    assert alice.call("DELETE", path).status == 204
    after = alice.get(f"/security-groups/{group_id}")["security_group"]
    assert len(after["security_group_rules"]) == 2
    assert after["revision_number"] == before["revision_number"] + 1


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"protocol": "any"}, {"protocol": None}),
        ({"protocol": 6}, {"protocol": "6"}),
        ({"protocol": "icmp", "ethertype": "IPv6"}, {"protocol": "ipv6-icmp"}),
        ({"protocol": "icmpv6", "ethertype": "IPV6"}, {"protocol": "ipv6-icmp", "ethertype": "IPv6"}),
        ({"protocol": "1", "ethertype": "IPv6"}, {"protocol": "58"}),
        (
            {"protocol": "udp", "port_range_min": 1, "port_range_max": 65535},
            {"port_range_min": None, "port_range_max": None},
        ),
        *(
            (
                {"protocol": protocol, "port_range_min": 1, "port_range_max": 65535},
                {"protocol": protocol, "port_range_min": None, "port_range_max": None},
            )
            for protocol in (None, "icmp", "vrrp")
        ),
        ({"protocol": "icmp", "port_range_min": 8, "port_range_max": 0}, {"port_range_min": 8}),
        ({"protocol": "icmp", "port_range_min": 8}, {"port_range_max": None}),
        ({"remote_ip_prefix": "10.0.0.9"}, {"remote_ip_prefix": "10.0.0.9/32"}),
        (
            {"remote_ip_prefix": "2001:DB8::1", "ethertype": "IPv6"},
            {"remote_ip_prefix": "2001:db8::1/128", "normalized_cidr": "2001:db8::1/128"},
        ),
        (
            {"remote_ip_prefix": "0.0.0.0/0"},
            {"remote_ip_prefix": "0.0.0.0/0", "normalized_cidr": "0.0.0.0/0"},
        ),
        ({"protocol": "dccp", "port_range_min": 5, "port_range_max": 9}, {"protocol": "dccp"}),
    ],
)
def test_a_rule_is_kept_in_one_form(
    alice: Client, group_id: str, given: dict[str, Any], kept: dict[str, Any]
) -> None:
    made = rule(alice, group_id, **given)
    assert {key: made[key] for key in kept} == kept


def test_the_directions_are_named_in_words(alice: Client, group_id: str) -> None:
    assert try_rule(alice, group_id, direction="sideways").message == (
        "Invalid input for direction. Reason: 'sideways' is not in ['egress', 'ingress']."
    )


@pytest.mark.parametrize(
    ("attributes", "error"),
    [
        ({"protocol": "carrier-pigeon"}, "SecurityGroupRuleInvalidProtocol"),
        ({"protocol": 256}, "SecurityGroupRuleInvalidProtocol"),
        ({"protocol": -1}, "SecurityGroupRuleInvalidProtocol"),
        ({"protocol": True}, "SecurityGroupRuleInvalidProtocol"),
        ({"ethertype": "IPv5"}, "SecurityGroupRuleInvalidEtherType"),
        ({"ethertype": 4}, "SecurityGroupRuleInvalidEtherType"),
        ({"direction": "sideways"}, "HTTPBadRequest"),
        ({"protocol": "tcp", "port_range_min": 0, "port_range_max": 9}, "SecurityGroupInvalidPortValue"),
        ({"protocol": "tcp", "port_range_min": 1, "port_range_max": 65536}, "SecurityGroupInvalidPortValue"),
        ({"protocol": "tcp", "port_range_min": "ssh"}, "SecurityGroupInvalidPortValue"),
        ({"protocol": "tcp", "port_range_min": 9}, "SecurityGroupInvalidPortRange"),
        ({"protocol": "6", "port_range_max": 9}, "SecurityGroupInvalidPortRange"),
        ({"protocol": "udp", "port_range_min": 9, "port_range_max": 8}, "SecurityGroupInvalidPortRange"),
        (
            {"protocol": "vrrp", "port_range_min": 9, "port_range_max": 9},
            "SecurityGroupInvalidProtocolForPort",
        ),
        ({"protocol": "ip", "port_range_min": 9, "port_range_max": 9}, "SecurityGroupInvalidProtocolForPort"),
        ({"port_range_min": 9, "port_range_max": 9}, "SecurityGroupProtocolRequiredWithPorts"),
        ({"protocol": "icmp", "port_range_min": 256}, "SecurityGroupInvalidIcmpValue"),
        (
            {"protocol": "ipv6-icmp", "ethertype": "IPv6", "port_range_min": 1, "port_range_max": 256},
            "SecurityGroupInvalidIcmpValue",
        ),
        ({"protocol": "icmp", "port_range_max": 0}, "SecurityGroupMissingIcmpType"),
        ({"remote_ip_prefix": "2001:db8::/32"}, "SecurityGroupRuleParameterConflict"),
        ({"remote_ip_prefix": "10.0.0.0/8", "ethertype": "IPv6"}, "SecurityGroupRuleParameterConflict"),
        ({"protocol": "ipv6-icmp"}, "SecurityGroupEthertypeConflictWithProtocol"),
        ({"protocol": "44"}, "SecurityGroupEthertypeConflictWithProtocol"),
        ({"remote_ip_prefix": "10.0.0.0/8", "remote_group_id": UUID}, "SecurityGroupMultipleRemoteEntites"),
        (
            {"remote_address_group_id": UUID, "remote_group_id": UUID},
            "SecurityGroupMultipleRemoteEntites",
        ),
        ({"remote_ip_prefix": "10.0.0.0/33"}, "InvalidCIDR"),
        ({"remote_ip_prefix": "everybody"}, "InvalidCIDR"),
        ({"remote_ip_prefix": 7}, "InvalidCIDR"),
    ],
)
def test_a_rule_that_means_nothing_is_refused(
    alice: Client, group_id: str, attributes: dict[str, Any], error: str
) -> None:
    reply = try_rule(alice, group_id, **attributes)
    assert (reply.status, reply.error) == (400, error), reply.body


@pytest.mark.parametrize(
    ("attributes", "error"),
    [
        ({"security_group_id": UUID}, "SecurityGroupNotFound"),
        ({"remote_group_id": UUID}, "SecurityGroupNotFound"),
        ({"remote_address_group_id": UUID}, "AddressGroupNotFound"),
    ],
)
def test_a_rule_for_what_is_not_there_is_refused(
    alice: Client, group_id: str, attributes: dict[str, Any], error: str
) -> None:
    reply = alice.try_make(
        "security_group_rule", **{"security_group_id": group_id, "direction": "egress"} | attributes
    )
    assert (reply.status, reply.error) == (404, error)


SAME = [
    ({"protocol": "tcp"}, {"protocol": "6"}),
    ({}, {"remote_ip_prefix": "0.0.0.0/0"}),
    ({}, {"protocol": "any"}),
    ({"ethertype": "IPv6"}, {"ethertype": "IPv6", "remote_ip_prefix": "::/0"}),
    ({"remote_ip_prefix": "10.0.0.1/8"}, {"remote_ip_prefix": "10.0.0.2/8"}),
    ({"protocol": "icmp", "ethertype": "IPv6"}, {"protocol": "58", "ethertype": "IPv6"}),
    ({"description": "one"}, {"description": "other"}),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_permits_the_same_is_one_rule(
    alice: Client, group_id: str, one: dict[str, Any], other: dict[str, Any]
) -> None:
    together = [{"security_group_id": group_id, "direction": "ingress"} | item for item in (one, other)]
    twice = alice.call("POST", "/security-group-rules", {"security_group_rules": together})
    made = rule(alice, group_id, **one)
    again = try_rule(alice, group_id, **other)
    assert (twice.status, twice.error) == (409, "DuplicateSecurityGroupRuleInPost")
    assert (again.status, again.error) == (409, "SecurityGroupRuleExists")
    assert made["id"] in again.message


def test_a_bulk_of_rules_is_made_whole_or_not_at_all(alice: Client, group_id: str) -> None:
    def bulk(*ports: int) -> Reply:
        rules = [
            {
                "security_group_id": group_id,
                "direction": "ingress",
                "protocol": "tcp",
                "port_range_min": port,
                "port_range_max": port,
            }
            for port in ports
        ]
        return alice.call("POST", "/security-group-rules", {"security_group_rules": rules})

    made = bulk(80, 443)
    assert [item["port_range_min"] for item in made.body["security_group_rules"]] == [80, 443]
    again = bulk(22, 80)
    assert (again.status, again.error) == (409, "SecurityGroupRuleExists")
    assert len(alice.get(f"/security-group-rules?security_group_id={group_id}")["security_group_rules"]) == 4


def test_each_rule_of_a_bulk_is_compared_with_those_that_are_there_without_a_look_at_each(
    alice: Client, group_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, prefix = [0], Permission.prefix.fget  # type: ignore[attr-defined]

    def looked(permission: Permission) -> Any:
        looks[0] += 1
        return prefix(permission)

    def bulk(first: int) -> Reply:
        body = {"security_group_id": group_id, "direction": "ingress", "ethertype": "IPv4"}
        rules = [body | {"remote_ip_prefix": f"10.0.{number}.0/24"} for number in range(first, first + 30)]
        return alice.call("POST", "/security-group-rules", {"security_group_rules": rules})

    assert bulk(0).status == 201
    monkeypatch.setattr(Permission, "prefix", property(looked))
    assert bulk(30).status == 201
    assert looks[0] < 5 * (2 + 60)  # with the two that a new group has
    assert bulk(59).error == "SecurityGroupRuleExists"


def test_a_bulk_has_rules_of_one_group_and_one_project(admin: Client, group_id: str) -> None:
    other = admin.make("security_group")["id"]
    rules = [{"security_group_id": id, "direction": "ingress"} for id in (group_id, other)]
    groups = admin.call("POST", "/security-group-rules", {"security_group_rules": rules})
    rules = [
        {"security_group_id": group_id, "direction": way, "project_id": project}
        for way, project in (("ingress", "a"), ("egress", "b"))
    ]
    projects = admin.call("POST", "/security-group-rules", {"security_group_rules": rules})
    assert (groups.status, groups.error) == (400, "SecurityGroupNotSingleGroupRules")
    assert (projects.status, projects.error) == (400, "SecurityGroupRulesNotSingleProject")


def test_rules_are_told_apart_by_whether_their_group_is_a_default_one(alice: Client, group_id: str) -> None:
    found = alice.get("/security-group-rules?belongs_to_default_sg=true")["security_group_rules"]
    assert {item["security_group_id"] for item in found} == {default_group_id("a")}
    assert len(found) == 4


def test_a_rule_of_anothers_group_is_refused_and_one_in_ones_own_is_seen(
    admin: Client, alice: Client, group_id: str
) -> None:
    bob = admin.as_user("b", "member")
    refused = try_rule(bob, group_id)
    assert (refused.status, refused.error) == (404, "SecurityGroupNotFound")
    theirs = rule(admin, group_id, protocol="tcp")
    path = f"/security-group-rules/{theirs['id']}"
    assert theirs["project_id"] == "default"
    assert bob.call("GET", path).status == 404
    assert alice.get(path)["security_group_rule"] == theirs
    assert theirs in alice.get("/security-group-rules")["security_group_rules"]
    assert admin.as_user("a", "reader").call("DELETE", path).status == 403
    assert alice.call("DELETE", path).status == 204


# -- quotas


def test_a_default_group_counts_and_a_group_needs_room_for_its_rules(admin: Client, alice: Client) -> None:
    quota = {"security_group": 3, "security_group_rule": 7}
    assert admin.call("PUT", "/quotas/a", {"quota": quota}).status == 200
    made = alice.try_make("security_group")
    refused = alice.try_make("security_group")
    assert made.status == 201
    assert (refused.status, refused.error) == (409, "OverQuota")
    assert "security_group_rule" in refused.message
    assert rule(alice, made.body["security_group"]["id"])
    full = try_rule(alice, made.body["security_group"]["id"], protocol="tcp")
    assert (full.status, full.error) == (409, "OverQuota")
    quota = {"security_group": 2, "security_group_rule": -1}
    assert admin.call("PUT", "/quotas/a", {"quota": quota}).status == 200
    refused = alice.try_make("security_group")
    assert (refused.status, refused.message) == (409, "Quota exceeded for resources: ['security_group'].")
    used = alice.get("/quotas/a/details")["quota"]
    assert (used["security_group"]["used"], used["security_group_rule"]["used"]) == (2, 7)


def test_a_group_has_a_thousand_rules_at_most(
    admin: Client, group_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = webob.Request.blank("/openapi.json").get_response(admin.app).json
    schema = document["components"]["schemas"]["security_group"]["properties"]["security_group_rules"]
    assert schema["maxItems"] == 1000
    monkeypatch.setattr("osken_apps.networking.security_group_rules.MAX_RULES", 3)
    assert try_rule(admin, group_id).status == 201
    full = try_rule(admin, group_id, protocol="tcp")
    assert (full.status, full.error) == (409, "OverQuota")


# -- rules of new groups


def test_new_groups_are_made_with_the_rules_that_the_administrator_says(admin: Client, alice: Client) -> None:
    first = admin.get("/default-security-group-rules")["default_security_group_rules"]
    assert [
        (item["direction"], item["ethertype"], item["remote_group_id"], item["used_in_non_default_sg"])
        for item in first
    ] == [
        ("egress", "IPv4", None, True),
        ("egress", "IPv6", None, True),
        ("ingress", "IPv4", "PARENT", False),
        ("ingress", "IPv6", "PARENT", False),
    ]
    assert {item["used_in_default_sg"] for item in first} == {True}
    made = admin.make(
        "default_security_group_rule", direction="ingress", protocol="icmp", remote_group_id="PARENT"
    )
    assert "project_id" not in made
    assert (made["used_in_default_sg"], made["used_in_non_default_sg"]) == (False, True)
    assert admin.call("DELETE", f"/default-security-group-rules/{first[1]['id']}").status == 204
    group = alice.make("security_group")
    assert ways(group["security_group_rules"]) == [
        ("egress", "IPv4", None),
        ("ingress", "IPv4", group["id"]),
    ]


def test_rules_of_new_groups_are_the_administrators_and_all_can_read_them(
    admin: Client, alice: Client
) -> None:
    listed = alice.get("/default-security-group-rules")["default_security_group_rules"]
    assert len(listed) == 4
    made = alice.try_make("default_security_group_rule", direction="ingress")
    deleted = alice.call("DELETE", f"/default-security-group-rules/{listed[0]['id']}")
    assert (made.status, deleted.status) == (403, 403)


@pytest.mark.parametrize(
    ("attributes", "status", "error"),
    [
        ({"direction": "egress", "used_in_default_sg": True}, 409, "DefaultSecurityGroupRuleExists"),
        ({"direction": "egress"}, 409, "DefaultSecurityGroupRuleExists"),
        ({"direction": "ingress", "remote_group_id": UUID}, 404, "SecurityGroupNotFound"),
        ({"direction": "ingress", "remote_address_group_id": UUID}, 404, "AddressGroupNotFound"),
        (
            {"direction": "ingress", "protocol": "tcp", "port_range_min": 1},
            400,
            "SecurityGroupInvalidPortRange",
        ),
        ({"direction": "ingress", "remote_group_id": "parent"}, 400, "HTTPBadRequest"),
    ],
)
def test_rules_of_new_groups_that_cannot_be_are_refused(
    admin: Client, attributes: dict[str, Any], status: int, error: str
) -> None:
    reply = admin.try_make("default_security_group_rule", **attributes)
    assert (reply.status, reply.error) == (status, error)


def test_the_same_rule_may_be_one_for_each_kind_of_group(admin: Client) -> None:
    ingress = {"direction": "ingress", "remote_group_id": "PARENT"}
    assert admin.make("default_security_group_rule", **ingress)  # there is one of default groups


def test_new_groups_have_a_hundred_rules_at_most(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("osken_apps.networking.security_group_rules.MAX_DEFAULT_RULES", 4)
    reply = admin.try_make("default_security_group_rule", direction="ingress", protocol="tcp")
    assert (reply.status, reply.error) == (409, "OverQuota")


def test_a_rule_of_new_groups_that_is_not_there_is_named(admin: Client) -> None:
    reply = admin.call("GET", f"/default-security-group-rules/{UUID}")
    assert (reply.status, reply.error) == (404, "DefaultSecurityGroupRuleNotFound")


# -- address groups


MANY = [f"10.{number >> 8}.{number & 255}.0/24" for number in range(MAX_ADDRESSES)]


def change(client: Client, group_id: str, action: str, addresses: Any) -> Reply:
    """Let addresses join or leave a group."""
    return client.call("PUT", f"/address-groups/{group_id}/{action}", {"addresses": addresses})


def test_addresses_join_and_leave_an_address_group(alice: Client) -> None:
    group_id = address_group(alice, "10.0.0.9/8", "2001:db8::/32", "10.0.0.8/8")
    path = f"/address-groups/{group_id}"
    assert alice.get(path)["address_group"]["addresses"] == ["10.0.0.0/8", "2001:db8::/32"]
    added = change(alice, group_id, "add_addresses", ["192.0.2.1/32", "192.0.2.2/32"])
    assert added.body["address_group"]["addresses"][2:] == ["192.0.2.1/32", "192.0.2.2/32"]
    removed = change(alice, group_id, "remove_addresses", ["10.0.0.0/8", "192.0.2.1/32"])
    assert removed.status == 200
    assert alice.get(path)["address_group"]["addresses"] == ["2001:db8::/32", "192.0.2.2/32"]
    renamed = alice.change("address_group", group_id, name="n", description="d").body["address_group"]
    assert (renamed["name"], renamed["description"]) == ("n", "d")
    assert [group["id"] for group in alice.get("/address-groups?name=n")["address_groups"]] == [group_id]
    assert alice.call("DELETE", path).status == 204
    assert alice.call("GET", path).error == "AddressGroupNotFound"


def test_a_single_address_joins_and_leaves_without_its_length(alice: Client) -> None:
    group_id = address_group(alice)
    added = change(alice, group_id, "add_addresses", ["192.0.2.1", "2001:db8::1"])
    removed = change(alice, group_id, "remove_addresses", ["192.0.2.1"])
    without_length = alice.try_make("address_group", addresses=["192.0.2.1"])
    assert added.body["address_group"]["addresses"] == ["192.0.2.1/32", "2001:db8::1/128"]
    assert removed.body["address_group"]["addresses"] == ["2001:db8::1/128"]
    assert (without_length.status, without_length.error) == (400, "HTTPBadRequest")


@pytest.mark.parametrize(
    ("action", "addresses", "status", "error"),
    [
        ("add_addresses", ["10.1.2.3/8"], 400, "AddressesAlreadyExist"),
        ("remove_addresses", ["10.0.0.0/9"], 404, "AddressesNotFound"),
        ("remove_addresses", ["192.0.2.1"], 404, "AddressesNotFound"),
        ("add_addresses", ["192.0.2"], 400, "HTTPBadRequest"),
        ("add_addresses", ["192.0.2.1/32"] * 2, 400, "HTTPBadRequest"),
        ("add_addresses", "192.0.2.1/32", 400, "HTTPBadRequest"),
        ("add_addresses", [["192.0.2.1/32"]], 400, "HTTPBadRequest"),
        (
            "add_addresses",
            [f"10.{n >> 8}.{n & 255}.0/24" for n in range(MAX_ADDRESSES)],
            400,
            "AddressesExhausted",
        ),
        ("add_addresses", ["10.0.0.0/24"] * (MAX_ADDRESSES + 1), 400, "HTTPBadRequest"),
    ],
)
def test_addresses_that_cannot_join_or_leave_are_refused(
    alice: Client, action: str, addresses: Any, status: int, error: str
) -> None:
    reply = change(alice, address_group(alice, "10.0.0.0/8"), action, addresses)
    assert (reply.status, reply.error) == (status, error)


@pytest.mark.parametrize("body", [{}, {"addresses": [], "name": "x"}, []])
def test_what_is_done_to_an_address_group_is_said_in_full(alice: Client, body: Any) -> None:
    reply = alice.call("PUT", f"/address-groups/{address_group(alice)}/add_addresses", body)
    assert (reply.status, reply.error) == (400, "HTTPBadRequest")


def test_an_address_group_that_a_rule_names_stays(admin: Client, alice: Client, group_id: str) -> None:
    addresses = address_group(alice, "10.0.0.0/8")
    made = rule(alice, group_id, remote_address_group_id=addresses)
    refused = alice.call("DELETE", f"/address-groups/{addresses}")
    assert (refused.status, refused.error) == (409, "AddressGroupInUse")
    assert alice.call("DELETE", f"/security-group-rules/{made['id']}").status == 204
    default = admin.make(
        "default_security_group_rule", direction="ingress", remote_address_group_id=addresses
    )
    assert alice.call("DELETE", f"/address-groups/{addresses}").status == 409
    assert admin.call("DELETE", f"/default-security-group-rules/{default['id']}").status == 204
    assert alice.call("DELETE", f"/address-groups/{addresses}").status == 204


def test_address_groups_are_their_projects(admin: Client, alice: Client, group_id: str) -> None:
    bob = admin.as_user("b", "member")
    theirs = address_group(bob, "10.0.0.0/8")
    replies = [
        try_rule(alice, group_id, remote_address_group_id=theirs),
        change(alice, theirs, "add_addresses", ["192.0.2.0/24"]),
    ]
    assert [(reply.status, reply.error) for reply in replies] == [(404, "AddressGroupNotFound")] * 2
    reader = change(admin.as_user("b", "reader"), theirs, "add_addresses", ["192.0.2.0/24"])
    stale = alice.as_user("b", "member").call(
        "PUT",
        f"/address-groups/{theirs}/add_addresses",
        {"addresses": ["192.0.2.0/24"]},
        If_Match="revision_number=9",
    )
    assert (reader.status, stale.status) == (403, 412)


# -- what is enforced


def extensions(client: Client) -> set[str]:
    """Give the aliases of the extensions that are offered."""
    return {extension["alias"] for extension in client.get("/extensions")["extensions"]}


def test_where_nothing_is_enforced_the_api_says_so(admin: Client, tmp_path_factory: Any) -> None:
    text = "[security]\nenforce = false"
    other = client_of(tmp_path_factory.mktemp("loose"), text)
    network = other.make("network", port_security_enabled=True)
    port = other.make("port", network_id=network["id"], **{"binding:host_id": "h"})
    assert (network["port_security_enabled"], port["port_security_enabled"]) == (False, False)
    assert other.get(f"/ports/{port['id']}")["port"]["security_groups"] == port["security_groups"] != []
    gone = extensions(admin) - extensions(other)
    assert {"port-security", "allowed-address-pairs", "security-group", "address-group"} <= gone
    assert all(other.call("GET", f"/extensions/{alias}").error == "ExtensionNotFound" for alias in gone)
    assert all(admin.get(f"/extensions/{alias}")["extension"]["alias"] == alias for alias in gone)
    assert other.make("security_group")["stateful"] is True


def test_what_is_stored_counts_again_once_it_is_enforced(tmp_path: Path) -> None:
    text = "[security]\nenforce = false"
    loose = client_of(tmp_path, text)
    network = loose.make("network")
    guarded = loose.make("port", network_id=network["id"])
    free = loose.make("port", network_id=network["id"], port_security_enabled=False)
    loose.store.close()
    strict = client_of(tmp_path)
    shown = [strict.get(f"/ports/{port['id']}")["port"] for port in (guarded, free)]
    assert [port["port_security_enabled"] for port in shown] == [True, False]


def test_a_port_says_which_rules_of_its_groups_no_flow_can_match(alice: Client, admin: Client) -> None:
    group = alice.make("security_group")
    closed = [
        rule(alice, group["id"], protocol=protocol, port_range_min=9, port_range_max=9)
        for protocol in ("dccp", "136")
    ]
    closed += [rule(alice, group["id"], protocol=protocol, ethertype="IPv6") for protocol in ("ah", "60")]
    rule(alice, group["id"], protocol="udplite")
    rule(alice, group["id"], protocol="ah")
    rule(alice, group["id"], protocol="esp", ethertype="IPv6")
    rule(alice, group["id"], protocol="sctp", port_range_min=9, port_range_max=9)
    network_id = alice.make("network")["id"]
    port = alice.make("port", network_id=network_id, security_groups=[group["id"]])
    other = alice.make("port", network_id=network_id)
    listed = {item["id"]: item["binding:vif_details"] for item in admin.get("/ports")["ports"]}
    shown = admin.get(f"/ports/{port['id']}")["port"]["binding:vif_details"]
    assert shown == listed[port["id"]]
    assert [line.partition(": ")[::2] for line in shown["closed_rules"]] == [
        (item["id"], f"Open vSwitch cannot match {what}; what the rule names stays closed")
        for item, what in zip(
            closed, ("the ports of dccp", "the ports of 136", "ah of IPv6", "60 of IPv6"), strict=True
        )
    ]
    assert "closed_rules" not in listed[other["id"]]


def test_of_many_closed_rules_ten_are_named(admin: Client) -> None:
    group = admin.make("security_group")
    for number in range(11):
        rule(admin, group["id"], protocol="dccp", port_range_min=number + 1, port_range_max=number + 1)
    port = admin.make("port", network_id=admin.make("network")["id"], security_groups=[group["id"]])
    shown = admin.get(f"/ports/{port['id']}")["port"]["binding:vif_details"]
    assert len(shown["closed_rules"]) == 10


# -- use


class Controller(Questions):
    """A controller that has counted on one host, and not on another."""

    store: Store

    def ask(self, question: Question[Any]) -> Any:
        """Say what each rule has permitted."""
        assert isinstance(question, GroupPackets)
        with self.store.read() as view:
            rules = [rule.id for rule in view.rules_of(question.group_id)]
        return {"rules": {rules[0]: 7, "gone": 9}, "hosts": ["host1"], "silent": ["host2"]}


def test_the_use_of_a_group_is_its_ports_where_they_are_and_what_its_rules_permitted(
    admin: Client, tmp_path: Path
) -> None:
    questions = Controller()
    questions.store = admin.store
    app = application(admin.store, config_of(tmp_path, TRUSTED), admin.hosts, questions)
    asker = replace(admin, app=app)
    group = asker.make("security_group")
    network_id = asker.make("network")["id"]
    ports = [asker.make("port", network_id=network_id, security_groups=[group["id"]]) for _ in range(2)]
    with admin.store.write() as transaction:
        record(transaction, [PortReport(ports[1]["id"], Binding("host1", 1), PortStatus.ACTIVE)])
    use = asker.get(f"/security-groups/{group['id']}/use")["use"]
    assert [(port["id"], port["host"], port["status"]) for port in use.pop("ports")] == [
        (ports[0]["id"], "", "DOWN"),
        (ports[1]["id"], "host1", "ACTIVE"),
    ]
    rules = [rule["id"] for rule in group["security_group_rules"]]
    assert use == {
        "port_count": 2,
        "hosts": ["host1"],
        "counted_on": ["host1"],
        "silent": ["host2"],
        "rules": [{"id": rules[0], "packets": 7}, {"id": rules[1], "packets": 0}],
    }
    assert asker.as_user("default", "member").call("GET", f"/security-groups/{group['id']}/use").status == 403
    absent = asker.call("GET", f"/security-groups/{UUID}/use")
    assert (absent.status, absent.error) == (404, "SecurityGroupNotFound")
