"""Who may do what: projects, roles, identity headers, policy files."""

from pathlib import Path
from typing import Any

import pytest

from osken_apps.errors import ConfigurationError
from osken_apps.rest.openapi.document import document
from osken_apps.rest.policy import Policy, PolicyNotAuthorized, Target, default_rules, list_rules
from osken_apps.rest.registry import REGISTRY
from osken_apps.rest.request import Caller
from osken_apps.rest.wsgi import Api
from tests.unit.rest_client import Client, client_of

UUID = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def admin(tmp_path: Path) -> Client:
    """Give the administrator of an API that trusts a proxy."""
    return client_of(tmp_path, "authentication = headers").as_user("default", "admin")


@pytest.fixture
def alice(admin: Client) -> Client:
    """Give a member of project a."""
    return admin.as_user("a", "member")


@pytest.fixture
def bob(admin: Client) -> Client:
    """Give a member of project b."""
    return admin.as_user("b", "member")


def test_headers_mean_nothing_unless_the_proxy_is_trusted(tmp_path: Path) -> None:
    network = client_of(tmp_path).as_user("a", "reader").make("network", shared=True)
    assert network["project_id"] == "default"


def test_resources_belong_to_the_project_of_their_maker(alice: Client) -> None:
    network = alice.make("network")
    subnet = alice.subnet(network["id"])
    port = alice.make("port", network_id=network["id"])
    assert {resource["project_id"] for resource in (network, subnet, port)} == {"a"}


def test_others_do_not_see_them_and_get_404(alice: Client, bob: Client, admin: Client) -> None:
    network = alice.make("network")
    alice.subnet(network["id"])
    alice.make("port", network_id=network["id"])
    lists = [bob.get(f"/{plural}")[plural] for plural in ("networks", "subnets", "ports")]
    replies = [
        bob.call("GET", f"/networks/{network['id']}"),
        bob.call("DELETE", f"/networks/{network['id']}"),
    ]
    changed = bob.change("network", network["id"], name="mine")
    assert lists == [[], [], []]
    assert [(reply.status, reply.error) for reply in (*replies, changed)] == [(404, "NetworkNotFound")] * 3
    assert len(admin.get("/networks")["networks"]) == 1


def test_others_cannot_use_a_network_that_they_do_not_see(alice: Client, bob: Client) -> None:
    network = alice.make("network")
    port = bob.try_make("port", network_id=network["id"])
    subnet = bob.try_subnet(network["id"])
    assert [(reply.status, reply.error) for reply in (port, subnet)] == [(404, "NetworkNotFound")] * 2


def test_a_shared_network_is_seen_and_used_but_not_changed_by_others(admin: Client, bob: Client) -> None:
    network = admin.make("network", shared=True)
    admin.subnet(network["id"])
    port = bob.make("port", network_id=network["id"])
    refused = bob.change("network", network["id"], name="mine")
    assert [seen["id"] for seen in bob.get("/networks")["networks"]] == [network["id"]]
    assert len(bob.get("/subnets")["subnets"]) == 1
    assert port["project_id"] == "b"
    assert (refused.status, refused.error) == (403, "PolicyNotAuthorized")
    assert bob.try_subnet(network["id"], "10.9.0.0/24").status == 403


def test_a_network_that_others_use_stays_shared(admin: Client, bob: Client) -> None:
    network = admin.make("network", shared=True)
    port = bob.make("port", network_id=network["id"])
    refused = admin.change("network", network["id"], shared=False)
    bob.call("DELETE", f"/ports/{port['id']}")
    assert (refused.status, refused.error) == (409, "InvalidSharedSetting")
    assert admin.change("network", network["id"], shared=False).status == 200


def test_a_network_in_which_others_have_a_subnet_stays_shared(admin: Client) -> None:
    network = admin.make("network", project_id="a", shared=True)["id"]
    subnet = admin.subnet(network, project_id="b")["id"]
    refused = admin.change("network", network, shared=False)
    assert (refused.status, refused.error) == (409, "InvalidSharedSetting")
    admin.call("DELETE", f"/subnets/{subnet}")
    admin.subnet(network, project_id="a")
    assert admin.change("network", network, shared=False).status == 200


