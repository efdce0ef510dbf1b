"""What a real Neutron has told (29.0.0, with ML2 and Open vSwitch) is here afterwards, under the same ids.

`data/neutron.json` is its answer: networks of VLANs, of VXLAN and a flat one, ports as Nova, dnsmasq and
routers have them, security groups that name each other.
"""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from osken_apps import cli
from osken_apps.cli import check, neutron
from osken_apps.networking.security_groups import default_group_id
from osken_apps.neutron.document import LEFT
from tests.unit.fake_api import fake_api
from tests.unit.rest_client import Client, client_of, config_of

RECORDED = Path(__file__).with_name("data") / "neutron.json"
TAKEN = ("address_groups", "security_groups", "security_group_rules", "networks", "subnets", "ports")
#: What is another here: what follows from hosts, and what only one of the two has.
DIFFERENT = {"binding:vif_details", "binding:vif_type", "status", "availability_zones", "segments"}

Document = dict[str, list[dict[str, Any]]]


@pytest.fixture
def document() -> Document:
    """Give what Neutron has told."""
    told: Document = json.loads(RECORDED.read_text())
    return told


@pytest.fixture
def take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Document], int]:
    """Give what imports a document into a database below `tmp_path`; it gives the exit status."""
    conf = tmp_path / "osken-net.conf"
    conf.write_text(
        f"[DEFAULT]\nstate_dir = {tmp_path}\n[openflow]\ninsecure = true\n[ovsdb]\ninsecure = true\n"
    )
    monkeypatch.setattr(neutron, "may_run", lambda _config: False)

    def take(document: Document) -> int:
        file = tmp_path / "neutron.json"
        file.write_text(json.dumps(document))
        return cli.main(["neutron", "import", str(file), "--config-file", str(conf)])

    return take


def listed(client: Client, plural: str) -> dict[str, dict[str, Any]]:
    """Give the resources of a kind by their ids."""
    return {item["id"]: item for item in client.get(f"/{plural.replace('_', '-')}")[plural]}


def of_ours(document: Document, id: str) -> str:
    """Give the id that something of Neutron's has here: only default groups have another one."""
    groups = {group["id"]: group for group in document["security_groups"] if group["name"] == "default"}
    return default_group_id(groups[id]["project_id"]) if id in groups else id


def expected(document: Document, item: dict[str, Any]) -> dict[str, Any]:
    """Give a resource of Neutron's as it is to be here."""
    groups = ("id", "security_group_id", "remote_group_id")
    told = {name: of_ours(document, value) if name in groups else value for name, value in item.items()}
    if "security_groups" in item:
        told["security_groups"] = [of_ours(document, id) for id in item["security_groups"]]
    return told


def same(mine: Any, theirs: Any) -> bool:
    """Tell whether two values are the same; what is told in a list has no order."""
    if isinstance(mine, list) and isinstance(theirs, list):
        return sorted(map(repr, map(_sorted, mine))) == sorted(map(repr, map(_sorted, theirs)))
    return bool((mine or None) == (theirs or None))


def _sorted(value: Any) -> Any:
    return sorted(value.items()) if isinstance(value, dict) else value


@pytest.mark.parametrize("plural", TAKEN)
def test_all_that_neutron_has_is_here_as_it_was(
    plural: str, document: Document, take: Callable[[Document], int], tmp_path: Path
) -> None:
    assert take(document) == 0
    here = listed(client_of(tmp_path), plural)
    differences = []
    for item in (expected(document, item) for item in document[plural]):
        if item.get("device_owner") == "network:dhcp":
            continue
        mine = here[item["id"]]
        differences += [
            (item["id"], name, mine[name], value)
            for name, value in item.items()
            if name in mine and name not in DIFFERENT and not same(mine[name], value)
        ]
    assert differences == []


