"""`osken-net explain` and `osken-net trace`: what they ask, what they print, and how they end."""

import json
from typing import Any

import pytest

from osken_apps.cli import main
from tests.unit.fake_api import FakeApi, fake_api

HOP = {
    "host": "host1", "bridge": "br-int", "table": 0, "stage": "classify", "in_port": "tap1",
    "rule": "dhcp_broadcast", "number": 32, "meaning": "A bound port broadcasts.", "flow": "", "packets": 3,
    "does": ["goes on in table 10"], "frame": "udp", "depth": 0,
}  # fmt: skip
EXIT = {"way": "controller", "host": "host1", "bridge": "br-int", "port": "", "vlans": [], "frame": ""}
VERDICT_WORDS = ("state", "certainty")
PATH = {"assumption": "new", "hops": [HOP], "exits": [EXIT], "stops": []}


def told(state: str, path: Any = None) -> dict[str, Any]:
    verdict = {
        "code": "mac_differs", "state": state, "certainty": "likely", "sentence": "It differs.",
        "remedy": "set it",
        "evidence": [{"says": "DISCOVER", "source": "journal", "seen_at": "2026-11-26T00:00:00Z"}],
    }  # fmt: skip
    also = [{**verdict, "sentence": "And that."}]
    return {
        "explain": {
            "question": "Why?", "verdict": verdict, "also": also, "path": path, "return_path": None,
            "unseen": ["inside the machines"],
        }
    }  # fmt: skip


def run(api: FakeApi, *words: str) -> int:
    return main([words[0], "--api", api.url, *words[1:]])


@pytest.mark.parametrize(("state", "status"), [("ok", 0), ("broken", 1), ("unknown", 3)])
def test_the_exit_status_says_what_the_verdict_does(state: str, status: int) -> None:
    with fake_api({"POST /v2.0/explain": told(state)}) as api:
        assert run(api, "explain", "vm1") == status
    assert api.asked[0].body == {"explain": {"port": "vm1"}}


def test_an_explanation_reads_from_the_sentence_to_the_evidence(capsys: pytest.CaptureFixture[str]) -> None:
    with fake_api({"POST /v2.0/explain": told("broken", PATH)}) as api:
        run(api, "explain", "vm1", "vm2", "--tcp", "80")
    assert api.asked[0].body["explain"] == {"from": "vm1", "to": "vm2", "protocol": "tcp", "port_number": 80}
    assert capsys.readouterr().out.splitlines() == [
        "It differs. (likely)",
        "  What to do: set it",
        "  2026-11-26T00:00:00Z journal: DISCOVER",
        "Also: And that.",
        "There (connection: new):",
        "  host1 br-int table 0: dhcp_broadcast (0x20), 3 packets: A bound port broadcasts.",
        "  -> the controller of host1",
        "Not seen: inside the machines",
    ]


def test_programs_get_json_or_the_verdict_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with fake_api({"POST /v2.0/explain": told("ok")}) as api:
        run(api, "explain", "vm1", "-f", "json")
        assert json.loads(capsys.readouterr().out) == told("ok")["explain"]
        run(api, "explain", "vm1", "-f", "value", "-c", "code")
        assert capsys.readouterr().out == "mac_differs\n"


def test_a_frame_is_traced_with_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    with fake_api({"POST /v2.0/explain": told("ok", PATH)}) as api:
        run(api, "trace", "host1", "tap1", "tcp", "tcp_dst=80", "--connection", "reply", "-f", "csv")
    frame = {"host": "host1", "interface": "tap1", "connection": "reply", "fields": ["tcp", "tcp_dst=80"]}
    assert api.asked[0].body == {"explain": {"frame": frame}}
    assert capsys.readouterr().out.splitlines() == [
        "host,bridge,table,rule,packets,meaning,does",
        "host1,br-int,0,dhcp_broadcast (0x20),3,A bound port broadcasts.,goes on in table 10",
    ]


def test_a_program_gets_the_columns_that_it_names_in_every_form(capsys: pytest.CaptureFixture[str]) -> None:
    with fake_api({"POST /v2.0/explain": told("ok", PATH)}) as api:
        run(api, "explain", "vm1", "-f", "json", "-c", "code")
        assert json.loads(capsys.readouterr().out) == {"code": "mac_differs"}
        run(api, "explain", "vm1", "-c", "code")
        assert capsys.readouterr().out.splitlines()[3] == "| code  | mac_differs |"
        run(api, "trace", "host1", "tap1", "-f", "json", "-c", "rule")
        assert json.loads(capsys.readouterr().out) == [{"rule": "dhcp_broadcast (0x20)"}]
        for words in (("explain", "vm1"), ("trace", "host1", "tap1")):
            for form in ("table", "json", "csv", "value"):
                assert run(api, *words, "-f", form, "-c", "nonsense") == 2
                assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "words",
    [
        ("explain", "vm1", "--tcp", "80"),
        ("explain", "vm1", "--udp", "53"),
        ("trace", "host1", "tap1", "arp", "--hex", "ffffffffffff"),
    ],
    ids=" ".join,
)
def test_what_would_not_be_looked_at_is_not_asked(words: tuple[str, ...]) -> None:
    with fake_api({"POST /v2.0/explain": told("ok", PATH)}) as api:
        assert (run(api, *words), api.asked) == (2, [])


def test_names_in_an_explanation_cannot_speak_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    def spoiled(value: Any) -> Any:
        match value:
            case str():
                return f"{value}\x1b[2J"
            case list():
                return list(map(spoiled, value))
            case dict():
                return {
                    name: part if name in VERDICT_WORDS else spoiled(part) for name, part in value.items()
                }
        return value

    stop = {"bridge": "br-int", "host": "host1", "why": "nothing fits"}
    path = {**PATH, "exits": [{**EXIT, "port": "tap2"}], "stops": [stop]}
    with fake_api({"POST /v2.0/explain": spoiled(told("broken", path))}) as api:
        for words in (("explain", "vm1"), ("trace", "host1", "tap1")):
            assert run(api, *words) == 1
    out = capsys.readouterr().out
    assert "tap2" in out and "nothing fits" in out and "\x1b" not in out


@pytest.mark.parametrize(("status", "exit_status"), [(404, 2), (400, 2), (503, 3), (401, 3)])
def test_what_the_api_refuses_is_wrongly_asked_or_cannot_be_told(status: int, exit_status: int) -> None:
    refusal = (status, {"NeutronError": {"type": "X", "message": "no", "detail": ""}}, {})
    with fake_api({"POST /v2.0/explain": refusal}) as api:
        assert run(api, "explain", "vm1") == exit_status
