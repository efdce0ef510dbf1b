"""The rules of the API are PURE: what they import does no I/O and knows no framework."""

from pathlib import Path

import pytest

from tests.unit.test_purity import ALLOWED, PACKAGE, imported

REST = (
    "attributes",
    "declarations",
    "discovery",
    "groups",
    "listing",
    "network_declarations",
    "port_declarations",
    "rendering",
    "validation",
)
OURS = ("osken_apps.model", "osken_apps.errors", "osken_apps.store.selection")


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
