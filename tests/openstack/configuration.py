"""The configuration of the OpenStack services, as text: what an operator would write, and nothing more."""

from dataclasses import dataclass
from pathlib import Path

PASSWORD = "secret"
REGION = "RegionOne"


@dataclass(frozen=True)
class Places:
    """Where things are: `address` is that of all services, `network` the URL of the controller's API."""

    directory: Path
    address: str
    network: str

    def url(self, port: int, path: str = "") -> str:
        """Give the URL of a service."""
        return f"http://{self.address}:{port}{path}"

    @property
    def identity(self) -> str:
        """Keystone's URL."""
        return self.url(5000, "/v3")

    def database(self, name: str) -> str:
        """Give the URL of a database."""
        return f"mysql+pymysql://root:{PASSWORD}@{self.address}/{name}"


def credentials(places: Places, section: str, user: str) -> str:
    """Give the section by which a service speaks to another one as a user of its own."""
    return f"""[{section}]
auth_type = password
auth_url = {places.identity}
username = {user}
password = {PASSWORD}
user_domain_name = Default
project_name = service
project_domain_name = Default
region_name = {REGION}
"""


def token_section(places: Places, user: str) -> str:
    """Give the section by which a service asks who holds a token."""
    return credentials(places, "keystone_authtoken", user) + f"www_authenticate_uri = {places.identity}\n"


def keystone(places: Places) -> str:
    """Give keystone.conf."""
    return f"""[database]
connection = {places.database("keystone")}
[fernet_tokens]
key_repository = {places.directory}/fernet
[credential]
key_repository = {places.directory}/credential
"""


def placement(places: Places) -> str:
    """Give placement.conf."""
    return f"""[placement_database]
connection = {places.database("placement")}
[api]
auth_strategy = keystone
{token_section(places, "placement")}"""


def glance(places: Places) -> str:
    """Give glance-api.conf."""
    return f"""[DEFAULT]
enabled_backends = fs:file
[glance_store]
default_backend = fs
[fs]
filesystem_store_datadir = {places.directory}/images
[os_glance_staging_store]
filesystem_store_datadir = {places.directory}/staging
[os_glance_tasks_store]
filesystem_store_datadir = {places.directory}/tasks
[database]
connection = {places.database("glance")}
[paste_deploy]
flavor = keystone
{token_section(places, "glance")}"""


def nova(places: Places) -> str:
    """Give nova.conf of the services that are one for all hosts."""
    return f"""[DEFAULT]
transport_url = rabbit://guest:guest@{places.address}:5672/
state_path = {places.directory}/nova
osapi_compute_workers = 1
graceful_shutdown_timeout = 1
[api_database]
connection = {places.database("nova_api")}
[database]
connection = {places.database("nova")}
[oslo_concurrency]
lock_path = {places.directory}/nova/locks
[conductor]
workers = 1
[scheduler]
workers = 1
discover_hosts_in_cells_interval = 2
[glance]
api_servers = {places.url(9292)}
[cinder]
os_region_name = {REGION}
{token_section(places, "nova")}
{credentials(places, "placement", "nova")}
{credentials(places, "neutron", "nova")}
{credentials(places, "service_user", "nova")}send_service_user_token = true
"""


def compute(places: Places, host: str, address: str) -> str:
    """Give what nova.conf of a host has beside; its disks are its own."""
    return f"""[DEFAULT]
host = {host}
my_ip = {address}
compute_driver = libvirt.LibvirtDriver
instances_path = /var/lib/nova/instances
state_path = {places.directory}/nova-{host}
[oslo_concurrency]
lock_path = {places.directory}/nova-{host}/locks
[os_vif_ovs]
ovsdb_connection = unix:/run/openvswitch/db.sock
[libvirt]
virt_type = qemu
cpu_mode = none
live_migration_scheme = tcp
live_migration_inbound_addr = {address}
use_virtio_for_bridges = true
[vnc]
enabled = false
[database]
connection =
[api_database]
connection =
[workarounds]
skip_cpu_compare_on_dest = true
disable_deep_image_inspection = true
skip_cpu_compare_at_startup = true
"""


def controller(places: Places, address: str) -> dict[str, str]:
    """Give the sections by which the controller is the network of this cloud."""
    return {
        "api": f"host = {address}\ninsecure = true\nauthentication = keystone",
        "keystone_authtoken": token_section(places, "neutron").partition("\n")[2],
        "nova": f"auth_url = {places.identity}\nusername = neutron\npassword = {PASSWORD}\n"
        f"region_name = {REGION}\ninterface = public",
    }
