"""What the documents name is there: files, links, options."""

import configparser
import re
from pathlib import Path

import pytest

from osken_apps import config
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
            assert fragment in [anchor(heading) for heading in headings]


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
