"""The pure pieces of the lab."""

import json
import lzma
import subprocess
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from osken_apps.lab import guest
from osken_apps.lab.dhcp_clients import DhcpEvent, parse_event
from osken_apps.lab.guest import copy_kernel, module_dependencies, newest_release
from osken_apps.lab.network import choose_subnet, taken_subnets
from osken_apps.lab.open_vswitch import datapath_id, system_id
from osken_apps.lab.ping import PingResult, parse_ping
from osken_apps.lab.plug import tap_name
from osken_apps.lab.processes import Process, parse_stat
from osken_apps.lab.records import Site
from osken_apps.lab.shell import LabError, wait_until


def networks(*texts: str) -> list[IPv4Network]:
    return [IPv4Network(text) for text in texts]


def test_the_first_free_subnet_is_chosen() -> None:
    assert choose_subnet([]) == IPv4Network("198.18.0.0/24")


def test_a_subnet_in_use_is_passed_over() -> None:
    taken = networks("198.18.0.0/24", "198.18.1.128/25", "10.0.0.0/8")
    assert choose_subnet(taken) == IPv4Network("198.18.2.0/24")


def test_a_default_route_takes_nothing() -> None:
    assert choose_subnet(networks("0.0.0.0/0")) == IPv4Network("198.18.0.0/24")


def test_no_free_subnet_is_a_clear_error() -> None:
    with pytest.raises(LabError, match=r"no /24 of 198\.18\.0\.0/15 is free"):
        choose_subnet(networks("198.16.0.0/12"))


def test_addresses_and_routes_are_both_read() -> None:
    addresses = [
        {"addr_info": [{"family": "inet", "local": "192.0.2.7", "prefixlen": 24}]},
        {"addr_info": [{"family": "inet6", "local": "fd00::2", "prefixlen": 64}]},
        {},
    ]
    routes = [{"dst": "default"}, {"dst": "198.18.5.0/24"}, {"dst": "198.18.6.1"}, {"dst": "fe80::/64"}]
    found = taken_subnets(json.dumps(addresses), json.dumps(routes))
    assert found == networks("192.0.2.0/24", "198.18.5.0/24", "198.18.6.1/32")


def test_the_machine_may_have_no_ipv4_at_all() -> None:
    assert taken_subnets("", "") == []


@pytest.mark.parametrize("name", ["", "toolongname", "a-b", "Lab", "../x"])
def test_a_lab_name_that_would_not_fit_an_interface_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="lab name"):
        Site(name, tmp_path)


def test_every_bridge_has_a_datapath_id_of_its_own_that_stays() -> None:
    ids = {datapath_id(host, bridge) for host in ("host1", "host2") for bridge in ("br-int", "br-eth2")}
    assert len(ids) == 4
    assert datapath_id("host1", "br-int") == 0xD15D9C8A7FA3
    assert system_id("host1") != system_id("host2")


def test_a_tap_is_named_after_its_port() -> None:
    assert tap_name("53903a95-82aa-4d9f-8c6e-000000000001") == "tap53903a95-82"


def test_a_process_name_may_hold_anything() -> None:
    rest = "S 1 " + " ".join(str(number) for number in range(5, 30))
    assert parse_stat(f"42 (a) b (c) {rest}\n") == Process(42, 22)


def test_a_dhcp_event_is_what_the_client_handed_over() -> None:
    text = "event=bound\0PATH=/bin\0ip=10.10.10.2\0opt53=05\0staticroutes=0.0.0.0/0 10.10.10.1\0PWD=/\0"
    variables = {"ip": "10.10.10.2", "opt53": "05", "staticroutes": "0.0.0.0/0 10.10.10.1"}
    assert parse_event(text) == DhcpEvent("bound", variables)


@pytest.mark.parametrize(
    "text",
    ["3 packets transmitted, 2 received, 33% packet loss", "3 packets transmitted, 2 packets received, 33%"],
)
def test_both_pings_are_understood(text: str) -> None:
    assert parse_ping(text) == PingResult(3, 2, text)


def test_a_ping_that_never_ran_is_not_ok() -> None:
    assert not parse_ping("ping: connect: Network is unreachable").ok


def test_a_module_names_what_it_depends_on() -> None:
    content = b"\0license=GPL\0depends=net_failover,virtio-ring\0retpoline=Y\0"
    assert module_dependencies(content) == ["net_failover", "virtio_ring"]
    assert module_dependencies(b"\0depends=\0name=virtio_ring\0") == []


