"""The cloud: a lab whose hosts run nova-compute, a machine for the services, the controller, and a recorder.

All of it ends with the lab: the services are processes in the namespace of a machine of the lab's.
"""

import shutil
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from osken_apps.lab import Host, Lab, processes, wait_until
from osken_apps.lab.network import Namespace, ip, make_namespace, management_bridge
from osken_apps.lab.shell import PATH, run
from tests.openstack import configuration
from tests.openstack.configuration import PASSWORD, REGION, Places

API_PORT, RECORDER_PORT = 9696, 9697
RABBIT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
WSGI = {
    "keystone": (5000, "keystone.wsgi.api:application"),
    "placement": (8778, "placement.wsgi.api:application"),
    "glance": (9292, "glance.wsgi.api:application"),
    "nova-api": (8774, "nova.wsgi.osapi_compute:application"),
}
DATABASES = ("keystone", "placement", "glance", "nova_api", "nova", "nova_cell0")

#: How nova-compute reaches the disks of another host, whose files are in a mount namespace of its own.
SSH = """#!/bin/sh
while [ "${{1#-}}" != "$1" ]; do [ "$1" = -o ] && shift; shift; done
case "$1" in
{cases}
esac
shift
exec nsenter -t "$(cat "$host/libvirt/run/libvirt/libvirtd.pid")" -m -n -u -- sh -c "$*"
"""
SCP = """#!/bin/sh
while [ "${{1#-}}" != "$1" ]; do shift; done
from=$1 to=${{2#*:}}
case "${{2%%:*}}" in
{cases}
*) exec cp -r --sparse=always "$from" "$2" ;;
esac
exec cp -r --sparse=always "$from" "$host/libvirt$to"
"""
#: It is root already.
SUDO = """#!/bin/sh
[ "$1" = nova-rootwrap ] && shift 2
exec "$@"
"""


