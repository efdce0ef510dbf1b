"""PURE packages import nothing that does I/O, reads a clock, throws dice or reads configuration."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "osken_apps"
PURE = ("model", "networking", "openflow", "ovsdb", "pipeline", "dhcp")
ALLOWED = {
    "abc", "base64", "bisect", "collections", "contextlib", "dataclasses", "datetime", "enum", "functools",
    "heapq", "ipaddress", "itertools", "json", "netaddr", "operator", "re", "shlex", "string", "struct",
    "types", "typing", "uuid", "weakref", "zlib", "__future__",
}  # fmt: skip
ALLOWED_OF_OURS = {f"osken_apps.{name}" for name in (*PURE, "errors")}

MODULES = [path for name in PURE for path in sorted((PACKAGE / name).rglob("*.py"))]


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_pure_module_imports_only_pure_things(path: Path) -> None:
    ours = {name for name in imported(path) if name.startswith("osken_apps")}
    assert {name for name in imported(path) - ours if name.split(".")[0] not in ALLOWED} == set()
    assert {name for name in ours if ".".join(name.split(".")[:2]) not in ALLOWED_OF_OURS} == set()


def test_the_check_sees_an_effect(tmp_path: Path) -> None:
    module = tmp_path / "impure.py"
    module.write_text("def f():\n    from socket import socket\n")
    assert imported(module) == {"socket"}
    assert "socket" not in ALLOWED