def test_who_may_not_see_the_ports_in_a_subnet_is_not_told_which_they_are(
    admin: Client, alice: Client, bob: Client
) -> None:
    network = alice.make("network")["id"]
    subnet = admin.subnet(network, project_id="b")["id"]
    theirs = alice.make("port", network_id=network)["id"]
    own = admin.make("port", network_id=network, project_id="b")["id"]
    refused = {who: client.call("DELETE", f"/subnets/{subnet}") for who, client in (("a", alice), ("b", bob))}
    assert {(reply.status, reply.error) for reply in refused.values()} == {(409, "SubnetInUse")}
    assert {who: (theirs in reply.message, own in reply.message) for who, reply in refused.items()} == {
        "a": (True, True),
        "b": (False, True),
    }
    bob.call("DELETE", f"/ports/{own}")
    assert bob.call("DELETE", f"/subnets/{subnet}").message.endswith("an IP allocation from this subnet.")


def test_a_port_of_the_network_itself_is_no_other_project_s_use(admin: Client) -> None:
    network = admin.make("network", project_id="a", shared=True)["id"]
    for owner in ("network:dhcp", "network:router_interface"):
        admin.make("port", network_id=network, project_id="b", device_owner=owner)
    assert admin.change("network", network, shared=False).status == 200


def test_a_subnet_of_another_project_is_as_one_that_is_not_there(alice: Client, bob: Client) -> None:
    secret = alice.subnet(alice.make("network")["id"])["id"]
    network = bob.make("network")["id"]
    bob.subnet(network)
    own_elsewhere = bob.subnet(bob.make("network")["id"])["id"]
    port = bob.make("port", network_id=network)["id"]
    told = {}
    for subnet in (secret, UUID, own_elsewhere):
        fixed_ips = [{"subnet_id": subnet}]
        replies = (
            bob.try_make("port", network_id=network, fixed_ips=fixed_ips),
            bob.change("port", port, fixed_ips=fixed_ips),
        )
        told[subnet] = {(reply.status, reply.error, reply.message.replace(subnet, "")) for reply in replies}
    assert told[secret] == told[UUID] == {(404, "SubnetNotFound", "Subnet  could not be found.")}
    assert {(status, error) for status, error, _ in told[own_elsewhere]} == {(400, "InvalidInput")}


def test_the_owner_of_a_network_sees_the_ports_of_others_on_it(
    admin: Client, alice: Client, bob: Client
) -> None:
    network = admin.make("network", project_id="a", shared=True)
    port = bob.make("port", network_id=network["id"])
    assert [seen["id"] for seen in alice.get("/ports")["ports"]] == [port["id"]]


def test_the_owner_of_a_network_deletes_the_ports_of_others_on_it_and_does_not_change_them(
    admin: Client, alice: Client, bob: Client
) -> None:
    network = admin.make("network", project_id="a", shared=True)
    port = bob.make("port", network_id=network["id"])
    changed = alice.change("port", port["id"], name="mine")
    deleted = alice.call("DELETE", f"/ports/{port['id']}")
    assert (changed.status, changed.error, deleted.status) == (403, "PolicyNotAuthorized", 204)


def test_an_external_network_is_seen_by_all_and_used_by_its_owner(admin: Client, bob: Client) -> None:
    network = admin.make("network", router__external=True)
    refused = bob.try_make("port", network_id=network["id"])
    admin.change("network", network["id"], shared=True)
    shared = bob.try_make("port", network_id=network["id"])
    of_own = admin.make("network", router__external=True, project_id="b")
    own = bob.try_make("port", network_id=of_own["id"])
    assert bob.get(f"/networks/{network['id']}")["network"]["router:external"]
    assert (refused.status, refused.error) == (403, "PolicyNotAuthorized")
    assert (shared.status, own.status) == (201, 201)


def test_attributes_of_administrators_are_hidden_from_others(alice: Client) -> None:
    network = alice.make("network")
    port = alice.make("port", network_id=network["id"])
    guarded = {name for name in (*network, *port) if name.startswith(("provider:", "binding:"))}
    assert guarded == {"binding:vnic_type"}


def test_hidden_attributes_cannot_be_guessed_by_filtering(alice: Client) -> None:
    alice.make("network")
    assert alice.get("/networks?provider:segmentation_id=1000") == {"networks": []}


@pytest.mark.parametrize(
    "attributes",
    [
        {"shared": True},
        {"router:external": True},
        {"provider:network_type": "vlan"},
        {"provider:network_type": "flat", "provider:physical_network": "default"},
    ],
)
def test_attributes_of_administrators_are_refused_from_others(
    alice: Client, attributes: dict[str, Any]
) -> None:
    reply = alice.try_make("network", **attributes)
    assert (reply.status, reply.error) == (403, "PolicyNotAuthorized")
    assert f"rule:create_network:{next(iter(attributes))}" in reply.message


def test_saying_the_default_of_a_guarded_attribute_is_allowed(alice: Client) -> None:
    assert alice.make("network", shared=False)["shared"] is False