def test_a_default_group_is_as_it_was_changed_in_neutron(
    document: Document, take: Callable[[Document], int], tmp_path: Path
) -> None:
    group = next(item for item in document["security_groups"] if item["name"] == "default")
    document["ports"] = [port for port in document["ports"] if group["id"] not in port["security_groups"]]
    changed = {"description": "closed", "stateful": False, "tags": ["red"]}
    group |= changed
    assert take(document) == 0
    here = listed(client_of(tmp_path), "security_groups")[of_ours(document, group["id"])]
    assert {name: here[name] for name in changed} == changed


def test_nothing_is_here_that_neutron_has_not(
    document: Document, take: Callable[[Document], int], tmp_path: Path
) -> None:
    assert take(document) == 0
    client = client_of(tmp_path)
    projects = {item["project_id"] for item in document["security_groups"]}  # besides that of who lists them
    for plural in TAKEN:
        here = {id for id, item in listed(client, plural).items() if item["project_id"] in projects}
        assert here == {of_ours(document, item["id"]) for item in document[plural]}, plural


def test_the_dhcp_server_has_the_address_of_neutrons_and_further_ones_keep_theirs(
    document: Document, take: Callable[[Document], int], tmp_path: Path
) -> None:
    assert take(document) == 0
    here = listed(client_of(tmp_path), "ports")
    servers = [here[port["id"]] for port in document["ports"] if port["device_owner"] == "network:dhcp"]
    assert [(port["device_owner"], port["device_id"]) for port in servers] == [
        ("network:dhcp", "osken-net-dhcp"),
        ("neutron:dhcp", servers[1]["device_id"]),
    ]
    theirs = [port["fixed_ips"] for port in document["ports"] if port["device_owner"] == "network:dhcp"]
    assert [sorted(map(repr, port["fixed_ips"])) for port in servers] == [
        sorted(map(repr, fixed_ips)) for fixed_ips in theirs
    ]


def test_a_subnet_that_gives_out_no_addresses_gives_out_none_here(
    document: Document, take: Callable[[Document], int], tmp_path: Path
) -> None:
    for subnet in document["subnets"]:
        subnet["allocation_pools"] = []
    assert take(document) == 0
    client = client_of(tmp_path)
    here = listed(client, "subnets")
    assert {id: subnet["allocation_pools"] for id, subnet in here.items()} == {
        subnet["id"]: [] for subnet in document["subnets"]
    }
    ports = listed(client, "ports")
    for port in document["ports"]:
        assert same(ports[port["id"]]["fixed_ips"], port["fixed_ips"])


