"""Commands that ask the API: what they show of its answers, and with which exit status they end."""

import errno
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from osken_apps import cli
from osken_apps.cli.support_bundle import without_secrets
from tests.unit.a_zsh import offered as offered_by_zsh
from tests.unit.fake_api import FakeApi, fake_api

PORT_ID = "b85d4f1d-6000-4000-8000-1234567890ab"
OTHER_ID = "c85d4f1d-6000-4000-8000-1234567890ab"
PORT = {"id": PORT_ID, "name": "vm1", "mac_address": "52:54:00:00:00:01", "status": "DOWN"}


def agent(host: str, alive: bool = True, trouble: str = "") -> dict[str, Any]:
    """Give an agent as the API shows it."""
    configurations = {
        "bridges": ["br-eth2", "br-int"], "ovsdb": True, "devices": 2, "repairs": 0, "trouble": trouble,
        "conditions": [], "system_id": f"id of {host}", "tunneling_ip": "", "dhcp": {"offered": 1},
    }  # fmt: skip
    return {
        "id": f"agent-{host}",
        "host": host,
        "alive": alive,
        "heartbeat_timestamp": "2026-11-26 00:00:00",
        "configurations": configurations,
    }


def flow(state: str = "installed", **more: Any) -> dict[str, Any]:
    """Give a flow as the API shows it."""
    return {
        "bridge": "br-int", "table": 0, "priority": 1, "cookie": "0x1", "rule": "integration_normal",
        "meaning": "forward as a learning switch does", "port_id": "", "state": state, "packets": 5,
        "bytes": 500, "age": 60, "flow": "priority=1 actions=NORMAL",
    } | more  # fmt: skip


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    """Give an API that the environment names."""
    for name in ("OS_AUTH_URL", "OS_ENDPOINT", "OS_AUTH_TYPE", "OS_TOKEN", "OS_CACERT"):
        monkeypatch.delenv(name, raising=False)
    with fake_api({"GET /v2.0/agents": {"agents": [agent("host1")]}}) as served:
        monkeypatch.setenv("OSKEN_API", served.url)
        yield served


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run a command; give its exit status, its output and what it complained of."""
    capsys.readouterr()
    status = cli.main(words)
    shown = capsys.readouterr()
    return int(status), shown.out, shown.err


def rows(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """Give what a command tells a program."""
    return json.loads(run(capsys, *words, "-f", "json")[1])


# -- status


def overview(*needs: tuple[str, str], more: int = 0, may_see_hosts: bool = True) -> dict[str, Any]:
    """Give an overview with what needs attention."""
    attention = [
        {"code": "c", "state": state, "sentence": sentence, "remedy": "do it", "kind": "agent", "id": "x"}
        for state, sentence in needs
    ]
    counts = {
        "ports": {"total": 3, "ACTIVE": 2, "DOWN": 1},
        "networks": {"total": 1},
        "subnets": {"total": 0},
    }
    permissions = {"get_agent": may_see_hosts}
    return {"counts": counts, "attention": attention, "more": more, "permissions": permissions}


@pytest.mark.parametrize(
    ("needs", "status"),
    [
        ((), 0),
        ((("waiting", "Port vm1 waits for a host."),), 0),
        ((("degraded", "host1: eth2 is down."), ("waiting", "Port vm1 waits.")), 1),
        ((("broken", "host1 is not connected."),), 1),
    ],
)
def test_status_says_what_needs_attention(
    api: FakeApi, capsys: pytest.CaptureFixture[str], needs: tuple[tuple[str, str], ...], status: int
) -> None:
    api.answers["GET /v2.0/overview"] = overview(*needs, more=4)
    ended, out, err = run(capsys, "status")
    assert (ended, err) == (status, "")
    assert out.startswith("networks: 1\nports: 3 (2 ACTIVE, 1 DOWN)\n")
    assert all(sentence in out for _, sentence in needs)
    assert ("nothing needs attention" in out) is not bool(needs)
    assert out.endswith("and 4 more\n")
    assert [row["sentence"] for row in rows(capsys, "status")] == [sentence for _, sentence in needs]


@pytest.mark.parametrize("form", ["json", "csv", "value"])
def test_a_program_hears_of_what_is_not_told_beside_what_it_reads(
    api: FakeApi, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    api.answers["GET /v2.0/overview"] = overview(more=4)
    assert run(capsys, "status", "-f", form)[2] == "osken-net: 4 more are not told\n"
    api.answers["GET /v2.0/dhcp-transactions"] = {"dhcp_transactions": [], "more": True}
    _, _, err = run(capsys, "dhcp", "-f", form)
    assert err == "osken-net: older ones are not told: ask for less with --host, --outcome or PORT\n"


# -- hosts


def test_hosts_are_listed_with_their_troubles(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "hosts")[0] == 0
    api.answers["GET /v2.0/agents"] = {
        "agents": [agent("host1"), agent("host2", trouble="eth2 is down"), agent("host3", alive=False)]
    }
    status, out, _ = run(capsys, "hosts", "-f", "value", "-c", "host", "-c", "state", "-c", "trouble")
    assert (status, out) == (1, "host1 alive \nhost2 trouble eth2 is down\nhost3 away \n")
    assert rows(capsys, "hosts")[1]["system_id"] == "id of host2"


@pytest.mark.parametrize("command", ["hosts", "flows host9", "interfaces host9", "diff host9"])
def test_who_may_see_no_host_is_told_so_and_not_that_all_are_well(
    api: FakeApi, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    api.answers |= {"GET /v2.0/agents": {"agents": []}, "GET /v2.0/overview": overview(may_see_hosts=False)}
    told = f"osken-net: {api.url} tells who asks of no hosts (policy: get_agent)\n"
    assert run(capsys, *command.split()) == (3, "", told)


# -- flows


def test_every_line_of_flows_has_a_meaning(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    api.answers["GET /v2.0/agents/agent-host1/flows"] = {
        "flows": [flow(), flow(rule="", meaning="a flow that is not ours", state="foreign")],
        "silent": [],
        "more": 0,
    }
    _, out, _ = run(capsys, "flows", "host1")
    assert "forward as a learning switch does" in out
    assert "a flow that is not ours" in out
    assert [row["meaning"] != "" for row in rows(capsys, "flows", "host1")] == [True, True]


@pytest.mark.parametrize(
    ("states", "silent", "status", "complaint"),
    [
        (("installed",), [], 0, ""),
        (("installed", "missing"), [], 1, ""),
        (("foreign",), ["br-eth2"], 1, "osken-net: br-eth2 of host1 does not say what it has\n"),
        (("unknown",), ["br-int"], 3, "osken-net: br-int of host1 does not say what it has\n"),
    ],
)
def test_flows_end_by_what_was_found(
    api: FakeApi,
    capsys: pytest.CaptureFixture[str],
    states: tuple[str, ...],
    silent: list[str],
    status: int,
    complaint: str,
) -> None:
    told = {"flows": [flow(state) for state in states], "silent": silent, "more": 0}
    api.answers["GET /v2.0/agents/agent-host1/flows"] = told
    ended, _, err = run(capsys, "flows", "host1")
    assert (ended, err) == (status, complaint)


def test_flows_are_asked_for_by_bridge_rule_port_and_state(
    api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers["GET /v2.0/ports"] = {"ports": [PORT]}
    api.answers["GET /v2.0/agents/agent-host1/flows"] = {"flows": [], "silent": [], "more": 0}
    options = ["--bridge", "br-int", "--rule", "r", "--port", "vm1", "--state", "missing"]
    assert run(capsys, "flows", "host1", *options)[0] == 0
    assert api.asked[-1].path.endswith(f"/flows?bridge=br-int&rule=r&port_id={PORT_ID}&state=missing")


def test_a_host_that_nobody_knows_cannot_be_told_of(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    api.answers |= {"GET /v2.0/agents": {"agents": []}, "GET /v2.0/overview": overview()}
    for command in ("flows", "interfaces"):
        ended = run(capsys, command, "host9")
        assert ended == (
            3,
            "",
            "osken-net: the controller knows no host host9; `osken-net hosts` lists them\n",
        )


# -- interfaces


def interface(**more: Any) -> dict[str, Any]:
    """Give an interface as the API shows it."""
    return {
        "bridge": "br-int", "name": "tap1", "type": "", "ofport": 5, "tag": 1, "port_id": PORT_ID,
        "iface_id": PORT_ID, "attached_mac": "52:54:00:00:00:01", "admin_state": "up", "link_state": "up",
        "mtu": 1500, "error": "", "dropped_by_meter": 0,
    } | more  # fmt: skip


@pytest.mark.parametrize(
    ("shown", "has_ovsdb", "status"),
    [
        (interface(), True, 0),
        (interface(error="could not open network device tap1", ofport=None), True, 1),
        (interface(port_id=""), True, 1),
        (interface(iface_id="", port_id=""), True, 0),
        (interface(iface_id="", port_id=""), False, 3),
    ],
)
def test_interfaces_end_by_whether_one_is_broken(
    api: FakeApi, capsys: pytest.CaptureFixture[str], shown: dict[str, Any], has_ovsdb: bool, status: int
) -> None:
    told = {"interfaces": [shown], "has_ovsdb": has_ovsdb}
    api.answers["GET /v2.0/agents/agent-host1/interfaces"] = told
    ended, out, err = run(capsys, "interfaces", "host1")
    assert (ended, "tap1" in out, bool(err)) == (status, True, status == 3)


# -- ports are found by what people have


@pytest.mark.parametrize(
    ("text", "query"),
    [
        (PORT_ID, f"id={PORT_ID}"),
        ("vm1", "name=vm1"),
        ("52:54:00:00:00:01", "mac_address=52%3A54%3A00%3A00%3A00%3A01"),
        ("10.10.10.5", "fixed_ips=ip_address%3D10.10.10.5"),
    ],
)
def test_a_port_is_found_by_id_name_mac_and_address(
    api: FakeApi, capsys: pytest.CaptureFixture[str], text: str, query: str
) -> None:
    fields = "fields=id&fields=name&fields=mac_address&fields=status"
    api.answers["GET /v2.0/ports"] = {"ports": []}
    api.answers[f"GET /v2.0/ports?{fields}&{query}"] = {"ports": [PORT]}
    api.answers[f"GET /v2.0/ports/{PORT_ID}/dhcp"] = {
        "dhcp": {"transactions": [], "lease": None, "conflict": None, "known_since": "2026-11-26T00:00:00Z"}
    }
    assert run(capsys, "dhcp", text)[0] == 0


def test_a_name_that_several_ports_have_is_wrongly_asked(
    api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers["GET /v2.0/ports"] = {"ports": [PORT, PORT | {"id": OTHER_ID}]}
    status, _, err = run(capsys, "dhcp", "vm1")
    assert (status, err) == (2, f"osken-net: 2 ports are called vm1: {PORT_ID}, {OTHER_ID}\n")


def test_a_port_that_there_is_not_cannot_be_told_of(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    api.answers["GET /v2.0/ports"] = {"ports": []}
    status, _, err = run(capsys, "dhcp", "my vm")
    assert (status, err) == (3, "osken-net: no port has the id, name, MAC or IP address 'my vm'\n")


# -- dhcp

MESSAGE = {
    "time": "2026-11-26T00:00:00Z", "received": "DISCOVER", "sent": "OFFER", "outcome": "offered",
    "reason": "the client is offered the port's address", "ip_address": "10.10.10.5", "omitted_options": [],
    "shortened_options": [],
}  # fmt: skip


def test_the_dhcp_of_a_port_begins_with_its_lease(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    lease = {"ip_address": "10.10.10.5", "granted_at": "2026-11-26T00:00:01Z", "expires_at": None}
    told = {
        "transactions": [{"xid": "0x00000001", "messages": [MESSAGE]}],
        "lease": lease,
        "conflict": None,
        "known_since": "2026-11-25T00:00:00Z",
    }
    api.answers["GET /v2.0/ports"] = {"ports": [PORT]}
    api.answers[f"GET /v2.0/ports/{PORT_ID}/dhcp"] = {"dhcp": told}
    status, out, _ = run(capsys, "dhcp", "vm1")
    assert status == 0
    assert out.startswith("10.10.10.5 since 2026-11-26T00:00:01Z, until ever\n+")
    assert rows(capsys, "dhcp", "vm1") == [{"xid": "0x00000001"} | MESSAGE]
    told |= {"lease": None}
    assert run(capsys, "dhcp", "vm1")[1].startswith("no lease is known; what was before 2026-11-25T00:00:00Z")
    told |= {"conflict": "10.10.10.5"}
    assert run(capsys, "dhcp", "vm1")[1].startswith("10.10.10.5 is used by another machine")


def test_the_dhcp_of_all_ports_is_asked_for_by_time_host_and_outcome(
    api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    message = {"port_id": PORT_ID, "host": "host1", "xid": "0x1"} | MESSAGE
    api.answers["GET /v2.0/dhcp-transactions"] = {"dhcp_transactions": [message], "more": True}
    options = ["--since", "2026-11-26T00:00:00Z", "--host", "host1", "--outcome", "offered"]
    status, out, _ = run(capsys, "dhcp", *options)
    assert (status, PORT_ID in out, "older ones are not shown" in out) == (0, True, True)
    assert api.asked[-1].path.endswith("?since=2026-11-26T00%3A00%3A00Z&host=host1&outcome=offered")


@pytest.mark.parametrize("option", ["--since", "--host", "--outcome"])
def test_what_is_only_of_all_ports_is_not_passed_over_for_one(
    api: FakeApi, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    status, out, err = run(capsys, "dhcp", "vm1", option, "x")
    assert (status, out, api.asked) == (2, "", [])
    assert err == f"osken-net: {option} is of all ports, and PORT is one\n"


def test_what_the_api_cannot_understand_is_wrongly_asked(
    api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {"type": "HTTPBadRequest", "message": "since is no time", "detail": ""}
    api.answers["GET /v2.0/dhcp-transactions"] = (400, {"NeutronError": told}, {})
    status, _, err = run(capsys, "dhcp", "--since", "yesterday")
    assert status == 2 and err.endswith(": since is no time\n")


# -- why-not-active


def test_ports_that_wait_are_put_together_by_what_they_wait_for(
    api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    def port(id: str, name: str, waits_for: str = "", **more: Any) -> dict[str, Any]:
        details = {"waits_for": waits_for} if waits_for else {}
        return {
            "id": id,
            "name": name,
            "admin_state_up": True,
            "device_owner": "",
            "binding:vif_details": details,
        } | more

    waits = "an interface with external_ids:iface-id={}"
    api.answers["GET /v2.0/ports"] = {
        "ports": [
            port("3", "vm3", "host host2 to connect again"),
            port("1", "vm1", waits.format("1")),
            port("2", "", waits.format("2")),
            port("4", "off", admin_state_up=False),
            port("5", "dhcp", device_owner="network:dhcp"),
            port("6", "vm6"),
        ]
    }
    found = rows(capsys, "why-not-active")
    assert [(row["ports"], row["waits_for"], row["examples"]) for row in found] == [
        (2, waits.format("PORT"), ["vm1", "2"]),
        (1, "host host2 to connect again", ["vm3"]),
        (1, "nothing that is known", ["vm6"]),
    ]
    assert run(capsys, "why-not-active")[0] == 1
    assert "status=DOWN" in api.asked[-1].path
    api.answers["GET /v2.0/ports"] = {"ports": []}
    assert run(capsys, "why-not-active")[0] == 0


def test_who_is_not_told_what_ports_wait_for_is_told_that(
    api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = {"id": PORT_ID, "name": "vm1", "admin_state_up": True, "device_owner": ""}
    api.answers["GET /v2.0/ports"] = {"ports": [theirs]}
    status, out, err = run(capsys, "why-not-active")
    assert (status, out) == (3, "")
    assert "get_port:binding:vif_details" in err and "osken-net explain PORT" in err


# -- support-bundle


def bundled(file: Path) -> dict[str, str]:
    """Give what is in a file, by name."""
    with tarfile.open(fileobj=io.BytesIO(file.read_bytes())) as archive:
        return {
            entry.name.removeprefix("osken-net-support/"): archive.extractfile(entry).read().decode()  # type: ignore[union-attr]
            for entry in archive
        }


SECRETS = """[database]
connection = sqlite://user:hunter2@x
[nova]
password=hunter2
username = n
auth_url = https://n:hunter2@192.0.2.5:5000/v3
# password = hunter2
;admin_passwd: hunter2
application_credential_secret =
    hunter2
  hunter2