def test_a_guarded_attribute_is_refused_in_a_change(alice: Client) -> None:
    network = alice.make("network")
    reply = alice.change("network", network["id"], shared=True)
    assert (reply.status, reply.error) == (403, "PolicyNotAuthorized")


def test_a_reader_reads_and_does_nothing_else(admin: Client, alice: Client) -> None:
    network = alice.make("network")
    reader = admin.as_user("a", "reader")
    assert reader.get(f"/networks/{network['id']}")["network"]["id"] == network["id"]
    replies = [
        reader.try_make("network"),
        reader.change("network", network["id"], name="x"),
        reader.call("DELETE", f"/networks/{network['id']}"),
    ]
    assert [reply.status for reply in replies] == [403, 403, 403]


def test_only_administrators_make_resources_for_other_projects(admin: Client, alice: Client) -> None:
    assert admin.make("network", tenant_id="b")["project_id"] == "b"
    assert (
        alice.try_make("network", project_id="b").status,
        alice.try_make("network", project_id="a").status,
    ) == (
        400,
        201,
    )


def test_the_two_names_of_a_project_must_agree(admin: Client) -> None:
    assert admin.try_make("network", project_id="a", tenant_id="b").status == 400


def test_a_port_on_a_shared_network_chooses_no_mac_address(admin: Client, bob: Client) -> None:
    network = admin.make("network", shared=True)
    reply = bob.try_make("port", network_id=network["id"], mac_address="fa:16:3e:00:00:01")
    assert (reply.status, reply.error) == (403, "PolicyNotAuthorized")


def test_a_port_of_the_network_itself_is_for_its_owner(admin: Client, bob: Client) -> None:
    network = admin.make("network", shared=True)
    refused = bob.try_make("port", network_id=network["id"], device_owner="network:dhcp")
    own = bob.make("network")
    allowed = bob.try_make("port", network_id=own["id"], device_owner="network:dhcp")
    assert (refused.status, allowed.status) == (403, 201)


def test_the_profile_of_a_binding_is_for_services_only(admin: Client) -> None:
    network = admin.make("network")
    service = admin.as_user("default", "admin", "service")
    made = service.try_make("port", network_id=network["id"], binding__profile={"a": 1})
    refused = admin.try_make("port", network_id=network["id"], binding__profile={"a": 1})
    assert (made.status, made.body["port"]["binding:profile"]) == (201, {"a": 1})
    assert refused.status == 403


def test_agents_are_for_administrators(alice: Client) -> None:
    assert alice.get("/agents") == {"agents": []}


def test_a_policy_file_replaces_rules_by_name(tmp_path: Path) -> None:
    policy_file = tmp_path / "policy.yaml"
    policy_file.write_text('"create_network:shared": "role:member"\n"delete_network": "!"\n')
    admin = client_of(tmp_path, f"authentication = headers\npolicy_file = {policy_file}")
    admin = admin.as_user("default", "admin")
    network = admin.as_user("a", "member").make("network", shared=True)
    assert network["shared"] is True
    assert admin.call("DELETE", f"/networks/{network['id']}").status == 403


@pytest.mark.parametrize("text", ["- a list", "{", "create_network: [not, a, rule"])
def test_a_broken_policy_file_is_a_configuration_error(tmp_path: Path, text: str) -> None:
    policy_file = tmp_path / "policy.yaml"
    policy_file.write_text(text)
    with pytest.raises(ConfigurationError, match=r"\[api\] policy_file"):
        client_of(tmp_path, f"policy_file = {policy_file}")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("get_network: 'role:admin and'", "get_network"),
        ("get_network: 'role:admin or member'", "get_network"),
        ("mine: 'member'\nget_network: 'not rule:mine'", "mine"),
        ("get_network:", "get_network"),
        ("get_network: [['role:admin']]", "get_network"),
        ("get_network: 'field:networks:shared=~('", "networks:shared=~("),
        ("get_network: 'role:100%'", "get_network"),
        ("get_network: '(user_id:%(project_id)d)'", "get_network"),
        ("get_network: 'not rule:nothing'", "nothing"),
        ("mine: 'rule:nothing'\nget_network: 'rule:mine'", "nothing"),
        ("get_network: 'rule:get_network'", "get_network"),
        ("mine: 'role:a or rule:yours'\nyours: 'not rule:mine'\nget_network: 'rule:mine'", "mine"),
        (f"get_network: '{'not ' * 3000}role:a'", "too deep"),
        ("[" * 5000, "too deep"),
    ],
)
def test_a_rule_that_cannot_be_understood_is_a_configuration_error_and_no_refusal(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, told: str
) -> None:
    policy_file = tmp_path / "policy.yaml"
    policy_file.write_text(text)
    with pytest.raises(ConfigurationError, match=r"\[api\] policy_file") as refused:
        client_of(tmp_path, f"policy_file = {policy_file}")
    assert told in str(refused.value) and caplog.text == ""


