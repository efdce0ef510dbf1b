"""docs/when-something-does-not-work.md shows what the commands print of such facts."""

import re
from pathlib import Path

import pytest

from osken_apps.cli.explained import print_explanation
from osken_apps.dhcp.decision import SilenceReason
from osken_apps.explain.causes import explain_address, explain_reach
from osken_apps.explain.facts import Facts
from osken_apps.rest.explain_told import shown
from tests.unit.explain_facts import (
    HOST1,
    OUT,
    TCP_80,
    VM1,
    VM2,
    facts,
    guarded,
    host,
    installed,
    journal,
    leased,
    refused,
    seen,
)

PAGE = Path(__file__).parents[2] / "docs" / "when-something-does-not-work.md"
WRONG_MAC = "chaddr is 02:00:00:00:00:99, the source 02:00:00:00:00:99; the port's is fa:16:3e:00:00:01"
ASKING = seen(VM1, journal=journal(refused(SilenceReason.HARDWARE_ADDRESS, WRONG_MAC)))
NO_ADDRESS = facts(ASKING, None, host(HOST1, installed=installed(HOST1, packets=3)))
NO_WEB = facts(
    seen(VM1, journal=leased(VM1)),
    seen(VM2, journal=leased(VM2), groups=("web",)),
    guarded(VM1, "host1", OUT),
    guarded(VM2, "host2", OUT),
    traffic=TCP_80,
)
SHOWN = {"osken-net explain vm1": NO_ADDRESS, "osken-net explain vm1 vm2 --tcp 80 | head -3": NO_WEB}
HEAD = 3


def printed(given: Facts, capsys: pytest.CaptureFixture[str]) -> str:
    told = explain_reach(given) if given.peer else explain_address(given)
    print_explanation(shown("", told, given.hosts))
    return capsys.readouterr().out


@pytest.mark.parametrize("command", SHOWN)
def test_the_page_shows_what_is_printed(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = dict(re.findall(r"    \$ (osken-net [^\n]*)\n((?:    [^$\n][^\n]*\n)*)", PAGE.read_text()))
    lines = printed(SHOWN[command], capsys).splitlines()
    wanted = lines[:HEAD] if "head" in command else lines
    assert blocks[command] == "".join(f"    {line}\n" for line in wanted)