[keystone_authtoken]
memcache_secret_key = hunter2
service_token_roles = hunter2
www_authenticate_uri = http://user:hunter2@@192.0.2.5/
[metrics]
	token	=	hunter2
port = 9697
"""


def test_a_support_bundle_has_what_is_known_names_what_is_not_and_has_no_secret(
    api: FakeApi, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    conf = tmp_path / "osken-net.conf"
    conf.write_text(SECRETS)
    api.answers["GET /v2.0/overview"] = overview()
    api.answers["GET /v2.0/agents/agent-host1/interfaces"] = {"interfaces": [], "has_ovsdb": True}
    api.answers["GET /v2.0/ports"] = {"ports": [PORT]}
    file = tmp_path / "support.tar.gz"
    status, out, err = run(capsys, "support-bundle", str(file), "--config-file", str(conf))
    assert (status, out, err) == (0, "", "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = bundled(file)
    assert json.loads(found["ports.json"]) == [PORT]
    assert "hosts/0-host1/interfaces.json" in found
    missing = json.loads(found["about.json"])["missing"]
    assert "404" in missing["hosts/0-host1/flows.json"]
    assert "username = n" in found["osken-net.conf"]
    assert "auth_url = https://(removed)@192.0.2.5:5000/v3" in found["osken-net.conf"]
    assert [name for name, text in found.items() if "hunter2" in text] == []
    status, _, err = run(capsys, "support-bundle", str(file))
    assert (status, err) == (1, f"osken-net: {file}: File exists\n")


def test_a_support_bundle_says_why_the_service_is_not_ready(
    api: FakeApi, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    reasons = ["the database cannot be used", "the controller has been silent for 20 s"]
    api.answers["GET /readyz"] = (503, {"status": "not ready", "reasons": reasons}, {})
    assert run(capsys, "support-bundle", str(tmp_path / "made"))[0] == 0
    missing = json.loads(bundled(tmp_path / "made")["about.json"])["missing"]
    assert [reason for reason in reasons if reason not in missing["ready.json"]] == []


def test_a_support_bundle_names_hosts_that_were_asked_for_and_are_not_shown(
    api: FakeApi, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def missing(name: str, *options: str) -> dict[str, str]:
        assert run(capsys, "support-bundle", str(tmp_path / name), *options)[0] == 0
        found: dict[str, str] = json.loads(bundled(tmp_path / name)["about.json"])["missing"]
        return found

    api.answers |= {"GET /v2.0/agents?host=host9": {"agents": []}, "GET /v2.0/overview": overview()}
    asked_for = missing("one", "--host", "host1", "--host", "host9")
    unknown = "the controller knows no host host9; `osken-net hosts` lists them"
    assert asked_for["hosts/host9"] == unknown and "hosts/host1" not in asked_for
    api.answers |= {"GET /v2.0/agents": {"agents": []}, "GET /v2.0/overview": overview(may_see_hosts=False)}
    assert "of no hosts (policy: get_agent)" in missing("another")["agents.json"]


def test_a_support_bundle_that_does_not_fit_is_one_line_and_is_not_left(
    api: FakeApi, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tarfile.TarFile, "addfile", full)
    file = tmp_path / "support.tar.gz"
    status, _, err = run(capsys, "support-bundle", str(file))
    assert (status, err, file.exists()) == (1, f"osken-net: {file}: No space left on device\n", False)


def test_a_support_bundle_is_there_when_it_is_whole_and_replaces_nothing(
    api: FakeApi, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add(archive: tarfile.TarFile, entry: tarfile.TarInfo, content: io.BytesIO) -> None:
        assert not file.exists()
        added(archive, entry, content)

    added, file = tarfile.TarFile.addfile, tmp_path / "support.tar.gz"
    monkeypatch.setattr(tarfile.TarFile, "addfile", add)
    assert run(capsys, "support-bundle", str(file))[0] == 0
    whole = file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    status, _, err = run(capsys, "support-bundle", str(file))
    assert (status, err) == (1, f"osken-net: {file}: File exists\n")
    assert (file.read_bytes(), os.listdir(tmp_path)) == (whole, [file.name])


def test_without_an_api_no_support_bundle_is_left(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "support.tar.gz"
    status, _, _ = run(capsys, "support-bundle", str(file), "--api", "http://127.0.0.1:1")
    assert (status, file.exists()) == (3, False)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("password = a", "password = (removed)"),
        ("  admin_password=a b", "  admin_password=(removed)"),
        ("admin_pass = a", "admin_pass = (removed)"),
        ("passcode: a", "passcode: (removed)"),
        ("apikey = a", "apikey = (removed)"),
        ("api_key_value = a", "api_key_value = (removed)"),
        ("transport_url = rabbit://u:p/w@h/x", "transport_url = rabbit://(removed)@h/x"),
        ("private_key: /var/lib/key", "private_key: (removed)"),
        ("# the password is long", "# the password is long"),
        ("host = password", "host = password"),
        ("token_lifetime = 60", "token_lifetime = (removed)"),
        ("password =\n  a\n\n  b\nhost = x", "password =(removed)\nhost = x"),
    ],
)
def test_values_of_options_that_speak_of_secrets_are_taken_out(line: str, shown: str) -> None:
    assert without_secrets(f"[x]\n{line}\n") == f"[x]\n{shown}\n"


# -- completion


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_knows_every_command(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    status, out, _ = run(capsys, "completion", shell)
    assert status == 0
    assert [name for name in cli.SUBCOMMANDS if name not in out] == []
    assert "--no-header" in out


Words = tuple[str, ...]


def program(directory: Path) -> Path:
    """Make the command, in a directory of its own."""
    made = directory / "bin" / "osken-net"
    made.parent.mkdir()
    made.write_text(f'#!/bin/sh\nexec {sys.executable} -m osken_apps.cli "$@"\n')
    made.chmod(0o755)
    return made


def by_bash(script: str, directory: Path, lines: Iterable[Words]) -> list[list[str]]:
    """Give what a bash offers for the last word of each line."""
    (directory / "completion").write_text(script)
    made = program(directory)
    asked = f". {directory}/completion; function=$(complete -p osken-net | sed 's/.*-F \\([^ ]*\\).*/\\1/')\n"
    for words in lines:
        line = " ".join(f"'{word}'" for word in words)
        asked += f"COMP_WORDS=({made} {line}); COMP_CWORD={len(words)}; COMPREPLY=(); $function\n"
        asked += "printf '%s ' \"${COMPREPLY[@]}\"; echo\n"
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=False, cwd=directory)
    assert done.stderr == ""
    return [line.split() for line in done.stdout.splitlines()]


def by_zsh(script: str, directory: Path, lines: Iterable[Words]) -> list[list[str]]:
    """Give what a zsh offers for the last word of each line."""
    (directory / "_osken-net").write_text(script)
    path = f"{program(directory).parent}:{os.environ['PATH']}"
    typed = [" ".join(("osken-net", *words)) for words in lines]
    return offered_by_zsh(directory, typed, os.environ | {"PATH": path})


SHELLS: dict[str, Callable[[str, Path, Iterable[Words]], list[list[str]]]] = {"bash": by_bash, "zsh": by_zsh}
HITS = {
    "GET /v2.0/search?q=vm": {
        "hits": [
            {"kind": "port", "id": "1", "name": name} for name in ("vm1", "vm2", "a vm", "vm$(touch ran)")
        ]
    },
    "GET /v2.0/search?q=h": {"hits": [{"kind": "agent", "id": "2", "name": "host1"}]},
    "GET /v2.0/agents": {"agents": [{"host": "host2"}, {"host": "host1"}]},
    "GET /v2.0/ports": {"ports": [{"name": "vm3"}, {"name": ""}]},
}


OFFERS: dict[Words, list[str]] = {
    ("why",): ["why-not-active"],
    ("explain", "--pro"): ["--probe"],
    ("explain", "vm"): ["vm1", "vm2"],
    ("explain", "vm1", "vm"): ["vm1", "vm2"],
    ("flows", "h"): ["host1"],
    ("flows", ""): ["host1", "host2"],
    ("dhcp", "--host", "h"): ["host1"],
    ("explain", ""): ["vm3"],
}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_commands_options_and_names_of_ports_and_hosts(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not here")  # `make test` brings it, `make unit` does not
    script = run(capsys, "completion", shell)[1]
    with fake_api(HITS) as api:
        monkeypatch.setenv("OSKEN_API", api.url)
        assert dict(zip(OFFERS, SHELLS[shell](script, tmp_path, OFFERS), strict=True)) == OFFERS
    assert not (tmp_path / "ran").exists()


def test_an_api_that_does_not_answer_completes_nothing_and_says_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OSKEN_API", "http://127.0.0.1:9")
    script = run(capsys, "completion", "bash")[1]
    assert by_bash(script, tmp_path, [("explain", "vm")]) == [[]]


@pytest.mark.parametrize(
    ("through", "told"),
    [
        ("sh -c 'echo no such host >&2; exit 2'", "no such host"),
        ("sh -c 'exit 2'", "exit status 2"),
        ("sh -c 'exit 255'", "exit status 255"),
        ("echo", "exit status 0"),
    ],
)
def test_a_way_to_the_host_that_fails_is_no_host_without_differences(
    api: FakeApi, capsys: pytest.CaptureFixture[str], through: str, told: str
) -> None:
    api.answers["GET /v2.0/agents/agent-host1/flows"] = {"flows": [flow()], "silent": [], "more": 0}
    status, out, err = run(capsys, "diff", "host1", "--through", through)
    assert (status, out, err) == (3, "", f"osken-net: {through} ovs-ofctl: {told}\n")


def test_a_bridge_that_does_not_speak_what_is_compared_by_is_named(
    api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    api.answers["GET /v2.0/agents/agent-host1/flows"] = {"flows": [flow()], "silent": [], "more": 0}
    said = "version negotiation failed (we support version 0x01, peer supports versions 0x04, 0x05)"
    status, out, err = run(capsys, "diff", "host1", "--through", f"sh -c \"echo '{said}' >&2; exit 1\"")
    assert (status, out) == (3, "")
    assert err == (
        "osken-net: bridge br-int does not speak OpenFlow10, by which ovs-ofctl compares flows: see"
        " `osken-net flows host1`, or: ovs-vsctl add bridge br-int protocols OpenFlow10\n"
    )


def test_what_shells_ask_is_not_shown_to_people(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    assert "_complete" not in capsys.readouterr().out


def test_none_of_them_needs_what_the_controller_runs_on() -> None:
    code = (
        "import sys; from osken_apps import cli\n"
        "try: cli.main(['flows', '--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'eventlet', 'os_ken', 'sqlalchemy', 'waitress'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
