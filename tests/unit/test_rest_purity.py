"""What says of itself that it is PURE imports nothing that does I/O, and no framework."""

import ast
from pathlib import Path

import pytest

from tests.unit.test_purity import ALLOWED, PACKAGE, imported

REST = tuple(
    path.stem
    for path in sorted((PACKAGE / "rest").glob("*.py"))
    if "PURE" in (ast.get_docstring(ast.parse(path.read_text())) or "")
)
OURS = ("osken_apps.model", "osken_apps.networking", "osken_apps.errors", "osken_apps.store.selection")


def is_allowed(name: str) -> bool:
    """Tell whether a pure module of the API may import this."""
    pure = tuple(f"osken_apps.rest.{module}" for module in REST)
    if name.startswith("osken_apps"):
        return name in pure or name.startswith(OURS)
    return name.split(".")[0] in ALLOWED or name == "urllib.parse"


@pytest.mark.parametrize("module", REST)
def test_a_rule_of_the_api_imports_only_pure_things(module: str) -> None:
    path: Path = PACKAGE / "rest" / f"{module}.py"
    assert [name for name in sorted(imported(path)) if not is_allowed(name)] == []


def test_the_check_sees_the_framework() -> None:
    assert not is_allowed("webob") and not is_allowed("osken_apps.store.view")
