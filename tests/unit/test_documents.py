"""What the documents name is there: files, links, commands, options, targets, rooms."""

import argparse
import configparser
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from osken_apps import config
from osken_apps.cli import SUBCOMMANDS, whole_parser
from tests.documents import TOP, blocks

DOCUMENTS = ("README.md", "CONTRIBUTING.md", *sorted(f"docs/{path.name}" for path in TOP.glob("docs/*.md")))
LINK = re.compile(r"\[[^\]]+\]\(([^)#:]*)(?:#([^)]*))?\)")
PATH = re.compile(r"`((?:osken_apps|tests|flows|docs)/[\w./-]+)`")


def anchor(heading: str) -> str:
    """Give the anchor that a heading has where Markdown is shown."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_document_links_to_is_there(document: str) -> None:
    for name, fragment in LINK.findall((TOP / document).read_text()):
        target = (TOP / document).parent / name if name else TOP / document
        assert target.exists(), name
        if fragment:
            headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            assert [anchor(heading) for heading in headings].count(fragment) == 1, fragment


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_files_that_a_document_names_are_there(document: str) -> None:
    named = {name.rstrip(".") for name in PATH.findall((TOP / document).read_text())}
    assert [name for name in sorted(named) if not (TOP / name).exists()] == []


def test_the_configuration_that_the_readme_prints_is_one(tmp_path: Path) -> None:
    (printed,) = [block for block in blocks("README.md", "Your own hosts") if block.startswith("[openflow]")]
    path = tmp_path / "osken-net.conf"
    path.write_text(printed)
    loaded = config.load(path)
    assert (loaded.openflow.host, loaded.ovsdb.host) == ("192.0.2.10", "192.0.2.10")


@pytest.mark.parametrize("start", ["[api]", "[DEFAULT]"])
def test_a_configuration_that_is_pasted_holds_what_it_shows(start: str) -> None:
    (printed,) = [block for block in blocks("README.md", "With Nova and Horizon") if block.startswith(start)]
    parser = configparser.ConfigParser()
    parser.read_string(printed)
    values = [value for section in parser.values() for value in section.values()]
    # Neither oslo.config nor ours takes what follows a value for a comment.
    assert values and [value for value in values if "#" in value] == []


def test_every_command_is_in_the_readme() -> None:
    text = (TOP / "README.md").read_text()
    assert [name for name in SUBCOMMANDS if f"osken-net {name}" not in text] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_commands_that_a_document_prints_are_there_with_their_options(document: str) -> None:
    known = options_of_commands()
    unknown = []
    for words in commands_in((TOP / document).read_text()):
        command = next((name for name in (words[:2], words[:1]) if name in known), None)
        if command is None:
            unknown.append(" ".join(words))
        else:
            given = {word.partition("=")[0] for word in words if word.startswith("--")}
            unknown += [f"{' '.join(command)} {option}" for option in given - known[command]]
    assert unknown == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_document_has_made_is_a_target(document: str) -> None:
    targets = re.findall(r"^([a-z]+):", (TOP / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"(?:`|^    )make ([a-z]+)", (TOP / document).read_text(), re.MULTILINE)
    assert [name for name in named if name not in targets] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_options_of_the_configuration_that_a_document_names_are_there(document: str) -> None:
    known = {(group or "DEFAULT", option.dest) for group, options in config.list_opts() for option in options}
    named = re.findall(
        r"(?<!`)`?\[(\w+)\]\s+(\w+)", re.sub(r"^    .*$", "", (TOP / document).read_text(), flags=re.M)
    )
    assert [name for name in named if name not in known] == []


def test_every_room_is_on_the_map() -> None:
    rows = re.findall(r"^\| (`.*?) \|", (TOP / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    named = {
        name.removeprefix("osken_apps/").strip("/") for row in rows for name in re.findall("`([^`]+)`", row)
    }
    rooms = {
        path.stem for path in (TOP / "osken_apps").glob("[a-z]*") if path.is_dir() or path.suffix == ".py"
    }
    assert sorted(rooms - {name.removesuffix(".py") for name in named}) == []


def options_of_commands() -> dict[tuple[str, ...], set[str]]:
    """Give the options of each command of `osken-net`, and of what is below it, by its words."""

    def walk(parser: argparse.ArgumentParser, words: tuple[str, ...], above: set[str]) -> None:
        own = above | {option for action in parser._actions for option in action.option_strings}
        found[words] = own
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for name, below in action.choices.items():
                    walk(below, (*words, name), own)

    found: dict[tuple[str, ...], set[str]] = {}
    walk(whole_parser(), (), set())
    return found


def commands_in(text: str) -> Iterator[tuple[str, ...]]:
    """Give the words after `osken-net` of each command in a document, up to what is not its own."""
    code = [*re.findall(r"^    (.*)$", text, re.MULTILINE), *re.findall(r"`([^`]+)`", text)]
    for line in code:
        for rest in re.findall(r"(?:^\s*(?:\$ )?|[|;&]\s*|/)osken-net ([a-z][^|#;<>]*)", line):
            yield tuple(rest.partition(" '")[0].split())


def test_the_script_for_lxc_unplugs_first_what_is_left_of_the_port_and_no_running_machine(
    tmp_path: Path,
) -> None:
    plug, unplug, configuration = blocks("docs/plug-a-vm.md", "LXC")
    stub = tmp_path / "ovs-vsctl"
    stub.write_text(
        f'#!/bin/sh\n[ "$1" != --bare ] || echo "veth1\n\nlo\n\ngone"\necho "$@" >>{tmp_path}/told\n'
    )
    stub.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "LXC_NET_PEER": "veth1"}
    for script, *arguments in ((plug, "PORT_ID"), (unplug,)):
        subprocess.run(["sh", "-ec", script, "sh", *arguments], env=environment, check=True)
    assert (tmp_path / "told").read_text().splitlines() == [
        "--bare --columns=name find interface external_ids:iface-id=PORT_ID",
        "del-port br-int veth1",
        "del-port br-int gone",
        "add-port br-int veth1 tag=4095 -- set interface veth1 external_ids:iface-id=PORT_ID",
        "--if-exists del-port br-int veth1",
    ]
    assert "script.up = /etc/osken-net/lxc-plug PORT_ID" in configuration
