"""What the API explains, asked for and printed for people. SHELL."""

from collections.abc import Mapping
from typing import Any

from osken_apps.cli.api import Api, RequestRefused
from osken_apps.cli.command import Exit, WronglyAsked
from osken_apps.cli.output import Tone, cell, toned

STATUSES = {"ok": Exit.WELL, "broken": Exit.BROKEN, "unknown": Exit.CANNOT_TELL}
TONES = {"ok": Tone.WELL, "broken": Tone.BROKEN, "unknown": Tone.DOUBTFUL}
NOT_FOUND = 404

Told = Mapping[str, Any]


def document_of(api: Api, question: Told) -> dict[str, Any]:
    """Ask the API; give what it explains. Raises CannotTell, WronglyAsked."""
    try:
        told: dict[str, Any] = api.post("explain", {"explain": question})["explain"]
    except RequestRefused as error:
        if error.http_status == NOT_FOUND:
            raise WronglyAsked(str(error)) from error
        raise
    return told


def status_of(told: Told) -> int:
    """Give the exit status that a verdict stands for."""
    return STATUSES[told["verdict"]["state"]]


def print_explanation(told: Told) -> None:
    """Print the verdict, what it follows from, what else is wrong, the ways, and what was not seen."""
    print_verdict(told["verdict"])
    for verdict in told["also"]:
        print(f"Also: {cell(verdict['sentence'])}")
    for name, title in (("path", "There"), ("return_path", "Back")):
        if told[name]:
            _print_path(title, told[name])
    if told["unseen"]:
        print(f"Not seen: {'; '.join(map(cell, told['unseen']))}")


def print_verdict(verdict: Told) -> None:
    """Print what is so, how sure that is, what mends it, and what it follows from."""
    doubt = "" if verdict["certainty"] == "certain" else " (likely)"
    print(toned(cell(verdict["sentence"]), TONES[verdict["state"]]) + doubt)
    if verdict["remedy"]:
        print(f"  What to do: {cell(verdict['remedy'])}")
    for fact in verdict["evidence"]:
        print(cell(f"  {fact['seen_at']} {fact['source']}: {fact['says']}"))


def _print_path(title: str, path: Told) -> None:
    print(cell(f"{title} (connection: {path['assumption']}):"))
    for row in hops_of(path):
        packets = "" if row["packets"] is None else f", {row['packets']} packets"
        rule = row["rule"] or "no flow of ours"
        at = f"{row['host']} {row['bridge']} table {row['table']}"
        print(cell(f"  {at}: {rule}{packets}: {row['meaning']}"))
    for leaving in path["exits"]:
        vlans = f" with VLAN {leaving['vlans'][0]}" if leaving["vlans"] else ""
        print(cell(f"  -> {leaving['port'] or 'the controller'} of {leaving['host']}{vlans}"))
    for stop in path["stops"]:
        print(cell(f"  -| {stop['bridge']} of {stop['host']}: {stop['why']}"))


def hops_of(path: Told | None) -> list[dict[str, Any]]:
    """Give the hops of a path, each as a line."""
    return [{**hop, "rule": _rule(hop)} for hop in path["hops"]] if path else []


def _rule(hop: Told) -> str:
    return f"{hop['rule']} ({hop['number']:#x})" if hop["rule"] else ""
