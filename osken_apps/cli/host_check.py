"""`osken-net host-check`: what is missing on a host, in the words that the controller uses. SHELL."""

import argparse
import re
import time
from collections.abc import Sequence

from osken_apps.cli import ovs_facts
from osken_apps.cli.command import CommandError
from osken_apps.cli.host_options import add_options, plan_of, run_on_host
from osken_apps.cli.host_script import HostPlan
from osken_apps.model.conditions import Code, Condition, Expected, HostFacts, conditions
from osken_apps.model.snapshot import Layout

DESCRIPTION = """Say what is missing on a host, and what to type there.

It reads the host's Open vSwitch and changes nothing. Exit status 0: all is well; 1: something is missing."""
EPILOG = """examples:
  osken-net host-check
  osken-net host-check --controller 192.0.2.10 --through 'ssh root@host1'"""
CONNECTION_SHOWN_WITHIN_S = 6.0  # Open vSwitch writes down every 5 s which bridge is connected
INTERVAL_S = 0.5
DEVICE = re.compile(r" dev (\S+)")


def configure(parser: argparse.ArgumentParser) -> None:
    """Say what the command line of `host-check` is."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    add_options(parser, controller_required=False)
    parser.set_defaults(handler=host_check)


def host_check(parsed: argparse.Namespace) -> int:
    """Print what is wrong with the host; give 1 if anything is. Raises CommandError."""
    plan = plan_of(parsed)
    deadline = time.monotonic() + CONNECTION_SHOWN_WITHIN_S
    while True:
        facts = _facts(parsed.through, plan.controller)
        found = conditions(facts, _expected(plan))
        if {condition.code for condition in found} != {Code.NOT_CONNECTED} or time.monotonic() > deadline:
            break
        time.sleep(INTERVAL_S)
    print(rendered(facts, found))
    return 1 if found else 0


def _facts(through: Sequence[str], controller: str) -> HostFacts:
    output = run_on_host(through, ovs_facts.command())
    way = ""
    if controller:
        route = run_on_host(through, ["ip", "-o", "route", "get", controller], check=False)
        way = found[1] if (found := DEVICE.search(route)) else ""
    try:
        return ovs_facts.host_facts(output, way)
    except (KeyError, ValueError) as error:
        raise CommandError(f"ovs-vsctl printed something else than its tables: {error}") from error


def _expected(plan: HostPlan) -> Expected:
    """Expect all that the options name: each physical bridge is needed, whatever its network is called."""
    mappings = tuple((bridge.name, bridge.name) for bridge in plan.physical_bridges)
    return Expected(
        Layout(plan.integration_bridge, mappings),
        plan.controller,
        plan.openflow_port,
        plan.ovsdb_port,
        needed=[name for name, _ in mappings],
    )


def rendered(facts: HostFacts, found: Sequence[Condition]) -> str:
    """Write the conditions for a person: a sentence, and below it what to type."""
    name = facts.hostname or facts.system_id or "this host"
    if not found:
        return f"{name}: nothing is missing"
    lines = [f"{name}: {len(found)} thing{'s' if len(found) > 1 else ''} to mend"]
    for condition in found:
        lines += [f"- {condition.sentence}", f"    {condition.remedy}"]
    return "\n".join(lines)
