"""What a user of the cloud does, step by step. A step that fails is told, and the next one is tried."""

import json
import re
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from osken_apps.lab import LabError, NamespaceVm, guest, wait_until
from osken_apps.lab.qemu_vm import KERNEL_COMMAND_LINE
from osken_apps.lab.shell import environment, run
from tests.e2e.pings import pings
from tests.openstack.cloud import Cloud, slowly

CLIENT = Path(sys.executable).with_name("openstack")
LEASE = re.compile(r"osken-guest: dhcp bound ([0-9.]+)")
STAMP = r"(?m)^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.,]\d{3})"
ID = "([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
PORT_IS_ACTIVE = re.compile(rf"{STAMP}.*port .* \({ID}\) is ACTIVE at ")
NOVA_WAS_TOLD = re.compile(rf"Nova was told network-vif-plugged of port {ID} of server {ID}")
SERVER_RUNS = re.compile(rf"{STAMP}.*\[instance: {ID}\] Instance spawned successfully")
RUNS_WITHIN_S = 1.0
FIRST_BOOTS = 4  # two of the administrator's, one with a port of its own, one of the browser's
NOVA_S_DEFAULTS = "300 True"
WAIT_S = 180
LOST_BY_LIVE_MIGRATION = 5  # of ten pings a second