def unpack_kernel(tree: Path, lib: str, release: str, modules: dict[str, bytes], built_in: str = "") -> None:
    """Lay out what a package of a kernel holds; modules are by path."""
    (tree / "boot").mkdir(parents=True)
    (tree / f"boot/vmlinuz-{release}").write_bytes(b"kernel")
    place = tree / lib / "modules" / release
    for path, content in modules.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(content)
    (place / "modules.builtin").write_text(built_in)


def copied_kernel(tmp_path: Path) -> dict[str, bytes]:
    """Copy the kernel of `tree`; give the files of the copy."""
    tree, place = tmp_path / "tree", tmp_path / "kernel"
    release = newest_release(tree)
    assert release is not None
    copy_kernel(tree, release, tmp_path / "fresh", place)
    return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("known", "packages"),
    [
        (
            {
                "linux-image-cloud-amd64": ["linux-image-6.1.0-56-cloud-amd64"],
                "linux-image-6.1.0-56-cloud-amd64": ["kmod", "linux-base"],
            },
            ["linux-image-6.1.0-56-cloud-amd64"],
        ),
        (
            {
                "linux-image-virtual": ["linux-image-6.8.0-151-generic"],
                "linux-image-6.8.0-151-generic": ["kmod", "linux-base", "linux-modules-6.8.0-151-generic"],
            },
            ["linux-image-6.8.0-151-generic", "linux-modules-6.8.0-151-generic"],
        ),
    ],
    ids=["Debian", "Ubuntu"],
)
def test_the_packages_of_a_kernel_are_those_of_the_distribution(
    monkeypatch: pytest.MonkeyPatch, known: dict[str, list[str]], packages: list[str]
) -> None:
    def apt_cache(argv: list[str]) -> subprocess.CompletedProcess[str]:
        shown = [
            line
            for name in argv
            if name in known
            for line in (name, *map("  Depends: {}".format, known[name]))
        ]
        return subprocess.CompletedProcess(argv, 0, "\n".join(shown))

    monkeypatch.setattr(guest, "run", apt_cache)
    assert guest.kernel_packages() == packages


PCI = b"\0depends=virtio_ring\0"
NET = b"\0depends=\0"
RING = b"\0depends=\0"


@pytest.mark.parametrize("lib", ["lib", "usr/lib"])
def test_a_kernel_and_its_modules_are_where_either_debian_has_them(tmp_path: Path, lib: str) -> None:
    modules = {"virtio/virtio_pci.ko": PCI, "virtio/virtio_ring.ko": RING, "net/virtio_net.ko": NET}
    unpack_kernel(tmp_path / "tree", lib, "6.1.0-1-cloud-amd64", modules)
    assert copied_kernel(tmp_path) == {
        "vmlinuz": b"kernel",
        "modules/order": b"virtio_ring.ko\nvirtio_pci.ko\nvirtio_net.ko\n",
        "modules/virtio_ring.ko": RING,
        "modules/virtio_pci.ko": PCI,
        "modules/virtio_net.ko": NET,
    }


def test_a_module_that_is_built_into_the_kernel_is_not_loaded(tmp_path: Path) -> None:
    built_in = "kernel/drivers/virtio/virtio_ring.ko\nkernel/drivers/virtio/virtio_pci.ko\n"
    modules = {"net/virtio_net.ko.xz": lzma.compress(PCI)}
    unpack_kernel(tmp_path / "tree", "usr/lib", "6.12.1-cloud-amd64", modules, built_in)
    assert copied_kernel(tmp_path) == {
        "vmlinuz": b"kernel",
        "modules/order": b"virtio_net.ko\n",
        "modules/virtio_net.ko": PCI,
    }


def test_a_module_that_a_kernel_lacks_is_named(tmp_path: Path) -> None:
    unpack_kernel(tmp_path / "tree", "lib", "6.1.0-1-cloud-amd64", {"virtio/virtio_pci.ko": NET})
    with pytest.raises(LabError, match=r"6\.1\.0-1-cloud-amd64 has no module virtio_net"):
        copied_kernel(tmp_path)


def test_waiting_in_vain_says_for_what_and_what_was_there_instead() -> None:
    with pytest.raises(LabError, match=r"waited 0 s in vain for a lease; it last looked like \[\]"):
        wait_until(list, 0, "a lease")
