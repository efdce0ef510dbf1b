"""The project's own modules, as far as their source tells: names, docstrings and imports."""

import ast
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "osken_apps"


DOCSTRING = re.compile(r'\s*"""(.*?)"""', re.DOTALL)


@dataclass(frozen=True)
class Module:
    """A module by its dotted name."""

    name: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Its source, parsed: not when tests are collected, in every process of theirs."""
        return ast.parse(self.text)

    @property
    def room(self) -> str:
        """The package, or module, directly below `osken_apps` that this is part of."""
        return self.name.split(".")[1] if "." in self.name else ""

    @property
    def is_pure(self) -> bool:
        """Whether it says of itself that it is PURE; one that speaks of SHELL too speaks of others."""
        found = DOCSTRING.match(self.text)
        return found is not None and "PURE" in found[1] and "SHELL" not in found[1]

    @cached_property
    def imports(self) -> set[str]:
        """The dotted names of all that is imported, anywhere in it; of `from a import b`, `a.b`."""
        return imported(self.tree)


def imported(tree: ast.AST) -> set[str]:
    """Give the dotted names of all that is imported in a piece of source."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@cache
def modules() -> dict[str, Module]:
    """Give all modules of `osken_apps` by name; a package is called as its `__init__`."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = Module(name, path.read_text())
    return found


def module_of(imported_name: str) -> str | None:
    """Give the module of ours that an import loads: `a.b` is the module `a.b`, else `b` of the module `a`."""
    for name in (imported_name, imported_name.rpartition(".")[0]):
        if name in modules():
            return name
    return None
