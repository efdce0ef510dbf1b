"""dnsmasq, with the command line, the hosts file and the options file of the reference."""

from osken_apps.lab.network import Namespace, make_namespace
from tests.bench.dhcp import fan, plan
from tests.bench.dhcp.system import System

SERVER_END = "dhcp"


class Dnsmasq(System):
    """One dnsmasq in a namespace on br-int, where NORMAL switches."""

    name = "dnsmasq"

    def _serve(self, clients: int) -> None:
        self._make_ports([f"client{client}" for client in range(clients)], {"tag": plan.LOCAL_VLAN})
        namespace = make_namespace(self.lab.site, SERVER_END)
        fan.join(self.host, namespace, SERVER_END, "eth0")
        namespace.ip("link", "set", "eth0", "address", plan.SERVER_MAC)
        namespace.ip("addr", "add", f"{plan.SERVER}/{plan.SUBNET.prefixlen}", "dev", "eth0")
        self.host.ovs.vsctl("add-port", "br-int", SERVER_END, f"tag={plan.LOCAL_VLAN}")
        self.host.ovs.set_flows("br-int", ["priority=1,actions=NORMAL"])
        self._start_server(namespace, clients)

    def _start_server(self, namespace: Namespace, clients: int) -> None:
        directory = self.lab.site.directory("dnsmasq")
        hosts, options = directory / "host", directory / "opts"
        hosts.write_text("".join(map(_host, range(clients))))
        options.write_text(
            f"tag:tag0,option:dns-server,{plan.DNS_SERVER}\ntag:tag0,option:router,{plan.GATEWAY}\n"
            f"tag:tag0,option:mtu,{plan.MTU}\n"
        )
        command = [
            "dnsmasq", "--no-hosts", "--no-resolv", "--strict-order", "--bind-interfaces", "--interface=eth0",
            "--except-interface=lo", f"--pid-file={directory / 'pid'}", f"--dhcp-hostsfile={hosts}",
            f"--dhcp-optsfile={options}", "--leasefile-ro",
            f"--dhcp-range=set:tag0,{plan.SUBNET[0]},static,{plan.LEASE_TIME_S}s",
            f"--dhcp-lease-max={plan.SUBNET.num_addresses}", "--conf-file=", f"--domain={plan.DOMAIN}",
            "--keep-in-foreground", "--user=root",
        ]  # fmt: skip
        self._start_process("dnsmasq", command, namespace)


def _host(client: int) -> str:
    address = plan.address(client)
    return f"{plan.mac(client)},host-{str(address).replace('.', '-')}.{plan.DOMAIN},{address}\n"