def test_rules_that_decide_nothing_here_may_refer_to_what_there_is_not(tmp_path: Path) -> None:
    policy_file = tmp_path / "policy.yaml"
    policy_file.write_text(
        "create_router: 'rule:of_routers'\nget_network: '! or (not !) and rule:shared'\n"
        "mine: '(role:reader and (project_id:%(project_id)s)) or field:networks:name=~^100%'\n"
    )
    client_of(tmp_path, f"policy_file = {policy_file}").make("network")


def test_every_rule_is_offered_to_the_tools_of_oslo_policy() -> None:
    inherited, written = default_rules(REGISTRY)
    assert {rule.name for rule in list_rules()} == {*inherited, *written}


def test_on_the_shared_network_of_others_no_address_is_chosen(admin: Client, bob: Client) -> None:
    network = admin.make("network", shared=True)
    subnet = admin.subnet(network["id"])
    chosen = [
        bob.try_make("port", network_id=network["id"], fixed_ips=[{"ip_address": address}])
        for address in ("10.10.10.1", "10.10.10.77")
    ]
    port = bob.make("port", network_id=network["id"], fixed_ips=[{"subnet_id": subnet["id"]}])
    changed = [
        bob.change("port", port["id"], fixed_ips=[wish])
        for wish in ({"ip_address": "10.10.10.1"}, {"subnet_id": subnet["id"], "ip_address": "10.10.10.9"})
    ]
    assert [(reply.status, reply.error) for reply in (*chosen, *changed)] == [
        (403, "PolicyNotAuthorized")
    ] * 4
    assert "rule:create_port:fixed_ips:ip_address" in chosen[0].message
    assert bob.get(f"/ports/{port['id']}")["port"]["fixed_ips"] == port["fixed_ips"]


def test_the_owner_of_a_network_chooses_addresses(alice: Client) -> None:
    network = alice.make("network")
    alice.subnet(network["id"])
    port = alice.make("port", network_id=network["id"], fixed_ips=[{"ip_address": "10.10.10.1"}])
    assert port["fixed_ips"][0]["ip_address"] == "10.10.10.1"


def test_the_owner_of_a_network_says_whom_its_subnets_are_for(alice: Client) -> None:
    network = alice.make("network")
    subnet = alice.subnet(network["id"], service_types=["compute:nova"])
    changed = alice.change("subnet", subnet["id"], service_types=[])
    assert (subnet["service_types"], changed.status) == (["compute:nova"], 200)


def test_every_action_and_every_attribute_has_a_rule() -> None:
    rules = {rule.name for rule in list_rules()}
    missing = [
        rule
        for collection in REGISTRY.collections.values()
        for action in ("create", "get", "update", "delete")
        for rule in rules_of(action, collection)
        if rule not in rules
    ]
    missing += [
        rule
        for derived in REGISTRY.read_only.values()
        for rule in (f"get_{derived.singular}", *rules_of("get", derived))
        if rule not in rules
    ]
    assert missing == []


def rules_of(action: str, collection: Any) -> list[str]:
    """Name the rules of an action and of the attributes that it is about."""
    action_rule = f"{action}_{collection.singular}"
    attributes = () if action == "delete" else collection.attributes
    return [action_rule, *(f"{action_rule}:{attribute.name}" for attribute in attributes)]


# What the API says of itself, and to whom it speaks.
PUBLIC = {"/", "/v2.0", "/v2.0/extensions", "/v2.0/extensions/{alias}", "/v2.0/availability_zones"} | {
    "/v2.0/quotas/tenant",
    "/v2.0/quotas/project",
}


def test_somebody_without_a_role_gets_nothing_by_any_route(admin: Client, alice: Client) -> None:
    network = alice.make("network")
    ids = {
        "networks": network["id"],
        "subnets": alice.subnet(network["id"])["id"],
        "ports": alice.make("port", network_id=network["id"])["id"],
        "quotas": "a",
    }
    nobody = admin.as_user("a", "nothing")
    answered = []
    for path, operations in document(REGISTRY)["paths"].items():
        plural = path.removeprefix("/v2.0/").partition("/")[0]
        address = path.removeprefix("/v2.0").replace("{id}", ids.get(plural, UUID))
        address = address.replace("{tag}", "red").replace("{project_id}", "a")
        singular = plural.removesuffix("s")
        body = {"tags": []} if path.endswith("tags") else {singular: {}}
        if plural in ("subnets", "ports"):
            body = {singular: {"network_id": network["id"], "cidr": "10.9.0.0/24", "ip_version": 4}}
        body = {"tags": []} if path.endswith("/tags") else body
        for method in operations.keys() - {"parameters"}:
            reply = nobody.call(method.upper(), address, None if method in ("get", "delete") else body)
            empty = reply.status == 200 and not any(reply.body.values())
            if reply.status < 400 and not empty:
                answered.append(path)
    assert set(answered) <= PUBLIC
    assert alice.get(f"/networks/{network['id']}")["network"]["revision_number"] == 2  # made, then its subnet


