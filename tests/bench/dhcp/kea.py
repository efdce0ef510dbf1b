"""Kea's DHCPv4 server, with a reservation for each client and its leases in memory only."""

import json
from typing import Any

from osken_apps.lab.network import Namespace
from tests.bench.dhcp import plan
from tests.bench.dhcp.dnsmasq import Dnsmasq


class Kea(Dnsmasq):
    """One kea-dhcp4 where the other has its dnsmasq."""

    name = "Kea"

    def _start_server(self, namespace: Namespace, clients: int) -> None:
        directory = self.lab.site.directory("kea")
        config_file = directory / "kea-dhcp4.conf"
        config_file.write_text(json.dumps({"Dhcp4": _config(clients)}))
        env = {"KEA_PIDFILE_DIR": str(directory), "KEA_LOCKFILE_DIR": str(directory)}
        self._start_process("kea-dhcp4", ["kea-dhcp4", "-c", str(config_file)], namespace, env)


def _config(clients: int) -> dict[str, Any]:
    options = {
        "routers": plan.GATEWAY,
        "domain-name-servers": plan.DNS_SERVER,
        "domain-name": plan.DOMAIN,
        "interface-mtu": plan.MTU,
    }
    return {
        "interfaces-config": {"interfaces": ["eth0"]},
        "lease-database": {"type": "memfile", "persist": False},
        "valid-lifetime": plan.LEASE_TIME_S,
        "host-reservation-identifiers": ["hw-address"],
        "subnet4": [
            {
                "id": 1,
                "subnet": str(plan.SUBNET),
                "reservations-out-of-pool": True,
                "option-data": [{"name": name, "data": str(data)} for name, data in options.items()],
                "reservations": [_reservation(client) for client in range(clients)],
            }
        ],
        "loggers": [{"name": "kea-dhcp4", "severity": "ERROR", "output_options": [{"output": "stdout"}]}],
    }


def _reservation(client: int) -> dict[str, str]:
    return {"hw-address": plan.mac(client), "ip-address": str(plan.address(client))}
