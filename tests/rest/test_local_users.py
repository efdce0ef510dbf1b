"""Users of the API's own, as real clients come over TLS: the openstack command, the SDK, curl's requests."""

import base64
import json
import os
import shlex
import ssl
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openstack
import pytest

from tests.certificates import api_options, files
from tests.rest.server import WAIT_S, Server, running, write_config

BIN = Path(sys.executable).parent

SILENT = frozenset({"delete", "set"})  # commands that print nothing


@dataclass
class Users:
    """A server with users, and the files that let them in."""

    server: Server
    directory: Path

    @property
    def authority(self) -> str:
        """Who has signed the server's certificate."""
        return str(self.directory / "ca.pem")

    @property
    def auth_url(self) -> str:
        """Where clients log in."""
        return f"{self.server.url}/identity/v3"

    def osken_net(self, *words: str) -> None:
        """Make a user or what belongs to one."""
        config_file = ["--config-file", str(self.directory / "osken-net.conf")]
        subprocess.run([BIN / "osken-net", *words, *config_file], check=True, capture_output=True)

    def environment(self, openrc: str) -> dict[str, str]:
        """Give what sourcing a file sets; the server listens at another port than its file says."""
        lines = (self.directory / openrc).read_text().splitlines()
        said = [line.removeprefix("export ") for line in lines if line.startswith("export ")]
        values = {name: shlex.split(text)[0] for name, _, text in (line.partition("=") for line in said)}
        clean = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
        return clean | values | {"OS_AUTH_URL": self.auth_url, "OS_CACERT": self.authority}

    def openstack(self, environment: dict[str, str], *words: str) -> Any:
        """Run a command of the client; give the JSON that it prints."""
        done = subprocess.run(
            [
                BIN / "openstack",
                *words,
                *(["-f", "json"] if SILENT.isdisjoint(words) else []),
            ],
            env=environment,
            capture_output=True,
            text=True,
            timeout=WAIT_S,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout else None

    def value(self, openrc: str, name: str) -> str:
        """Give what a file sets a variable to."""
        return self.environment(openrc)[f"OS_{name}"]


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Users]:
    """Give a server with its administrator, and alice and her robot in the project demo."""
    directory = tmp_path_factory.mktemp("state")
    options = f"authentication = local\n{api_options(directory)}"
    context = ssl.create_default_context(cafile=directory / "ca.pem")
    with running(write_config(directory, options), context=context) as server:
        made = Users(server, directory)
        assert server.call("GET", "/").status == 200
        made.osken_net("project", "create", "demo")
        alice, robot = str(directory / "alice-openrc"), str(directory / "robot-openrc")
        made.osken_net("user", "create", "alice", "--project", "demo", "--openrc", alice)
        made.osken_net("credential", "create", "robot", "--user", "alice", "--openrc", robot)
        yield made


def test_the_openstack_command_works_with_a_password_a_token_and_a_credential(users: Users) -> None:
    admin = users.environment("admin-openrc")
    shared = users.openstack(admin, "network", "create", "--share", "shared")
    of_demo = users.openstack(admin, "network", "create", "--project", "demo", "of-demo")
    (demo,) = [item for item in users.openstack(admin, "project", "list") if item["Name"] == "demo"]
    assert (of_demo["project_id"], shared["shared"]) == (demo["ID"], True)
    alice = users.environment("alice-openrc")
    assert {item["Name"] for item in users.openstack(alice, "network", "list")} == {"shared", "of-demo"}
    issued = users.openstack(alice, "token", "issue")
    with_token = {name: value for name, value in alice.items() if "USER" not in name and "PASS" not in name}
    with_token |= {"OS_AUTH_TYPE": "v3token", "OS_TOKEN": issued["id"]}
    assert users.openstack(with_token, "network", "show", "of-demo")["id"] == of_demo["id"]
    robot = users.environment("robot-openrc")
    assert users.openstack(robot, "network", "create", "by-robot")["project_id"] == demo["ID"]
    users.openstack(robot, "network", "delete", "by-robot")
    assert users.openstack(admin, "catalog", "list")[0]["Name"] == "neutron"
    users.openstack(admin, "quota", "set", "--networks", "7", "demo")
    shown = {item["Resource"]: item["Limit"] for item in users.openstack(alice, "quota", "show")}
    assert shown["networks"] == 7 and "ports" in shown


