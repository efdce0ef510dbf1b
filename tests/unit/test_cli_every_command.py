"""What holds for every command: the statuses that it ends with, and the forms in which it lists things."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from osken_apps import cli
from osken_apps.cli import dhcp as cli_dhcp
from osken_apps.cli import flows as cli_flows
from osken_apps.cli import host_check
from osken_apps.cli import interfaces as cli_interfaces
from osken_apps.cli import status as cli_status
from osken_apps.rest.agent_members import FLOWS, INTERFACES
from osken_apps.rest.reports.dhcp_transactions import DHCP_TRANSACTIONS
from osken_apps.rest.reports.overview import OVERVIEW
from tests.unit.fake_api import FakeApi, fake_api
from tests.unit.rest_client import config_of, store_of
from tests.unit.test_cli_commands import MESSAGE, PORT, PORT_ID, agent, flow, interface, overview
from tests.unit.test_cli_explain import PATH, told
from tests.unit.test_cli_output import terminal_of
from tests.unit.test_conditions import HOST

Answers = Mapping[str, Any]
NOBODY = "http://127.0.0.1:1"
HOST1 = "agents/agent-host1"
WAITING = PORT | {
    "admin_state_up": True,
    "device_owner": "",
    "binding:vif_details": {"waits_for": f"an interface with external_ids:iface-id={PORT_ID}, and a host"},
}
LEASE = {"lease": None, "conflict": None, "known_since": "2026-11-26T00:00:00Z"}
OF_ALL = {"port_id": PORT_ID, "host": "host1", "xid": "0x1"} | MESSAGE


def flows(state: str, **more: Any) -> Answers:
    listed = [flow(state, port_id=PORT_ID), flow(state, priority=9)]
    return {f"GET /v2.0/{HOST1}/flows": {"flows": listed, "silent": [], "more": 0} | more}


def interfaces(**more: Any) -> Answers:
    return {f"GET /v2.0/{HOST1}/interfaces": {"interfaces": [interface(**more)], "has_ovsdb": True}}


NO_OVSDB: Answers = {
    "GET /v2.0/agents/agent-host1/interfaces": {
        "interfaces": [interface(iface_id="", port_id="")],
        "has_ovsdb": False,
    }
}
BROKEN = ("broken", "host1 is not connected.")
WELL: Answers = {
    "GET /v2.0/overview": overview(),
    "GET /v2.0/agents": {"agents": [agent("host1")]},
    "GET /v2.0/ports": {"ports": []},
    "GET /v2.0/dhcp-transactions": {"dhcp_transactions": [OF_ALL], "more": False},
    "POST /v2.0/explain": told("ok", PATH),
    **flows("installed"),
    **interfaces(),
}
ILL: Answers = {
    "GET /v2.0/overview": overview(BROKEN, ("waiting", "Port vm1 waits.")),
    "GET /v2.0/agents": {"agents": [agent("host1", trouble="eth2 is down"), agent("host2", alive=False)]},
    "GET /v2.0/ports": {"ports": [WAITING]},
    f"GET /v2.0/ports/{PORT_ID}/dhcp": {
        "dhcp": LEASE | {"transactions": [{"xid": "0x1", "messages": [MESSAGE | {"sent": "NAK"}]}]}
    },
    "GET /v2.0/dhcp-transactions": {"dhcp_transactions": [OF_ALL | {"sent": "NAK"}], "more": False},
    "POST /v2.0/explain": told("broken", PATH),
    **flows("missing"),
    **interfaces(error="no such device", link_state="down"),
}


class Place:
    """Where commands are run: an API that answers so, a configuration with a database, an empty directory."""

    def __init__(self, directory: Path, conf: Path, api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
        self.directory = directory
        self.conf = conf
        self.api = api
        self._capsys = capsys

    def run(self, *words: str) -> tuple[int, str]:
        """Run a command, with CONF, DIR and so on in their places; give its status and what it prints."""
        self._capsys.readouterr()
        named = {"CONF": str(self.conf), "DIR": str(self.directory), "NOBODY": NOBODY}
        given = [named.get(word, word).replace("DIR/", f"{self.directory}/") for word in words]
        return int(cli.main(given)), self._capsys.readouterr().out


@pytest.fixture(scope="module")
def conf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a configuration whose database has a user, a project and a credential."""
    directory = tmp_path_factory.mktemp("state")
    store_of(config_of(directory, "authentication = local")).close()
    for words in (
        ("project", "create", "demo"),
        ("user", "create", "alice", "--project", "demo", "--openrc", str(directory / "alice")),
        ("credential", "create", "robot", "--user", "alice", "--openrc", str(directory / "robot")),
    ):
        assert cli.main([*words, "--config-file", str(directory / "osken-net.conf")]) == 0
    return directory / "osken-net.conf"


@pytest.fixture
def place(
    conf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Place]:
    for name in ("OS_AUTH_URL", "OS_ENDPOINT", "OS_AUTH_TYPE", "OS_TOKEN", "OS_CACERT"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "made").touch()
    with fake_api(dict(WELL)) as api:
        monkeypatch.setenv("OSKEN_API", api.url)
        yield Place(tmp_path, conf, api, capsys)


