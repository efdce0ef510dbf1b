"""Horizon, and the reference's own steps in a browser: a network, a machine, the topology."""

import json
from pathlib import Path

from osken_apps.lab import LabError
from osken_apps.lab.shell import environment, run
from tests.openstack.cloud import Cloud
from tests.openstack.configuration import PASSWORD

PORT = 8000
EXPECTED = {"network": ["net1"], "machine": ["net1", "vm1"], "addresses": ["10.10.10.2"]}
SETTINGS = """import os
DEBUG = False
ALLOWED_HOSTS = ["*"]
SECRET_KEY = "only for this run"
STATIC_ROOT = {static!r}
COMPRESS_OFFLINE = True
CACHES = {{"default": {{"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}}}
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
OPENSTACK_KEYSTONE_URL = {identity!r}
OPENSTACK_NEUTRON_NETWORK = {{"enable_router": False}}
OPENSTACK_ENDPOINT_TYPE = "publicURL"
"""


def story(cloud: Cloud, output: Path) -> str:
    """Start Horizon, and do the reference's steps in it as demo; the pictures go to `output`."""
    python = str(cloud.environment / "dashboard/bin/python")
    package = (
        next((cloud.environment / "dashboard/lib").glob("python3*")) / "site-packages/openstack_dashboard"
    )
    static = cloud.places.directory / "static"
    settings = SETTINGS.format(static=str(static), identity=cloud.places.identity)
    (package / "local/local_settings.py").write_text(settings)
    django = [python, "-m", "django"]
    env = environment({"DJANGO_SETTINGS_MODULE": "openstack_dashboard.settings"})
    run([*django, "collectstatic", "--noinput", "-v0"], timeout_s=180, env=env)
    run([*django, "compress", "--force", "-v0"], timeout_s=180, env=env)
    address = f"{cloud.places.address}:{PORT}"
    cloud.start_process("horizon", [*django, "runserver", "--insecure", "--noreload", address], env)
    cloud.wait_answer(f"http://{address}/auth/login/", "Horizon")
    browse = [python, str(Path(__file__).with_name("browse.py")), f"http://{address}", PASSWORD, str(output)]
    # Among the services, so that the browser ends with them, and with what it keeps below their directory.
    env = {"HOME": str(cloud.home), "TMPDIR": str(cloud.home)}
    told = json.loads(cloud.namespace.run(browse, timeout_s=300, env=env).stdout)
    if told != EXPECTED:
        raise LabError(f"Horizon shows {told}")
    return f"a network and a machine made in the browser, which the topology shows with {told['addresses']}"