def test_users_make_credentials_with_the_command(users: Users) -> None:
    alice = users.environment("alice-openrc")
    shown = users.openstack(alice, "application", "credential", "create", "--role", "member", "own")
    made = {name.lower(): value for name, value in shown.items()}
    assert {item["Name"] for item in users.openstack(alice, "application", "credential", "list")} >= {"own"}
    own = {
        "OS_AUTH_TYPE": "v3applicationcredential",
        "OS_AUTH_URL": users.auth_url,
        "OS_CACERT": users.authority,
        "OS_APPLICATION_CREDENTIAL_ID": made["id"],
        "OS_APPLICATION_CREDENTIAL_SECRET": made["secret"],
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
    users.openstack(clean | own, "network", "list")
    users.openstack(alice, "application", "credential", "delete", "own")


def test_the_sdk_works_with_a_clouds_yaml(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    auth = {
        "auth_url": users.server.url + "/identity",
        "username": "alice",
        "password": users.value("alice-openrc", "PASSWORD"),
        "project_name": "demo",
        "user_domain_name": "Default",
        "project_domain_name": "Default",
    }
    robot = {
        "auth_url": users.auth_url,
        "application_credential_id": users.value("robot-openrc", "APPLICATION_CREDENTIAL_ID"),
        "application_credential_secret": users.value("robot-openrc", "APPLICATION_CREDENTIAL_SECRET"),
    }
    clouds = {"alice": {"auth": auth}, "robot": {"auth_type": "v3applicationcredential", "auth": robot}}
    file = users.directory / "clouds.yaml"
    over_tls = {name: cloud | {"cacert": users.authority} for name, cloud in clouds.items()}
    file.write_text(json.dumps({"clouds": over_tls}))  # JSON is YAML
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
    for name in clouds:
        cloud = openstack.connect(cloud=name)
        network = cloud.network.create_network(name=f"of-{name}")
        assert network.project_id == cloud.current_project_id
        assert cloud.get_network(f"of-{name}").id == network.id  # as Ansible's modules ask
        cloud.network.delete_network(network)


def test_the_sdk_finds_services_and_gives_roles(users: Users) -> None:
    admin = {
        "auth_url": users.auth_url,
        "username": "admin",
        "password": users.value("admin-openrc", "PASSWORD"),
        "project_name": "default",
        "user_domain_id": "default",
        "project_domain_id": "default",
    }
    cloud = openstack.connect(auth=admin, cacert=users.authority, region_name="RegionOne")
    identity = cloud.identity
    assert {service.type for service in identity.services()} == {"network", "identity"}
    assert {endpoint.service_id for endpoint in cloud.list_endpoints()} == {"network", "identity"}
    assert identity.find_domain("Default").id == "default"
    alice, demo, reader = (
        find(name, ignore_missing=False)
        for find, name in (
            (identity.find_user, "alice"),
            (identity.find_project, "demo"),
            (identity.find_role, "reader"),
        )
    )

    def roles() -> set[str]:
        """Give the roles of alice in demo."""
        found = identity.role_assignments(user_id=alice.id, scope_project_id=demo.id)
        return {item.role["id"] for item in found}

    assert cloud.grant_role(reader.id, user=alice.id, project=demo.id)  # as Ansible's role_assignment does
    assert roles() == {"member", "reader"}
    assert cloud.revoke_role(reader.id, user=alice.id, project=demo.id)
    assert roles() == {"member"}


def test_a_client_certificate_lets_in_without_a_password(users: Users) -> None:
    certificate, key = files(users.directory, "alice")
    where = {"OS_AUTH_TYPE": "none", "OS_ENDPOINT": users.server.url, "OS_CACERT": users.authority}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
    shown = {"OS_CERT": str(certificate), "OS_KEY": str(key)}
    alice = users.openstack(clean | where | shown, "network", "create", "by-certificate")
    assert users.openstack(clean | where | shown, "network", "list")[0]["Name"]
    users.openstack(users.environment("alice-openrc"), "network", "delete", alice["id"])


def basic(name: str, password: str) -> dict[str, str]:
    """Give the header that curl's -u sends."""
    return {"Authorization": f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"}


def test_curl_works_with_name_and_password(users: Users) -> None:
    right = basic("alice", users.value("alice-openrc", "PASSWORD"))
    assert users.server.call("GET", "/v2.0/networks", headers=right).status == 200
    reply = users.server.call("GET", "/v2.0/networks", headers=basic("alice", "wrong"))
    assert reply.status == 401
    (told,) = [value for name, value in reply.headers.items() if name.lower() == "www-authenticate"]
    assert told == f'Keystone uri="{users.server.url}/identity", Basic realm="osken-net"'


def test_osken_net_asks_as_whom_the_environment_says(users: Users) -> None:
    admin = users.environment("admin-openrc")
    nobody = {name: value for name, value in admin.items() if "PASSWORD" not in name}
    for environment, told in ((admin, "knows no host nowhere"), (nobody, "must know who asks")):
        done = subprocess.run(
            [BIN / "osken-net", "diff", "nowhere"], env=environment, capture_output=True, text=True
        )
        assert (done.returncode, told in done.stderr) == (3, True)


def test_what_a_command_takes_away_with_a_project_is_told_by_the_server(users: Users) -> None:
    as_admin = basic("admin", users.value("admin-openrc", "PASSWORD"))

    def get(path: str) -> Any:
        """Give what an administrator is answered."""
        reply = users.server.call("GET", f"/v2.0{path}", headers=as_admin)
        assert reply.status == 200, reply.body
        return reply.body

    users.osken_net("project", "create", "brief")
    (brief,) = [
        item
        for item in users.openstack(users.environment("admin-openrc"), "project", "list")
        if item["Name"] == "brief"
    ]
    (group,) = get(f"/security-groups?project_id={brief['ID']}")["security_groups"]
    before = get("/overview")["counts"]["security_groups"]["total"]
    revision = get("/changes")["revision"]
    users.osken_net("project", "delete", "brief")
    told = get(f"/changes?since={revision}&wait=20")["changes"]
    assert {"kind": "security_group", "op": "deleted", "id": group["id"]} in told
    assert get("/overview")["counts"]["security_groups"]["total"] == before - 1


def test_guesses_keep_nobody_out_who_knows_a_password(users: Users) -> None:
    right = basic("alice", users.value("alice-openrc", "PASSWORD"))
    assert users.server.call("GET", "/v2.0/networks", headers=right).status == 200

    def guess(number: int) -> int:
        wrong = basic("alice", f"wrong {number}")
        return users.server.call("GET", "/v2.0/networks", headers=wrong).status

    with ThreadPoolExecutor(30) as pool:
        guesses = pool.map(guess, range(150))
        for _ in range(5):
            assert users.server.call("GET", "/v2.0/networks", headers=right).status == 200
            assert users.server.call("GET", "/healthz").status == 200
        assert set(guesses) <= {401, 429}


def test_the_middleware_of_openstack_services_takes_our_tokens(users: Users, tmp_path: Path) -> None:
    from osken_apps.config import load
    from osken_apps.rest.identity.keystone import Keystone
    from osken_apps.rest.request import Asked

    password = users.value("admin-openrc", "PASSWORD")
    text = f"""authentication = keystone
[keystone_authtoken]
auth_type = password
auth_url = {users.auth_url}
cafile = {users.authority}
www_authenticate_uri = {users.auth_url}
username = admin
password = {password}
project_name = default
user_domain_name = Default
project_domain_name = Default
"""
    keystone = Keystone(load(write_config(tmp_path, text)))
    issued = users.openstack(users.environment("alice-openrc"), "token", "issue")
    caller = keystone.identify(Asked({"X-Auth-Token": issued["id"]}))
    assert (caller.project_id, caller.roles) == (issued["project_id"], frozenset({"member"}))
