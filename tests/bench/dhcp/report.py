"""The result as a table in Markdown and as a plot."""

import platform
import subprocess
import time
from pathlib import Path

from tests.bench.dhcp.bars import Bar
from tests.bench.dhcp.crowd import CROWD
from tests.bench.dhcp.measure import Results, Settings

NOTES = """\
Each client is a port of its own on br-int; ratios are the medians of the rounds' ratios. All replies were
checked. Copies of requests that a bridge floods to the other clients end before the generator, which spares
dnsmasq and Kea most of what they cost. The clients of OVN are on switches of 250 ports each. Open vSwitch
writes no statistics of its interfaces to its database while any of them is measured. In a first exchange each
client names itself anew, so that no server has seen its messages before. osken-net's `port_rate` and
`bridge_rate` are raised, but not where a hundred machines of a host ask as often as they may.
"""
VERDICTS = {True: "reached", False: "**not reached**", None: "not measured"}


def machine() -> str:
    """Describe this machine in a line."""
    cpu_info = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in cpu_info if line.startswith("model name")]
    version = subprocess.run(["ovs-vswitchd", "--version"], capture_output=True, text=True, check=False)
    return (
        f"{len(models)} cores of {models[0] if models else 'an unknown processor'},"
        f" Linux {platform.release()}, {version.stdout.splitlines()[0]}"
    )


def table(results: Results, names: list[str], settings: Settings) -> str:
    """Give the medians of all systems."""
    rows = []
    for size in settings.sizes:
        rows.append((f"exchanges/s, {size:,} clients", f"exchanges/{size}", 1.0, "{:,.0f}"))
        rows.append((f"lost, {size:,} clients", f"lost/{size}", 1.0, "{:,.0f}"))
        rows.append((f"processor time an exchange, {size:,} clients, us", f"cpu/{size}", 1e6, "{:,.0f}"))
    large = settings.sizes[-1]
    rows.append((f"first exchanges/s, {large:,} clients", f"first/{large}", 1.0, "{:,.0f}"))
    rows.append((f"first exchanges lost, {large:,} clients", f"first-lost/{large}", 1.0, "{:,.0f}"))
    rows.append(("one client at a time, DISCOVER to ACK, ms", "latency", 1e3, "{:.2f}"))
    rows.append(("in and after a flood: longest wait of others, ms", "flood/worst", 1e3, "{:.1f}"))
    rows.append(("in and after a flood: median wait of others, ms", "flood/median", 1e3, "{:.2f}"))
    rows.append(("in and after a flood: share of others without an answer", "flood/lost", 1.0, "{:.1%}"))
    for where, words in (("here", "their host"), ("there", "another host")):
        for kind, asks in (("again", "the same"), ("first", "each time something else")):
            title = f"{CROWD} machines ask {asks}: longest wait on {words}, ms"
            rows.append((title, f"crowd/{kind}/{where}", 1e3, "{:.1f}"))
    rows.append(("ports created by REST meanwhile, a second", "rest/ports", 1.0, "{:,.0f}"))
    lines = [f"| median of {settings.rounds} rounds | {' | '.join(names)} |", "|---|" + "---:|" * len(names)]
    for title, key, scale, shape in rows:
        cells = [results.median(key, name) for name in names]
        shown = ["" if cell is None else shape.format(cell * scale) for cell in cells]
        if any(shown):
            lines.append(f"| {title} | {' | '.join(shown)} |")
    return "\n".join(lines)


def bars_table(bars: list[Bar]) -> str:
    """Give the bars and how they came out."""
    lines = ["| | to reach | seen | |", "|---|---|---|---|"]
    lines += [f"| {bar.what} | {bar.to_reach} | {bar.seen} | {VERDICTS[bar.reached]} |" for bar in bars]
    return "\n".join(lines)


def document(results: Results, names: list[str], settings: Settings, bars: list[Bar], plot: str) -> str:
    """Give the whole page."""
    return (
        "# DHCP, side by side\n\n"
        f"{time.strftime('%Y-%m-%d')}, {machine()}.\n"
        f"{settings.rounds} interleaved rounds of {settings.seconds:g} s. Written by `make bench`.\n\n"
        f"![full exchanges a second]({plot})\n\n"
        f"{table(results, names, settings)}\n\n{bars_table(bars)}\n\n"
        f"{NOTES}"
    )
