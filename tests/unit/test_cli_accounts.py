"""`osken-net user`, `project`, `role` and `credential`, on a database that a controller has made."""

import io
import json
import os
import re
import sqlite3
import stat
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from osken_apps.accounts.passwords import Passwords
from osken_apps.cli import main, neutron
from osken_apps.model.security_groups import Direction, SecurityGroup, SecurityGroupRule
from osken_apps.networking import security_group_rules, security_groups
from osken_apps.networking.security_groups import default_group, default_group_id
from osken_apps.networking.terms import Terms
from osken_apps.store.store import Store
from tests.unit.rest_client import config_of, store_of
from tests.unit.test_cli_output import Terminal


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Give the directory of a controller's state and configuration."""
    store_of(config_of(tmp_path, "authentication = local")).close()
    return tmp_path


def osken_net(directory: Path, *words: str) -> int:
    """Run a command on the configuration."""
    return main([*words, "--config-file", str(directory / "osken-net.conf")])


def listed(directory: Path, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """Give what a command prints as JSON."""
    capsys.readouterr()
    assert osken_net(directory, *words, "-f", "json") == 0
    return json.loads(capsys.readouterr().out)


def test_a_user_is_made_with_a_file_that_only_its_owner_reads(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    openrc = directory / "alice-openrc"
    assert osken_net(directory, "project", "create", "demo") == 0
    assert osken_net(directory, "user", "create", "alice", "--project", "demo", "--openrc", str(openrc)) == 0
    assert stat.S_IMODE(openrc.stat().st_mode) == 0o600
    text = openrc.read_text()
    for line in (
        "OS_USERNAME=alice",
        "OS_PROJECT_NAME=demo",
        "OS_AUTH_URL=http://127.0.0.1:9696/identity/v3",
    ):
        assert f"export {line}\n" in text
    (password,) = [line for line in text.splitlines() if line.startswith("export OS_PASSWORD=")]
    shown = capsys.readouterr()
    assert password.partition("=")[2] not in shown.out + shown.err
    assert shown.out.splitlines()[1].split() == [
        "|",
        "name",
        "|",
        "id",
        "|",
        "description",
        "|",
        "enabled",
        "|",
    ]
    (alice,) = listed(directory, capsys, "user", "list")
    assert (alice["name"], alice["default_project"], alice["enabled"]) == ("alice", "demo", True)
    assert listed(directory, capsys, "role", "list") == [
        {"user": "alice", "project": "demo", "role": "member"}
    ]


@pytest.mark.parametrize(
    "words",
    [
        ("project", "create", "demo", "--description", "Andr\udce9"),
        ("project", "delete", "Andr\udce9"),
        ("role", "list", "--user", "Andr\udce9"),
        ("credential", "list", "--user", "Andr\udce9"),
        ("backup", "Andr\udce9"),
    ],
    ids=" ".join,
)
def test_a_word_that_is_no_text_is_told_in_one_line_and_changes_nothing(
    words: tuple[str, ...], directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert osken_net(directory, *words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("osken-net: ") and "\\udce9" in line
    assert listed(directory, capsys, "project", "list") == []


def of_schema_1(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript((Path(__file__).with_name("data") / "schema-1.sql").read_text())


def without_a_table(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE left_segments")


@pytest.mark.parametrize("spoil", [of_schema_1, without_a_table])
@pytest.mark.parametrize("words", [("user", "list"), ("project", "create", "demo"), ("neutron", "import")])
def test_a_database_under_an_older_controller_is_not_brought_up_to_date(
    directory: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Path], None],
    words: tuple[str, ...],
) -> None:
    monkeypatch.setattr(neutron, "may_run", lambda _config: False)  # whatever runs on this machine
    file, document = directory / "osken-net.db", directory / "neutron.json"
    document.write_text("{}")
    spoil(file)
    before = file.read_bytes(), os.listdir(directory)
    given = [str(document)] if words[0] == "neutron" else []
    assert osken_net(directory, *words, *given) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"osken-net: {file} is an older program's") and "restart the controller" in line
    assert (file.read_bytes(), os.listdir(directory)) == before


def test_a_password_comes_over_the_input_and_never_by_the_command_line(
    directory: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    osken_net(directory, "project", "create", "demo")
    given_to = (("short\n", 1), ("", 1), (f"{'x' * 1001}\n", 1), ("short\r\n", 1), ("long enough\r\n", 0))
    for given, status in given_to:
        monkeypatch.setattr("sys.stdin", io.StringIO(given))
        assert osken_net(directory, "user", "create", "alice", "--project", "demo") == status
    with closing(Store(f"sqlite:///{directory}/osken-net.db")) as store, store.read() as view:
        assert Passwords().is_right(view.accounts.user("alice").password, "long enough")
    assert osken_net(directory, "user", "set", "alice", "--password", "secret") == 2
    capsys.readouterr()


def test_a_line_of_another_system_ends_where_it_ends(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    osken_net(directory, "project", "create", "demo")
    monkeypatch.setattr("sys.stdin", io.StringIO("long enough\r\n"))
    assert osken_net(directory, "user", "create", "alice", "--project", "demo") == 0
    store = Store(f"sqlite:///{directory}/osken-net.db")
    with store.read() as view:
        assert Passwords().is_right(view.accounts.user("alice").password, "long enough")
    store.close()


def test_no_file_is_written_that_would_let_in_nobody(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    openrc = directory / "openrc"
    for name in ("demo", "other"):
        osken_net(directory, "project", "create", name)
    osken_net(directory, "user", "create", "alice", "--project", "demo", "--openrc", str(openrc))
    before = openrc.read_text()
    again = ("user", "set", "alice", "--openrc", str(openrc))
    capsys.readouterr()
    assert osken_net(directory, *again, "--project", "other") == 1
    assert capsys.readouterr().err == (
        "osken-net: alice has no role in project other, and would not be let in: osken-net role add member"
        " --user alice --project other\n"
    )
    osken_net(directory, "project", "delete", "demo")
    assert osken_net(directory, *again) == 1
    assert capsys.readouterr().err == "osken-net: alice has no default project: name one with --project\n"
    osken_net(directory, "role", "add", "member", "--user", "alice", "--project", "other")
    assert openrc.read_text() == before
    assert osken_net(directory, *again, "--project", "other") == 0


def test_a_password_that_is_not_given_at_the_terminal_is_one_line(
    directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def end(_prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", end)
    assert osken_net(directory, "user", "create", "alice", "--project", "demo") == 1
    assert capsys.readouterr().err == "osken-net: no password was given\n"


@pytest.mark.parametrize("name", ["alice-openrc", "a file"])
def test_the_file_that_lets_in_is_named_as_every_shell_takes_it(
    directory: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(directory)
    osken_net(directory, "project", "create", "demo")
    capsys.readouterr()
    assert osken_net(directory, "user", "create", "alice", "--project", "demo", "--openrc", name) == 0
    (command,) = re.findall("`(.*)`", capsys.readouterr().err)
    done = subprocess.run(
        ["sh", "-c", f"{command} && echo $OS_USERNAME"], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("alice\n", "")


def test_a_password_that_is_no_text_is_one_line(
    directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"Andr\xe9-Andr\xe9\n"), encoding="utf-8"))
    assert osken_net(directory, "project", "create", "demo") == 0
    assert osken_net(directory, "user", "create", "alice", "--project", "demo") == 1
    assert capsys.readouterr().err == "osken-net: a password is in utf-8, and this one is not\n"


@pytest.mark.parametrize("asked", [("-c", "sekret"), ("--sort", "sekret:desc")])
@pytest.mark.parametrize(
    "words",
    [
        ("project", "create", "x"),
        ("user", "create", "x", "--project", "demo", "--openrc", "DIR/x"),
        ("credential", "create", "x", "--user", "alice"),
    ],
    ids=lambda words: words[0],
)
def test_nothing_is_made_that_could_not_be_shown(
    directory: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], asked: tuple[str, str]
) -> None:
    for made in (
        ("project", "create", "demo"),
        ("user", "create", "alice", "--project", "demo", "--openrc", str(directory / "alice")),
    ):
        assert osken_net(directory, *made) == 0
    given = [word.replace("DIR", str(directory)) for word in words]
    assert osken_net(directory, *given, *asked) == 2
    assert "there is no column 'sekret'" in capsys.readouterr().err
    assert "x" not in [row["name"] for row in listed(directory, capsys, words[0], "list")]
    assert not (directory / "x").exists()


def test_roles_and_users_are_changed(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rc = str(directory / "rc")
    for words in (
        ("project", "create", "demo"),
        ("project", "create", "other", "--description", "of others"),
        ("user", "create", "alice", "--project", "demo", "--role", "reader", "--openrc", rc),
        ("role", "add", "member", "--user", "alice", "--project", "other"),
        ("role", "remove", "reader", "--user", "alice", "--project", "demo"),
        ("user", "set", "alice", "--disable", "--project", "other"),
        ("project", "set", "demo", "--disable"),
    ):
        assert osken_net(directory, *words) == 0
    assert listed(directory, capsys, "role", "list", "--user", "alice") == [
        {"user": "alice", "project": "other", "role": "member"}
    ]
    (alice,) = listed(directory, capsys, "user", "list")
    assert (alice["default_project"], alice["enabled"]) == ("other", False)
    projects = {row["name"]: row["enabled"] for row in listed(directory, capsys, "project", "list")}
    assert projects == {"demo": False, "other": True}
    assert osken_net(directory, "user", "delete", "alice") == 0
    assert osken_net(directory, "project", "delete", "demo") == 0
    assert listed(directory, capsys, "user", "list") == listed(directory, capsys, "role", "list") == []


def test_a_project_is_deleted_with_what_was_made_for_it_and_not_while_it_has_something(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    osken_net(directory, "project", "create", "demo")
    (project_id,) = (
        row["id"] for row in listed(directory, capsys, "project", "list") if row["name"] == "demo"
    )
    store = Store(f"sqlite:///{directory}/osken-net.db")
    with store.write() as transaction:
        default_group(transaction, project_id, Terms(project_id))
        web = transaction.create(
            SecurityGroup(transaction.new_id(), project_id, name="web", number=transaction.new_number())
        )
    assert osken_net(directory, "project", "delete", "demo") == 1
    assert "security groups" in capsys.readouterr().err
    with store.write() as transaction:
        security_groups.delete(transaction, web, Terms(project_id))
    assert osken_net(directory, "project", "delete", "demo") == 0
    with store.read() as view:
        kinds = (SecurityGroup, SecurityGroupRule)
        assert [item for kind in kinds for item in view.find(kind) if item.project_id == project_id] == []
    store.close()


def test_a_project_is_not_deleted_while_a_rule_of_it_is_in_another_s_group(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    osken_net(directory, "project", "create", "demo")
    store = Store(f"sqlite:///{directory}/osken-net.db")
    with store.write() as transaction:
        project_id = transaction.accounts.project("demo").id
        default_group(transaction, project_id, Terms(project_id))
        default_group(transaction, "other", Terms("other"))
        rule = SecurityGroupRule(
            id="",
            project_id=project_id,
            security_group_id=default_group_id("other"),
            direction=Direction.INGRESS,
        )
        rule = security_group_rules.create(transaction, rule, Terms("other", is_admin=True))
    assert osken_net(directory, "project", "delete", "demo") == 1
    assert "Project 'demo' has security group rules." in capsys.readouterr().err
    with store.write() as transaction:
        security_group_rules.delete(transaction, rule)
    assert osken_net(directory, "project", "delete", "demo") == 0
    store.close()


def test_roles_are_the_same_in_capitals(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rc = str(directory / "rc")
    osken_net(directory, "project", "create", "demo")
    osken_net(directory, "user", "create", "alice", "--project", "demo", "--openrc", rc, "--role", "Member")
    of = ("--user", "alice", "--project", "demo")
    assert osken_net(directory, "role", "add", "ADMIN", *of) == 0
    assert osken_net(directory, "credential", "create", "robot", "--user", "alice", "--role", "Admin") == 0
    assert osken_net(directory, "role", "remove", "MEMBER", *of) == 0
    assert [row["role"] for row in listed(directory, capsys, "role", "list")] == ["admin"]


@pytest.mark.parametrize("days", ["0", "-5", "9999999", "x"])
def test_a_credential_lives_for_a_number_of_days_that_a_date_can_be_made_of(
    directory: Path, days: str
) -> None:
    command = ("credential", "create", "robot", "--user", "alice", "--days", days)
    assert osken_net(directory, *command) == 2


def test_a_credential_has_some_roles_of_its_user_and_its_secret_is_shown_once(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rc = str(directory / "rc")
    osken_net(directory, "project", "create", "demo")
    osken_net(directory, "user", "create", "alice", "--project", "demo", "--openrc", rc)
    of = ("--user", "alice")
    (made,) = listed(directory, capsys, "credential", "create", "robot", *of, "--days", "30")
    assert (made["roles"], len(made["secret"]) > 30) == (["member"], True)
    (shown,) = listed(directory, capsys, "credential", "list", *of)
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert osken_net(directory, "credential", "create", "more", *of, "--role", "admin") == 1
    assert "alice has member in project demo" in capsys.readouterr().err
    (made,) = listed(directory, capsys, "credential", "create", "terraform", *of, "--openrc", rc)
    assert "secret" not in made
    assert f"OS_APPLICATION_CREDENTIAL_ID={made['id']}" in Path(rc).read_text()
    assert osken_net(directory, "credential", "delete", "robot", *of) == 0
    assert [row["name"] for row in listed(directory, capsys, "credential", "list")] == ["terraform"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("user", "create", "alice", "--project", "nothing", "--openrc", "/dev/null/x"), "project 'nothing'"),
        (("user", "delete", "nobody"), "There is no user 'nobody'"),
        (("role", "add", "member", "--user", "nobody", "--project", "demo"), "There is no user 'nobody'"),
        (("project", "create", "demo"), "There is a project 'demo' already"),
        (("role", "remove", "member", "--user", "alice", "--project", "other"), "There is no"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    directory: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    osken_net(directory, "project", "create", "demo")
    capsys.readouterr()
    assert osken_net(directory, *words) == 1
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_without_a_database_none_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config_of(tmp_path)
    assert osken_net(tmp_path, "user", "list") == 1
    assert "start the controller once" in capsys.readouterr().err
    assert not (tmp_path / "osken-net.db").exists()
