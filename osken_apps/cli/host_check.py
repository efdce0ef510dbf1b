"""`osken-net host-check`: what is missing on a host, in the words that the controller uses. SHELL."""

import argparse
import re
import time
from collections.abc import Sequence
from dataclasses import replace

from osken_apps.cli import api, ovs_facts
from osken_apps.cli.api import Api
from osken_apps.cli.command import CannotTell
from osken_apps.cli.host_options import add_options, plan_of, run_on_host
from osken_apps.cli.host_script import HostPlan, is_address
from osken_apps.errors import Malformed
from osken_apps.model.addresses import mac_address
from osken_apps.model.conditions import Code, Condition, Expected, HostFacts, PortDirectory, conditions
from osken_apps.model.resources import Port
from osken_apps.model.snapshot import Layout
from osken_apps.printable import printable

DESCRIPTION = """Say what is missing on a host, and what to type there.

It reads the host's Open vSwitch and changes nothing. Exit status 0: all is well; 1: something is missing;
3: cannot tell."""
EPILOG = """examples:
  osken-net host-check
  osken-net host-check --controller 192.0.2.10 --through 'ssh root@host1' --api http://127.0.0.1:9696"""
CONNECTION_SHOWN_WITHIN_S = 6.0  # Open vSwitch writes down every 5 s which bridge is connected
INTERVAL_S = 0.5
DEVICE = re.compile(r" dev (\S+)")


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command line of `host-check` is."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    add_options(parser, controller_required=False)
    parser.add_argument(
        "--api",
        metavar="URL",
        type=api.url,
        help=f"ask the API ({api.DEFAULT_URL}) which ports there are, to name the one that was meant",
    )
    parser.set_defaults(handler=host_check)


def host_check(parsed: argparse.Namespace) -> int:
    """Print what is wrong with the host; give 1 if anything is. Raises CannotTell."""
    plan = plan_of(parsed)
    ports = _ports(parsed.api) if parsed.api else None
    expected = replace(_expected(plan), ports=ports)
    deadline = time.monotonic() + CONNECTION_SHOWN_WITHIN_S
    while True:
        facts = _facts(parsed.through, plan.controller)
        found = conditions(facts, expected)
        waits = any(condition.code is Code.NOT_CONNECTED for condition in found)
        if not waits or time.monotonic() > deadline:
            break
        time.sleep(INTERVAL_S)
    print(rendered(facts, found))
    return 1 if found else 0


def _facts(through: Sequence[str], controller: str) -> HostFacts:
    output = run_on_host(through, ovs_facts.command())
    try:
        return ovs_facts.host_facts(output, way_to(through, controller))
    except (ValueError, Malformed) as error:
        raise CannotTell(f"ovs-vsctl printed something else than its tables: {error}") from error


def way_to(through: Sequence[str], controller: str) -> str:
    """Give the device over which the host reaches the controller; empty: that is not known."""
    address = controller
    if controller and not is_address(controller):
        address = run_on_host(through, ["getent", "ahosts", controller], ok=()).partition(" ")[0]
    route = run_on_host(through, ["ip", "-o", "route", "get", address], ok=()) if address else ""
    return found[1] if (found := DEVICE.search(route)) else ""


def _ports(url: str) -> PortDirectory:
    """Ask the API for all ports."""
    fields = ["id", "name", "network_id", "device_id", "mac_address"]
    shown = Api(url).each("ports", fields=fields)
    return PortDirectory({port["id"]: _port(port) for port in shown})


def _port(shown: dict[str, str]) -> Port:
    return Port(
        id=shown["id"],
        project_id="",
        name=shown["name"],
        network_id=shown["network_id"],
        device_id=shown["device_id"],
        mac_address=mac_address(shown["mac_address"]),
    )


def _expected(plan: HostPlan) -> Expected:
    """Expect all that the options name: each physical bridge is needed, whatever its network is called."""
    mappings = tuple((bridge.name, bridge.name) for bridge in plan.physical_bridges)
    return Expected(
        Layout(plan.integration_bridge, mappings),
        plan.controller,
        plan.openflow_port,
        plan.ovsdb_port,
        openflow_method=plan.method,
        ovsdb_method=plan.method,
        needed=[name for name, _ in mappings],
    )


def rendered(facts: HostFacts, found: Sequence[Condition]) -> str:
    """Write the conditions for a person: a sentence, and below it what to type."""
    name = facts.hostname or facts.system_id or "this host"
    if not found:
        return printable(f"{name}: nothing is missing")
    lines = [f"{name}: {len(found)} thing{'s' if len(found) > 1 else ''} to mend"]
    for condition in found:
        lines += [f"- {condition.sentence}", f"    {condition.remedy}"]
    return "\n".join(map(printable, lines))