# -- how they end

OWN = ("--config-file", "CONF")
NO_CONF = ("--config-file", "/nowhere")
UNKNOWN = ("--nonsense",)
SAYS = ("--through", "sh -c 'echo -a-flow; exit 2'")
#: By command and status: what is typed, and what the API answers.
ENDS: dict[str, dict[int, tuple[tuple[str, ...], Answers]]] = {
    "run": {2: (NO_CONF, WELL)},  # what it ends with otherwise is of a process of its own: tests/e2e
    "check": {2: (NO_CONF, WELL), 0: (OWN, WELL)},
    "user": {0: (("list", *OWN), WELL), 1: (("delete", "nobody", *OWN), WELL), 2: (UNKNOWN, WELL)},
    "project": {0: (("list", *OWN), WELL), 1: (("delete", "none", *OWN), WELL), 2: (UNKNOWN, WELL)},
    "role": {
        0: (("list", *OWN), WELL),
        1: (("remove", "member", "--user", "nobody", "--project", "demo", *OWN), WELL),
        2: (UNKNOWN, WELL),
    },
    "credential": {0: (("list", *OWN), WELL), 1: (("delete", "none", "--user", "alice", *OWN), WELL),
                   2: (UNKNOWN, WELL)},
    "backup": {0: (("DIR/new", *OWN), WELL), 1: (("DIR/made", *OWN), WELL), 2: (("DIR/new", *NO_CONF), WELL)},
    "neutron": {1: (("import", "DIR/none", *OWN), WELL), 2: (UNKNOWN, WELL)},
    "host-setup": {0: (("--controller", "192.0.2.1"), WELL), 2: ((), WELL)},
    "host-check": {0: ((), WELL), 1: (("--controller", "192.0.2.7"), WELL), 2: (UNKNOWN, WELL),
                   3: (("--api", NOBODY), WELL)},
    "pki": {0: (("--directory", "DIR/pki", "init"), WELL), 1: (("--directory", "DIR", "host", "h"), WELL),
            2: (UNKNOWN, WELL)},
    "status": {0: ((), WELL), 1: ((), ILL), 2: (("-c", "nonsense"), ILL), 3: (("--api", NOBODY), WELL)},
    "hosts": {0: ((), WELL), 1: ((), ILL), 2: (("-c", "nonsense"), WELL), 3: (("--api", NOBODY), WELL)},
    "flows": {0: (("host1",), WELL), 1: (("host1",), ILL), 2: (("host1", "--sort", "nonsense"), WELL),
              3: (("host1",), flows("unknown", silent=["br-int"]))},
    "interfaces": {0: (("host1",), WELL), 1: (("host1",), ILL), 2: ((), WELL), 3: (("host1",), NO_OVSDB)},
    "dhcp": {0: ((), WELL), 2: (("-f", "nonsense"), WELL), 3: (("no-port",), WELL)},
    "why-not-active": {0: ((), WELL), 1: ((), ILL), 2: (("-c", "nonsense"), ILL),
                       3: (("--api", NOBODY), WELL)},
    "support-bundle": {0: (("DIR/new",), WELL), 1: (("DIR/made",), WELL), 2: ((), WELL),
                       3: (("DIR/new", "--api", NOBODY), WELL)},
    "diff": {0: (("host1", "--through", "true"), WELL), 1: (("host1", *SAYS), WELL), 2: ((), WELL),
             3: (("host9",), WELL)},
    "explain": {0: (("vm1",), WELL), 1: (("vm1",), ILL), 2: (("vm1", "--tcp", "x"), WELL),
                3: (("vm1",), {"POST /v2.0/explain": told("unknown")})},
    "trace": {0: (("host1", "tap1", "arp"), WELL), 1: (("host1", "tap1"), ILL), 2: (("host1",), WELL),
              3: (("host1", "tap1"), {"POST /v2.0/explain": told("unknown")})},
    "lab": {1: (("show", "--name", "nobodys"), WELL), 2: (UNKNOWN, WELL)},  # 0: tests/e2e
    "completion": {0: (("zsh",), WELL), 2: (("fish",), WELL)},
}  # fmt: skip
EVERY_END = [(command, status) for command, ends in ENDS.items() for status in ends]


@pytest.mark.parametrize(("command", "status"), EVERY_END)
def test_a_command_ends_with_the_status_that_says_what_was_found(
    place: Place, monkeypatch: pytest.MonkeyPatch, command: str, status: int
) -> None:
    words, answers = ENDS[command][status]
    place.api.answers |= answers
    monkeypatch.setattr(host_check, "_facts", lambda *_: HOST)
    monkeypatch.setattr(host_check, "CONNECTION_SHOWN_WITHIN_S", 0.0)
    assert place.run(command, *words)[0] == status