class Cloud:
    """An OpenStack of which the controller is the network."""

    def __init__(self, lab: Lab, environment: Path) -> None:
        self.lab = lab
        self.environment = environment
        self.bin = environment / "services/bin"
        address = str(lab.subnet[2])
        network = f"http://{lab.controller_address}:{RECORDER_PORT}"
        self.places = Places(lab.site.directory("cloud"), address, network)
        self.namespace = self._machine(address)
        self.home = self.places.directory / "home"  # where users' programs keep things
        self.recorded = lab.site.state_dir / "requests.jsonl"

    def _machine(self, address: str) -> Namespace:
        """Make the machine of the services, on the management network."""
        site = self.lab.site
        namespace = make_namespace(site, "cloud")
        end = f"{site.prefix}c"
        site.record("interface", end)
        ip("link", "add", end, "type", "veth", "peer", "name", "mgmt", "netns", namespace.name)
        ip("link", "set", end, "master", management_bridge(site), "up")
        namespace.ip("addr", "add", f"{address}/24", "dev", "mgmt")
        namespace.ip("link", "set", "mgmt", "up")
        return namespace

    # -- up

    def start(self) -> None:
        """Start everything, in the order in which it needs each other."""
        self._write_configuration()
        self._start_rabbitmq()
        self._start_mariadb()
        self._start_identity()
        self._make_databases()
        self._start_controller()
        for name in ("placement", "glance", "nova-api"):
            self._start_wsgi(name)
        for name in ("nova-conductor", "nova-scheduler"):
            self.start_process(name, [str(self.bin / name), "--config-file", self._file("nova/nova.conf")])
        for host in self.lab.hosts.values():
            self._start_compute(host)
        self._wait_computes()

    def _file(self, name: str) -> str:
        return str(self.places.directory / name)

    def _write(self, name: str, text: str) -> None:
        path = self.places.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def _write_configuration(self) -> None:
        places = self.places
        for folder in ("images", "staging", "tasks", "fernet", "credential", "nova", "home"):
            (places.directory / folder).mkdir(exist_ok=True)
        self._write("keystone/keystone.conf", configuration.keystone(places))
        self._write("placement/placement.conf", configuration.placement(places))
        self._write("glance/glance-api.conf", configuration.glance(places))
        self._write("nova/nova.conf", configuration.nova(places))
        for host in self.lab.hosts.values():
            (places.directory / f"nova-{host.name}").mkdir(exist_ok=True)
            self._write(f"nova-{host.name}.conf", configuration.compute(places, host.name, host.address))
        etc = self.environment / "services/etc"
        shutil.copy(etc / "glance/glance-api-paste.ini", places.directory / "glance")
        shutil.copy(etc / "nova/api-paste.ini", places.directory / "nova")
        cases = "\n".join(f"{host.address}) host={host.directory} ;;" for host in self.lab.hosts.values())
        scripts = {"ssh": SSH.format(cases=cases), "scp": SCP.format(cases=cases), "sudo": SUDO}
        for name, text in scripts.items():
            self._write(f"bin/{name}", text)
            (places.directory / "bin" / name).chmod(0o755)

    def start_process(self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        argv = self.namespace.command(command)
        processes.start(self.lab.site, name, argv, self.places.directory / f"{name}.log", env)

    def _run(self, *command: str, env: Mapping[str, str] | None = None) -> str:
        """Run a command of OpenStack's among the services."""
        return self.namespace.run([str(self.bin / command[0]), *command[1:]], timeout_s=180, env=env).stdout

    def _start_rabbitmq(self) -> None:
        base = self.places.directory / "rabbitmq"
        base.mkdir()
        (base / "rabbitmq.conf").write_text(
            "loopback_users = none\nvm_memory_high_watermark.relative = 0.1\n"
        )
        (base / "enabled_plugins").write_text("[].\n")
        env = {
            "HOME": str(base),
            "RABBITMQ_NODENAME": "rabbit@localhost",
            "RABBITMQ_CONFIG_FILE": str(base / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(base / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(base),
            "RABBITMQ_LOG_BASE": str(base),
            "RABBITMQ_PID_FILE": str(base / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        }
        self.start_process("rabbitmq", [str(RABBIT)], env)
        self._wait_port(5672, "RabbitMQ")

    def _start_mariadb(self) -> None:
        data, socket = self.places.directory / "mariadb", self._file("mariadb.sock")
        own = ["--no-defaults", "--user=root", f"--datadir={data}"]
        run(["mariadb-install-db", *own, "--skip-test-db"], timeout_s=120)
        listen = [f"--socket={socket}", "--port=3306", f"--pid-file={data}/pid", "--max-connections=300"]
        quick = ["--innodb-flush-log-at-trx-commit=2", "--skip-name-resolve"]
        self.start_process("mariadb", ["mariadbd", *own, *listen, *quick])
        self._wait_port(3306, "MariaDB")
        statements = [f"CREATE DATABASE {name} CHARACTER SET utf8mb3;" for name in DATABASES]
        statements.append(f"GRANT ALL ON *.* TO root@'%' IDENTIFIED BY '{PASSWORD}' WITH GRANT OPTION;")
        run(["mariadb", "--no-defaults", f"--socket={socket}", "-u", "root"], stdin="".join(statements))

    def _start_identity(self) -> None:
        places = self.places
        conf = ["--config-file", self._file("keystone/keystone.conf")]
        self._run("keystone-manage", *conf, "db_sync")
        for what in ("fernet_setup", "credential_setup"):
            self._run("keystone-manage", *conf, what, "--keystone-user", "root", "--keystone-group", "root")
        urls = [
            word
            for kind in ("admin", "internal", "public")
            for word in (f"--bootstrap-{kind}-url", places.identity)
        ]
        names = ["--bootstrap-password", PASSWORD, "--bootstrap-region-id", REGION]
        self._run("keystone-manage", *conf, "bootstrap", *names, *urls)
        self._start_wsgi("keystone")
        self._fill_identity()

    def connection(self, project: str = "admin", user: str = "admin"):  # type: ignore[no-untyped-def]
        """Give a connection of the SDK's as a user in a project."""
        import openstack

        return openstack.connect(
            auth_url=self.places.identity,
            username=user,
            password=PASSWORD,
            project_name=project,
            user_domain_name="Default",
            project_domain_name="Default",
            region_name=REGION,
            app_name="make-openstack",
        )

    def client_environment(self, project: str, user: str) -> dict[str, str]:
        """Give the environment of the command `openstack`."""
        return {
            "OS_AUTH_URL": self.places.identity,
            "OS_USERNAME": user,
            "OS_PASSWORD": PASSWORD,
            "OS_PROJECT_NAME": project,
            "OS_USER_DOMAIN_NAME": "Default",
            "OS_PROJECT_DOMAIN_NAME": "Default",
            "OS_REGION_NAME": REGION,
            "HOME": str(self.home),
        }

    def _fill_identity(self) -> None:
        """Make the users of the services, the catalogue, and demo, who is a member of a project."""
        places, cloud = self.places, self.connection()
        identity = cloud.identity
        domain = "default"
        roles = {role.name: role for role in identity.roles()}
        roles.setdefault("service", None)
        if roles["service"] is None:
            roles["service"] = identity.create_role(name="service")
        project = identity.create_project(name="service", domain_id=domain)
        for name in ("nova", "placement", "glance", "neutron"):
            user = identity.create_user(name=name, password=PASSWORD, domain_id=domain)
            for role in ("admin", "service"):
                identity.assign_project_role_to_user(project, user, roles[role])
        services = {
            ("compute", "nova"): places.url(8774, "/v2.1"),
            ("placement", "placement"): places.url(8778),
            ("image", "glance"): places.url(9292),
            ("network", "osken-apps"): places.network,
        }
        for (kind, name), url in services.items():
            service = identity.create_service(type=kind, name=name)
            for interface in ("public", "internal", "admin"):
                identity.create_endpoint(
                    service_id=service.id, interface=interface, url=url, region_id=REGION
                )
        project = identity.create_project(name="demo", domain_id=domain)
        user = identity.create_user(
            name="demo", password=PASSWORD, domain_id=domain, default_project_id=project.id
        )
        admin = identity.find_user("admin")
        identity.assign_project_role_to_user(project, user, roles["member"])
        identity.assign_project_role_to_user(project, admin, roles["admin"])

    def _make_databases(self) -> None:
        nova = ["--config-file", self._file("nova/nova.conf")]
        self._run("placement-manage", "--config-file", self._file("placement/placement.conf"), "db", "sync")
        self._run("glance-manage", "--config-file", self._file("glance/glance-api.conf"), "db", "sync")
        self._run("nova-manage", *nova, "api_db", "sync")
        self._run(
            "nova-manage",
            *nova,
            "cell_v2",
            "map_cell0",
            "--database_connection",
            self.places.database("nova_cell0"),
        )
        self._run("nova-manage", *nova, "db", "sync")
        self._run("nova-manage", *nova, "cell_v2", "create_cell", "--name", "cell1")

    def _start_wsgi(self, name: str) -> None:
        port, application = WSGI[name]
        folder = self._file(name.removesuffix("-api"))
        what = name.removesuffix("-api").upper()
        env = {f"OS_{what}_CONFIG_DIR": folder, "OS_NOVA_CONFIG_DIR": self._file("nova")}
        if name == "keystone":
            env["OS_KEYSTONE_CONFIG_FILES"] = self._file("keystone/keystone.conf")
        listen = f"{self.places.address}:{port}"
        # The services read sys.argv as theirs: all that gunicorn is told stands in a file.
        told = {"bind": listen, "threads": 4, "timeout": 120, "keepalive": 30, "wsgi_app": application}
        lines = [f"{option} = {value!r}\n" for option, value in told.items()]
        self._write(f"{name}.gunicorn.py", "".join(lines))
        env |= {"GUNICORN_CMD_ARGS": f"-c {self._file(f'{name}.gunicorn.py')}", "HOME": self._file("nova")}
        self.start_process(name, [str(self.bin / "gunicorn")], env)
        self.wait_answer(self.places.url(port), name)

    def _start_controller(self) -> None:
        lab = self.lab
        sections = configuration.controller(self.places, lab.controller_address)
        text = lab.controller_config()
        text += "".join(f"[{section}]\n{lines}\n" for section, lines in sections.items())
        directory = lab.site.directory("controller")
        path = directory / "osken-net.conf"
        path.write_text(text)
        path.chmod(0o600)  # passwords are in it
        command = [sys.executable, "-m", "osken_apps.cli", "run", "--config-file", str(path)]
        processes.start(lab.site, "controller", command, directory / "controller.log")
        arguments = [lab.controller_address, str(RECORDER_PORT), str(API_PORT), str(self.recorded)]
        command = [sys.executable, "-m", "tests.openstack.recorder", *arguments]
        env = {"PYTHONPATH": str(Path(__file__).parents[2])}
        processes.start(lab.site, "recorder", command, directory / "recorder.log", env)
        self.wait_answer(self.places.network, "the controller")
        lab.connect()
        for host in lab.hosts.values():
            host.ovs.wait_connected()

    def _start_compute(self, host: Host) -> None:
        """Start nova-compute where it sees the host's own libvirt and Open vSwitch."""
        (host.libvirt.directory / "var/lib/nova/instances").mkdir(parents=True, exist_ok=True)
        host.libvirt.start()
        files = ["nova/nova.conf", f"nova-{host.name}.conf"]
        arguments = [word for name in files for word in ("--config-file", self._file(name))]
        command = host.libvirt.command([str(self.bin / "nova-compute"), *arguments])
        env = {**host.env, "PATH": f"{self._file('bin')}:{self.bin}:{PATH}"}
        env["TMPDIR"] = "/tmp"
        argv = ["env", *(f"{name}={value}" for name, value in env.items()), *command]
        log = self.places.directory / f"nova-compute-{host.name}.log"
        processes.start(self.lab.site, f"{host.name}.nova-compute", argv, log)

    def compute_logs(self) -> list[Path]:
        """Give the logs of nova-compute."""
        return sorted(self.places.directory.glob("nova-compute-*.log"))

    def nova_waits(self) -> str:
        """Give, as Nova reads its files, for how long it waits for a port, and whether that is fatal."""
        host = next(iter(self.lab.hosts.values()))
        names = ("nova/nova.conf", f"nova-{host.name}.conf")
        files = [word for name in names for word in ("--config-file", self._file(name))]
        script = (
            "import sys; from nova.conf import CONF; CONF(sys.argv[1:], project='nova'); "
            "print(CONF.vif_plugging_timeout, CONF.vif_plugging_is_fatal)"
        )
        return self._run("python", "-c", script, *files).strip()

    def _wait_computes(self) -> None:
        """Wait until both hosts can have servers."""
        compute = self.connection().compute

        def ready() -> bool:
            up = {
                item.host
                for item in compute.services()
                if item.binary == "nova-compute" and item.state == "up"
            }
            return up >= set(self.lab.hosts)

        wait_until(lambda: slowly(ready), 120, "nova-compute on every host")
        self._run("nova-manage", "--config-file", self._file("nova/nova.conf"), "cell_v2", "discover_hosts")
        wait_until(
            lambda: slowly(lambda: len(list(compute.hypervisors())) >= len(self.lab.hosts)),
            120,
            "the hypervisors",
        )

    def _wait_port(self, port: int, what: str) -> None:
        probe = f"exec 3<>/dev/tcp/{self.places.address}/{port}"
        wait_until(
            lambda: slowly(lambda: self.namespace.run(["bash", "-c", probe], check=False).returncode == 0),
            90,
            what,
        )

    def wait_answer(self, url: str, what: str) -> None:
        def answers() -> bool:
            try:
                with urllib.request.urlopen(url, timeout=10):
                    return True
            except urllib.error.HTTPError:
                return True
            except OSError:
                return False

        wait_until(lambda: slowly(answers), 90, what)

    # -- questions

    def logs(self) -> dict[str, str]:
        """Give the end of each log."""
        paths = [*self.places.directory.glob("*.log"), *self.lab.site.directory("controller").glob("*.log")]
        found = {path.name: path for path in paths}
        for host in self.lab.hosts.values():
            found[f"{host.name}.libvirtd.log"] = host.libvirt.directory / "libvirtd.log"
        known = {name: path for name, path in found.items() if path.is_file()}
        return {name: path.read_text(errors="replace")[-100000:] for name, path in known.items()}


def slowly(question):  # type: ignore[no-untyped-def]
    """Ask, and leave the processors to others before the next time."""
    if answer := question():
        return answer
    time.sleep(0.3)
    return None
