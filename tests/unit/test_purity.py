"""A module that says PURE does no I/O, reads no clock, throws no dice and reads no configuration.

Held by what it imports, and by what it names: a builtin that opens a file needs no import.
"""

import ast
import re

import pytest

from tests.unit.modules import imported, module_of, modules

#: Packages of which every module is PURE, and says so.
PURE_ROOMS = ("model", "networking", "openflow", "ovsdb", "pipeline", "dhcp", "trace", "explain")
ALLOWED = {
    "abc", "base64", "bisect", "collections", "contextlib", "dataclasses", "datetime", "enum", "functools",
    "heapq", "ipaddress", "itertools", "json", "netaddr", "operator", "re", "reprlib", "shlex", "string",
    "struct", "sys.intern", "sys.version_info", "types", "typing", "urllib.parse", "uuid", "weakref", "zlib",
}  # fmt: skip
IMPURE_NAMES = {"__import__", "breakpoint", "compile", "eval", "exec", "input", "open", "print"}
#: What the allowed modules have that is not a function of its arguments, by its name there.
IMPURE_MEMBERS = {"getnode", "now", "today", "utcnow", "uuid1", "uuid4"}

#: What a PURE module may name of the configuration, which arrives as an argument: its values' types.
CONFIGURED = re.compile(r"osken_apps\.config\.[A-Z]\w+")

PURE_MODULES = [module for module in modules().values() if module.is_pure]


def effects(source: ast.AST) -> set[str]:
    """Give the names in a piece of source that stand for an effect."""
    found = {name for name in map(_last, imported(source)) if name in IMPURE_MEMBERS}
    for node in ast.walk(source):
        match node:
            case ast.Name(id=name) if name in IMPURE_NAMES:
                found.add(name)
            case ast.Attribute(attr=name) if name in IMPURE_MEMBERS:
                found.add(name)
            case ast.Constant(value=str(name)) if name in IMPURE_MEMBERS | IMPURE_NAMES:
                found.add(name)  # getattr(datetime, "now")
    return found


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def strangers(source: ast.AST) -> set[str]:
    """Give what a piece of source imports and a PURE module may not."""
    return {name for name in imported(source) if not _may_be_imported(name)}


def _may_be_imported(name: str) -> bool:
    ours = module_of(name)
    if ours is not None:
        return modules()[ours].is_pure or CONFIGURED.fullmatch(name) is not None
    return any(name == allowed or name.startswith(f"{allowed}.") for allowed in ALLOWED)


def test_a_pure_module_imports_only_pure_things() -> None:
    assert {module.name: found for module in PURE_MODULES if (found := strangers(module.tree))} == {}


def test_a_pure_module_names_nothing_that_has_an_effect() -> None:
    assert {module.name: found for module in PURE_MODULES if (found := effects(module.tree))} == {}


def test_every_module_of_a_pure_room_says_so() -> None:
    assert [
        name for name, module in modules().items() if module.room in PURE_ROOMS and not module.is_pure
    ] == []


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import datetime\nat = datetime.now()",
        "import datetime as d\nat = d.datetime.utcnow()",
        "from datetime import date\nclock = date.today",
        "from uuid import uuid4",
        "import uuid\nnew = uuid.uuid1()",
        "import datetime\nat = getattr(datetime.datetime, 'now')()",
        "text = open('/etc/passwd').read()",
        "print('hello')",
        "def f(say=print): say(1)",
        "__import__('socket')",
        "exec('import socket')",
    ],
)
def test_an_effect_is_seen(source: str) -> None:
    assert effects(ast.parse(source)) != set()


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    from socket import socket",
        "import os",
        "from os import environ",
        "from time import monotonic",
        "import random, struct",
        "from pathlib import Path",
        "import logging",
        "from osken_apps import config",
        "from osken_apps.config import load",
        "import osken_apps.apps.host",
        "from osken_apps.store.view import View",
        "import urllib.request",
    ],
)
def test_a_stranger_is_seen(source: str) -> None:
    assert strangers(ast.parse(source)) != set()


def test_a_function_of_its_arguments_is_neither() -> None:
    source = ast.parse("""
from datetime import UTC, datetime
from uuid import UUID, uuid5
from osken_apps.model.resources import Port
def after(start: datetime, now: datetime, names: tuple[str, ...]) -> bool:
    return start < now.replace(tzinfo=UTC)
""")
    assert (effects(source), strangers(source)) == (set(), set())
