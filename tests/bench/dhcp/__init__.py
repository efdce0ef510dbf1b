"""The DHCP benchmark: this server, OVN, dnsmasq and Kea, side by side behind Open vSwitch."""


def main() -> int:
    """Run it."""
    from tests.bench.dhcp.benchmark import main as run

    return run()