def test_every_command_is_among_them_and_those_that_ask_the_api_can_fail_to_tell() -> None:
    assert ENDS.keys() == cli.SUBCOMMANDS.keys()
    asking = {"status", "hosts", "flows", "interfaces", "why-not-active", "support-bundle", "diff", "explain"}
    assert {command for command, ends in ENDS.items() if ends.keys() >= {0, 1, 2, 3}} >= asking | {"trace"}


# -- how they list

#: What lists something, with a column that has an id or is a number, and whether a colour says what is wrong.
LISTS: dict[tuple[str, ...], tuple[str, bool]] = {
    ("status",): ("sentence", True),
    ("hosts",): ("id", True),
    ("flows", "host1"): ("port_id", True),
    ("interfaces", "host1"): ("iface_id", True),
    ("dhcp",): ("port_id", True),
    ("dhcp", "vm1"): ("xid", True),
    ("why-not-active",): ("waits_for", True),
    ("trace", "host1", "tap1"): ("rule", False),
    ("user", "list", *OWN): ("id", False),
    ("project", "list", *OWN): ("id", False),
    ("role", "list", *OWN): ("project", False),
    ("credential", "list", *OWN): ("id", False),
}


@pytest.fixture
def lists(place: Place) -> Callable[..., str]:
    """Give what runs a command that lists something, where there is something to list."""
    place.api.answers |= ILL
    return lambda *words: place.run(*words)[1]


@pytest.mark.parametrize("command", LISTS, ids=" ".join)
def test_a_list_has_all_forms_and_whole_values_in_a_pipe(
    lists: Callable[..., str], command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    column, _ = LISTS[command]
    document = json.loads(lists(*command, "-f", "json"))
    rows = document["path"]["hops"] if command[0] == "trace" else document
    assert rows
    values = [line[0] for line in csv.reader(io.StringIO(lists(*command, "-f", "csv", "-c", column)))]
    assert (values[0], len(values)) == (column, len(rows) + 1)
    assert lists(*command, "-f", "value", "-c", column).splitlines() == values[1:]
    table = lists(*command, "-c", column)
    assert [value for value in values if value not in table] == []
    assert "\x1b" not in table and "…" not in table
    falling = lists(*command, "-f", "value", "-c", column, "--sort", f"{column}:desc").splitlines()
    assert falling == sorted(values[1:], reverse=True)


#: What there is nothing in.
NOTHING: Answers = {
    "GET /v2.0/overview": overview(),
    f"GET /v2.0/{HOST1}/flows": {"flows": [], "silent": [], "more": 0},
    f"GET /v2.0/{HOST1}/interfaces": {"interfaces": [], "has_ovsdb": True},
    f"GET /v2.0/ports/{PORT_ID}/dhcp": {"dhcp": LEASE | {"transactions": []}},
    "GET /v2.0/dhcp-transactions": {"dhcp_transactions": [], "more": False},
    "POST /v2.0/explain": told("ok"),
}
#: What else there is nothing in, where the command needs it not to begin with.
NOTHING_OF = {
    "hosts": {"GET /v2.0/agents": {"agents": []}},
    "why-not-active": {"GET /v2.0/ports": {"ports": []}},
}


@pytest.mark.parametrize("command", LISTS, ids=" ".join)
def test_a_list_of_nothing_has_the_columns_that_one_of_something_has(
    place: Place, lists: Callable[..., str], command: tuple[str, ...]
) -> None:
    document = json.loads(lists(*command, "-f", "json"))
    (first, *_) = document["path"]["hops"] if command[0] == "trace" else document
    place.api.answers |= NOTHING | NOTHING_OF.get(command[0], {})
    chosen = [word for name in first for word in ("-c", name)]
    assert place.run(*command, *chosen, "-f", "value")[0] == 0


@pytest.mark.parametrize(
    ("module", "answer", "plural"),
    [
        (cli_flows, FLOWS.answer, "flows"),
        (cli_interfaces, INTERFACES.answer, "interfaces"),
        (cli_status, OVERVIEW.answer, "attention"),
        (cli_dhcp, DHCP_TRANSACTIONS.answer, "dhcp_transactions"),
    ],
)
def test_the_columns_are_all_that_the_api_tells(module: Any, answer: Any, plural: str) -> None:
    columns = getattr(module, "OF_ALL", module.COLUMNS)
    assert {*columns, *module.MORE} == answer["properties"][plural]["items"]["properties"].keys()


@pytest.mark.parametrize("command", LISTS, ids=" ".join)
@pytest.mark.parametrize("no_color", ["", "1"])
def test_a_list_on_a_terminal_has_whole_ids_and_its_colours_where_they_are_wanted(
    lists: Callable[..., str], command: tuple[str, ...], no_color: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, is_toned = LISTS[command]
    terminal = terminal_of(monkeypatch)
    monkeypatch.setenv("NO_COLOR", no_color)
    lists(*command)
    text = terminal.getvalue()
    assert ("\x1b[3" in text or "\x1b[2" in text) is ((is_toned or command[0] == "trace") and not no_color)