def test_all_is_imported_or_nothing(
    document: Document, take: Callable[[Document], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flat = next(item for item in document["networks"] if item["provider:network_type"] == "flat")
    flat["provider:physical_network"] = "elsewhere"
    assert take(document) == 1
    told = capsys.readouterr().err
    assert f"network {flat['name']} ({flat['id']}): " in told and "elsewhere" in told
    assert "nothing was imported" in told
    client = client_of(tmp_path)
    assert listed(client, "networks") == {} == listed(client, "ports")


def test_what_stands_against_it_cannot_speak_to_the_terminal(
    document: Document, take: Callable[[Document], int], capsys: pytest.CaptureFixture[str]
) -> None:
    document["networks"][0] |= {"name": "net\x1b[2J", "segments": [{}, {}]}
    assert take(document) == 1
    told = capsys.readouterr().err
    assert "net\\x1b[2J" in told and "\x1b" not in told


def test_a_network_of_several_segments_is_refused(
    document: Document, take: Callable[[Document], int], capsys: pytest.CaptureFixture[str]
) -> None:
    document["networks"][0]["segments"] = [{}, {}]
    assert take(document) == 1
    assert "it has several segments" in capsys.readouterr().err


def test_a_database_that_is_in_use_is_refused(
    document: Document, take: Callable[[Document], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert [take(document), take(document)] == [0, 1]
    assert "the database has networks" in capsys.readouterr().err


def test_a_controller_that_runs_is_refused(
    document: Document,
    take: Callable[[Document], int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(neutron, "may_run", lambda _config: True)
    assert take(document) == 1
    assert "stop it first" in capsys.readouterr().err


def test_what_listens_for_the_api_and_says_nothing_may_be_a_controller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "TIMEOUT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert neutron.may_run(config_of(tmp_path, f"port = {port}"))
    assert not neutron.may_run(config_of(tmp_path, f"port = {port}"))
    with fake_api({"GET /healthz": {"status": "ok"}}) as served:
        assert neutron.may_run(config_of(tmp_path, f"port = {served.url.rpartition(':')[2]}"))
    with fake_api({"GET /healthz": {"versions": []}}) as others:
        assert not neutron.may_run(config_of(tmp_path, f"port = {others.url.rpartition(':')[2]}"))


def test_what_has_no_counterpart_is_told(
    document: Document, take: Callable[[Document], int], capsys: pytest.CaptureFixture[str]
) -> None:
    document["routers"] = [{"id": "r1"}, {"id": "r2"}]
    document["ports"][0]["qos_policy_id"] = "q1"
    document["rbac_policies"].append({"object_type": "network", "target_tenant": "one"})
    assert take(document) == 0
    left_out = [line for line in capsys.readouterr().out.splitlines() if line.startswith("left out")]
    assert left_out == [
        "left out: 1 qos_policy_id of ports",
        "left out: 1 rbac_policies",
        "left out: 2 routers",
    ]


def test_networks_between_routers_are_left_out_with_their_ports(
    document: Document, take: Callable[[Document], int], tmp_path: Path
) -> None:
    network = next(item for item in document["networks"] if item["name"] == "vx")
    network["name"], network["project_id"] = "HA network tenant x", ""
    left = [port["id"] for port in document["ports"] if port["network_id"] == network["id"]]
    assert left and take(document) == 0
    client = client_of(tmp_path)
    assert network["id"] not in listed(client, "networks")
    assert not set(left) & set(listed(client, "ports"))


def left_out(told: str) -> list[str]:
    """Give what was said to be left out."""
    return [line.partition(": ")[2] for line in told.splitlines() if line.startswith("left out")]


def test_hints_at_zones_that_are_not_here_are_left_out(
    document: Document, take: Callable[[Document], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for network, hints in zip(document["networks"], (["az1"], ["az1", "nova"], ["nova"]), strict=False):
        network["availability_zone_hints"] = hints
    assert take(document) == 0
    assert "2 availability_zone_hints of networks" in left_out(capsys.readouterr().out)
    here = listed(client_of(tmp_path), "networks")
    hints = [here[network["id"]]["availability_zone_hints"] for network in document["networks"]]
    assert hints == [[], ["nova"], ["nova"], []]


def test_groups_of_no_project_are_left_out_with_their_rules(
    document: Document, take: Callable[[Document], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    group = next(item for item in document["security_groups"] if item["name"] == "default")
    rules = [rule for rule in document["security_group_rules"] if rule["security_group_id"] == group["id"]]
    nobodys = [group | {"id": str(uuid4()), "project_id": "", "name": name} for name in ("default", "lost")]
    added = [
        rule | {"id": str(uuid4()), "project_id": "", "security_group_id": item["id"]}
        for item in nobodys
        for rule in rules
    ]
    of_web = {"id": str(uuid4()), "remote_group_id": nobodys[0]["id"], "remote_ip_prefix": None}
    added.append(rules[0] | of_web)  # which would let in nobody
    document["security_groups"] += nobodys
    document["security_group_rules"] += added
    port = next(item for item in document["ports"] if item["security_groups"])
    kept = port["security_groups"]
    port["security_groups"] = [*kept, nobodys[1]["id"]]
    assert take(document) == 0
    told = left_out(capsys.readouterr().out)
    assert {
        "2 security_groups without a project",
        f"{len(added)} security_group_rules of groups without a project",
        "1 security_groups of ports",
    } <= set(told)
    client = client_of(tmp_path)
    assert not {item["id"] for item in nobodys} & set(listed(client, "security_groups"))
    assert not {item["id"] for item in added} & set(listed(client, "security_group_rules"))
    assert listed(client, "ports")[port["id"]]["security_groups"] == [of_ours(document, id) for id in kept]


def test_a_network_of_no_project_keeps_its_id(
    document: Document, take: Callable[[Document], int], tmp_path: Path
) -> None:
    network = next(item for item in document["networks"] if item["name"] == "net1")
    network["project_id"] = ""
    assert take(document) == 0
    assert network["id"] in listed(client_of(tmp_path), "networks")


def test_of_what_cannot_be_here_only_the_cause_is_told_by_its_id_in_neutron(
    document: Document, take: Callable[[Document], int], capsys: pytest.CaptureFixture[str]
) -> None:
    network = next(item for item in document["networks"] if item["name"] == "net1")
    network["provider:physical_network"] = "elsewhere"
    group = next(item for item in document["security_groups"] if item["name"] == "default")
    group["tags"] = ["x" * 300]
    assert take(document) == 1
    told = [line.partition(": ")[0] for line in capsys.readouterr().err.splitlines()]
    assert told == [
        f"security_group default ({group['id']})",
        f"network net1 ({network['id']})",
        "osken-net",
    ]


def test_what_is_exported_is_what_is_imported(
    document: Document, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {
        f"GET /v2.0/{plural.replace('_', '-')}": {plural: items}
        for plural, items in document.items()
        if plural not in ("trunks", "routers")  # of whose extensions it has none
    }
    for name in ("OS_AUTH_URL", "OS_ENDPOINT", "OS_AUTH_TYPE", "OS_TOKEN", "OS_CACERT"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "neutron.json"
    with fake_api(answers) as served:
        assert cli.main(["neutron", "export", str(file), "--api", served.url]) == 0
    assert json.loads(file.read_text()) == document
    assert file.stat().st_mode & 0o777 == 0o600


def test_an_export_does_not_overwrite_another_unless_it_is_told_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (file := tmp_path / "neutron.json").write_text("precious")
    none = {f"GET /v2.0/{plural.replace('_', '-')}": {plural: []} for plural in (*TAKEN, *LEFT)}
    with fake_api(none) as served:
        assert cli.main(["neutron", "export", str(file), "--api", served.url]) == 1
        told = capsys.readouterr().err
        assert (told, file.read_text()) == (f"osken-net: {file} exists; --force overwrites it\n", "precious")
        assert served.asked == []
        assert cli.main(["neutron", "export", str(file), "--api", served.url, "--force"]) == 0
    assert json.loads(file.read_text()) == {plural: [] for plural in (*TAKEN, *LEFT)}


@pytest.mark.parametrize(
    ("plural", "names"),
    [("networks", ("provider:network_type", "segments")), ("ports", ("binding:host_id",))],
)
def test_what_neutron_shows_to_no_administrator_is_not_exported(
    document: Document,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    plural: str,
    names: tuple[str, ...],
) -> None:
    less = [{name: value for name, value in item.items() if name not in names} for item in document[plural]]
    shown = {**document, plural: less}
    file = tmp_path / "neutron.json"
    with fake_api({f"GET /v2.0/{name.replace('_', '-')}": {name: shown[name]} for name in shown}) as served:
        assert cli.main(["neutron", "export", str(file), "--api", served.url]) == 1
    assert capsys.readouterr().err == (
        f"osken-net: {plural} are shown without {names[0]}, as to who is no administrator: not all would be"
        " exported\n"
    )
    assert not file.exists()


def test_a_file_that_is_too_deep_is_said_in_one_line(
    take: Callable[[Any], int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(json, "dumps", lambda _: "[" * 100_000)
    assert take({}) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"osken-net: {tmp_path}/neutron.json: ")


@pytest.mark.parametrize("document", [[], {"networks": [{}]}, {"networks": 5}])
def test_what_is_no_export_is_said_in_one_line(
    take: Callable[[Any], int], document: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert take(document) == 1
    assert "is no file of `neutron export`" in capsys.readouterr().err