class Story:
    """The steps, in order."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.compute = cloud.connection("demo").compute
        self.network = cloud.connection("demo").network
        self.pinger: NamespaceVm | None = None
        self.failed: list[str] = []

    def tell(self) -> None:
        """Go through all steps."""
        for step in (
            self.images_and_flavors,
            self.a_network_is_created,
            self.two_servers_boot_on_two_hosts,
            self.both_have_leases_and_answer,
            self.a_second_nic_is_attached_and_detached,
            self.a_hard_reboot,
            self.another_address_is_shown,
            self.a_resize_to_the_other_host,
            self.a_live_migration_under_ping,
            self.a_live_migration_back_under_ping,
            self.a_port_of_the_user_survives_its_server,
            self.all_is_deleted,
        ):
            self.do(step)

    def do(self, step: Callable[[], str]) -> None:
        """Do a step, and note what came of it and how long it took."""
        began, name = time.monotonic(), step.__name__.replace("_", " ")
        try:
            came_of_it = step()
        except LabError as error:
            came_of_it = f"FAILED: {error}"
            self.failed.append(name)
        took = time.monotonic() - began
        print(f"  {took:6.1f} s  {name}: {came_of_it}", flush=True)

    # -- steps

    def images_and_flavors(self) -> str:
        """Give the cloud the lab's guest."""
        cloud, images = self.cloud.connection("admin"), guest.guest()
        kernel = self._image(cloud, "guest-kernel", "aki", images.kernel)
        initramfs = self._image(cloud, "guest-initramfs", "ari", images.initramfs)
        disk = self.cloud.places.directory / "disk"
        disk.write_bytes(bytes(1024 * 1024))
        self._image(
            cloud,
            "guest",
            "raw",
            disk,
            kernel_id=kernel,
            ramdisk_id=initramfs,
            os_command_line=f"{KERNEL_COMMAND_LINE} osken.dhcp=1",
            os_shutdown_timeout="5",  # the guest knows no power button
        )
        for name, memory in (("tiny", 160), ("small", 192)):
            cloud.compute.create_flavor(name=name, ram=memory, vcpus=1, disk=1)
        return "a kernel, an initramfs, a disk of a megabyte; flavors tiny and small"

    @staticmethod
    def _image(cloud: Any, name: str, form: str, path: Path, **properties: str) -> str:
        container = form if form in ("aki", "ari") else "bare"
        made = cloud.image.create_image(
            name=name,
            filename=str(path),
            disk_format=form,
            container_format=container,
            visibility="public",
            wait=True,
            use_import=False,
            allow_duplicates=True,
            validate_checksum=False,
            **properties,
        )
        return str(made.id)

    def a_network_is_created(self) -> str:
        """The reference's first use case, as a plain user."""
        self.client("demo", "network", "create", "net1")
        self.client(
            "demo", "subnet", "create", "--network", "net1", "--subnet-range", "10.10.10.0/24", "sub1"
        )
        return "net1, 10.10.10.0/24, by demo, who is a member of a project"

    def two_servers_boot_on_two_hosts(self) -> str:
        """The second use case; only an administrator may say on which host."""
        for number in (1, 2):
            version = ("--os-compute-api-version", "2.74")
            what = ("--image", "guest", "--flavor", "tiny", "--network", "net1", "--host", f"host{number}")
            self.client("admin", *version, "server", "create", *what, "--wait", f"vm{number}")
        shown = self.client("demo", "server", "list", "-f", "json")
        return ", ".join(
            f"{server['Name']} {server['Status']} {server['Networks']}" for server in json.loads(shown)
        )

    def both_have_leases_and_answer(self) -> str:
        """The third use case, and a ping from a machine beside them."""
        leases = {name: self._lease(name) for name in ("vm1", "vm2")}
        for name, address in leases.items():
            if address != self._address(name):
                raise LabError(f"{name} has {address} by DHCP, and {self._address(name)} by Nova")
        network = self.network.find_network("net1")
        port = self.network.create_port(network_id=network.id, name="pinger")
        self.pinger = self.cloud.lab.hosts["host1"].plug(port.id, port.mac_address, "pinger")
        self._wait_port(port.id, "ACTIVE")
        self.pinger.udhcpc()
        for address in leases.values():
            self._ping(address)
        return f"{leases}, and a machine beside them has an answer from both"

    def a_second_nic_is_attached_and_detached(self) -> str:
        """Hot plugging."""
        self.client("demo", "network", "create", "net2")
        self.client("demo", "subnet", "create", "--network", "net2", "--subnet-range", "10.20.0.0/24", "sub2")
        self.client("demo", "server", "add", "network", "vm1", "net2")
        port = self._port_of("vm1", "net2")
        self._wait_port(port.id, "ACTIVE")
        self.client("demo", "server", "remove", "network", "vm1", "net2")
        wait_until(lambda: slowly(lambda: not self._ports_of("vm1", "net2")), WAIT_S, "the port to go")
        self.client("demo", "network", "delete", "net2")
        return "ACTIVE, then gone with its port"

    def a_hard_reboot(self) -> str:
        """libvirt unplugs and plugs again."""
        self.client("demo", "server", "reboot", "--hard", "--wait", "vm1")
        address = self._lease("vm1")
        self._ping(address)
        return f"the same lease, {address}, and it answers"

    def another_address_is_shown(self) -> str:
        """Nova hears network-changed."""
        port = self._port_of("vm1", "net1")
        self.network.update_port(port, fixed_ips=[{"ip_address": "10.10.10.77"}])
        wait_until(lambda: slowly(lambda: self._address("vm1") == "10.10.10.77"), WAIT_S, "Nova to show it")
        self.client("demo", "server", "reboot", "--hard", "--wait", "vm1")
        if self._lease("vm1") != "10.10.10.77":
            raise LabError(f"vm1 has a lease of {self._lease('vm1')}")
        return "Nova shows 10.10.10.77, and DHCP gives it"

    def a_resize_to_the_other_host(self) -> str:
        """Cold: the server stops, and starts elsewhere."""
        before = self._host("vm2")
        self.client("demo", "server", "resize", "--flavor", "small", "--wait", "vm2")
        self.client("demo", "server", "resize", "confirm", "vm2")
        wait_until(lambda: slowly(lambda: self._server("vm2").status == "ACTIVE"), WAIT_S, "the confirmation")
        if self._host("vm2") == before:
            raise LabError(f"vm2 is still on {before}")
        self._ping(self._lease("vm2"))
        return f"from {before} to {self._host('vm2')}, with its address"

    def a_live_migration_under_ping(self) -> str:
        """Nova makes an inactive binding at the target and activates it; libvirt copies the memory."""
        if self.pinger is None:
            raise LabError("there is nobody to ping")
        before = self._host("vm2")
        target = next(name for name in self.cloud.lab.hosts if name != before)
        with pings(self.pinger, self._address("vm2")) as lost:
            options = ("--live-migration", "--block-migration", "--host", target, "--wait")
            self.client("admin", "--os-compute-api-version", "2.30", "server", "migrate", *options, "vm2")
            if self._host("vm2") != target:
                raise LabError(f"vm2 is on {self._host('vm2')}: {self._server('vm2').fault}")
        bindings = self._port_of("vm2", "net1").binding_host_id
        if bindings != target:
            raise LabError(f"the port is bound to {bindings}")
        if len(lost) > LOST_BY_LIVE_MIGRATION:
            raise LabError(f"{len(lost)} pings were lost: {lost}")
        return f"from {before} to {target}; of ten pings a second {len(lost)} were lost"

    def a_live_migration_back_under_ping(self) -> str:
        """Once away from the host of who pings, and once to it."""
        return self.a_live_migration_under_ping()

    def a_port_of_the_user_survives_its_server(self) -> str:
        """Nova unbinds what it did not make."""
        self.client("demo", "port", "create", "--network", "net1", "mine")
        what = ("--image", "guest", "--flavor", "tiny", "--port", "mine")
        self.client("demo", "server", "create", *what, "--wait", "vm3")
        self.client("demo", "server", "delete", "--wait", "vm3")
        port = self.network.find_port("mine")
        if port is None or port.device_id or port.binding_host_id:
            raise LabError(f"the port is {port}")
        self.client("demo", "port", "delete", "mine")
        return "unbound, and free for another"

    def all_is_deleted(self) -> str:
        """Nothing is left: no server, no port, no interface, no tag."""
        servers = [server.name for server in self.compute.servers()]
        if servers:
            self.client("demo", "server", "delete", "--wait", *servers)
        if self.pinger is not None:
            self.pinger.unplug()
            self.pinger = None
        for port in list(self.network.ports()):
            if not port.device_owner.startswith("network:"):
                if port.name != "pinger":
                    raise LabError(f"{port.id} of {port.device_id} is left")
                self.network.delete_port(port)
        for network in list(self.network.networks(is_router_external=False)):
            self.network.delete_network(network)
        for host in self.cloud.lab.hosts.values():
            wait_until(lambda host=host: slowly(lambda: not self._taps(host)), 30, f"{host.name} to be empty")
        return f"{', '.join(servers)}; no port, no interface of br-int, no tag"

    # -- questions

    def _taps(self, host: Any) -> list[str]:
        return [
            name for name in host.ovs.vsctl("list-ports", "br-int").split() if not name.startswith("int-")
        ]

    def client(self, user: str, *words: str) -> str:
        """Run the command `openstack` in project demo."""
        env = environment(self.cloud.client_environment("demo", user))
        return run([str(CLIENT), *words], timeout_s=WAIT_S, env=env).stdout

    def _server(self, name: str) -> Any:
        found = self.cloud.connection("demo").compute.find_server(name, ignore_missing=False)
        return self.cloud.connection("demo").compute.get_server(found.id)

    def _host(self, name: str) -> str:
        return str(self._server(name).compute_host or self._server(name).hypervisor_hostname)

    def _address(self, name: str) -> str:
        return str(self._server(name).addresses["net1"][0]["addr"])

    def _ports_of(self, server: str, network: str) -> list[Any]:
        network_id = self.network.find_network(network).id
        return list(self.network.ports(device_id=self._server(server).id, network_id=network_id))

    def _port_of(self, server: str, network: str) -> Any:
        return wait_until(lambda: slowly(lambda: self._ports_of(server, network)), WAIT_S, "its port")[0]

    def _wait_port(self, port_id: str, status: str) -> None:
        wait_until(
            lambda: slowly(lambda: self.network.get_port(port_id).status == status),
            WAIT_S,
            f"it to be {status}",
        )

    def _lease(self, name: str) -> str:
        """Wait until a server has said on its console that it has a lease; give the address."""
        server = self._server(name)

        def said() -> str:
            text = self.compute.get_server_console_output(server.id)["output"]
            found = LEASE.findall(text.rpartition("osken-guest: Linux")[2])
            return found[-1] if found else ""

        return str(wait_until(lambda: slowly(said), WAIT_S, f"a lease of {name}"))

    def _ping(self, address: str) -> None:
        if self.pinger is None:
            raise LabError("there is nobody to ping")
        wait_until(lambda: slowly(lambda: self.pinger.ping(address).ok), 60, f"{address} to answer")

    # -- the bar

    def a_server_runs_within_a_second_of_its_port(self) -> str:
        """Nova waits for the port as it does by default, and not longer than it must."""
        waits = self.cloud.nova_waits()
        if waits != NOVA_S_DEFAULTS:
            raise LabError(f"vif_plugging_timeout and vif_plugging_is_fatal are {waits}")
        delays = self._delays()
        shown = ", ".join(f"{delay:.3f}" for delay in delays)
        if len(delays) < FIRST_BOOTS or max(delays) > RUNS_WITHIN_S:
            raise LabError(f"after their ports were ACTIVE, servers ran after {shown} s")
        return f"vif_plugging_timeout 300, fatal; {len(delays)} first boots, {shown} s"

    def _delays(self) -> list[float]:
        """Give, of each server's first boot, the time from its port's being ACTIVE to its running."""
        text = (self.cloud.lab.site.directory("controller") / "controller.log").read_text()
        active = {port: at for at, port in reversed(PORT_IS_ACTIVE.findall(text))}
        port_of = {server: port for port, server in reversed(NOVA_WAS_TOLD.findall(text))}
        logs = [path.read_text(errors="replace") for path in self.cloud.compute_logs()]
        runs = {server: at for log in logs for at, server in SERVER_RUNS.findall(log)}
        return [
            (_moment(at) - _moment(active[port_of[server]])).total_seconds() for server, at in runs.items()
        ]


def _moment(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp.replace(",", "."))