def test_what_nobody_wrote_a_rule_for_is_denied() -> None:
    policy = Policy(None)
    administrator = policy.permissions(Caller("u", "p", frozenset({"admin"})))
    assert administrator.may("get_network", Target("p"))
    assert not administrator.may("get_tape_drive", Target("p"))
    with pytest.raises(PolicyNotAuthorized):
        administrator.require("create_network", ["tape_drive"], Target("p"))


def test_a_policy_file_may_guard_an_attribute_that_has_no_rule_of_its_own(tmp_path: Path) -> None:
    policy_file = tmp_path / "policy.yaml"
    policy_file.write_text('"get_network:description": "role:admin"\n"create_network:name": "!"\n')
    api = client_of(tmp_path, f"authentication = headers\npolicy_file = {policy_file}")
    alice = api.as_user("a", "member")
    assert "description" not in alice.make("network", description="secret")
    assert alice.get("/networks?description=secret") == {"networks": []}
    assert alice.try_make("network", name="mine").status == 403


def test_the_order_of_what_is_hidden_cannot_be_asked_for(tmp_path: Path) -> None:
    policy_file = tmp_path / "policy.yaml"
    policy_file.write_text('"get_network:mtu": "role:admin"\n')
    api = client_of(tmp_path, f"authentication = headers\npolicy_file = {policy_file}")
    alice = api.as_user("a", "member")
    alice.make("network")
    assert alice.get("/networks?sort_key=mtu&sort_dir=asc") == {"networks": []}
    assert len(alice.get("/networks?sort_key=name&sort_dir=asc")["networks"]) == 1


@pytest.mark.parametrize(
    ("hidden", "path", "answer"),
    [
        ("tags", "networks/{id}/tags", 403),
        ("tags", "networks/{id}/tags/secret", 403),
        ("tags", "networks/{id}/tags/nope", 403),
        ("tags", "networks?tags=secret", []),
        ("tags", "networks?tags-any=secret", []),
        ("tags", "networks?not-tags=nope", []),
        ("tags", "networks?not-tags-any=nope", []),
        ("updated_at", "networks?changed_since=2020-01-01T00:00:00", []),
    ],
)
def test_what_a_policy_file_hides_is_learnt_by_no_other_name(
    tmp_path: Path, hidden: str, path: str, answer: Any
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(f'"get_network:{hidden}": "rule:admin_only"\n')
    client = client_of(tmp_path, f"authentication = headers\npolicy_file = {policy}")
    admin = client.as_user("default", "admin")
    network = admin.make("network", shared=True)
    assert admin.call("PUT", f"/networks/{network['id']}/tags", {"tags": ["secret"]}).status == 200

    def told(client: Client) -> Any:
        reply = client.call("GET", "/" + path.format(id=network["id"]))
        found = reply.body.get("networks") if reply.status == 200 else None
        return reply.status if found is None else [item["id"] for item in found]

    bob = client.as_user("b", "member")
    assert hidden not in bob.get(f"/networks/{network['id']}")["network"]
    assert told(bob) == answer
    assert told(admin) != answer


def test_the_dhcp_journal_of_a_port_is_for_those_who_see_the_port(alice: Client, bob: Client) -> None:
    port = alice.make("port", network_id=alice.make("network")["id"])
    assert bob.call("GET", f"/ports/{port['id']}/dhcp").status == 404
    assert alice.call("GET", f"/ports/{port['id']}/dhcp").status == 503  # there is no controller to ask


def test_a_policy_file_is_read_again_and_a_broken_one_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("{}")
    alice = client_of(tmp_path, f"authentication = headers\npolicy_file = {file}").as_user("a", "member")
    assert isinstance(alice.app, Api)
    for text, status in (("create_network: '!'", 403), ("[broken", 403), ("{}", 201)):
        file.write_text(text)
        alice.app.reload_policy()
        assert alice.try_make("network").status == status
    assert "the rules in force stay" in caplog.text
