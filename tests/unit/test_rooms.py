"""Which room may know which: the arrows between the packages of `osken_apps`, and no circle anywhere."""

import ast
import graphlib

from tests.unit.modules import Module, imported, module_of, modules

#: The rooms from the inside out. A room knows those that it names and no other.
MAY_KNOW: dict[str, tuple[str, ...]] = {
    "errors": (),
    "printable": (),
    "nesting": (),
    "repeats": (),
    "fair_queue": (),
    "backoff": (),
    "liveness": (),
    "versions": (),
    "urls": (),
    "model": ("errors", "printable", "versions"),
    "openflow": ("errors", "liveness", "printable", "versions"),
    "ovsdb": ("errors", "liveness", "model", "nesting", "printable"),
    "pipeline": ("errors", "model", "openflow"),
    "dhcp": ("errors", "model"),
    "trace": ("errors", "model", "openflow", "pipeline"),
    "explain": ("dhcp", "errors", "model", "openflow", "pipeline", "trace"),
    "networking": ("dhcp", "errors", "model"),
    "failures": (),
    "files": (),
    "outgoing_http": (),
    "build": (),
    "dashboard": (),
    "logs": ("printable",),
    "config": ("errors", "logs", "model", "networking", "urls"),
    "certificates": ("config", "errors"),
    "questions": ("explain", "model"),
    "link": ("errors", "model", "questions"),
    "store": ("backoff", "errors", "failures", "fair_queue", "files", "link", "model", "networking"),
    "accounts": ("certificates", "config", "errors", "files", "model", "store"),
    "nova": ("backoff", "config", "errors", "failures", "model", "networking", "outgoing_http", "store"),
    "metrics": ("failures", "model"),
    "rest": (
        "accounts",
        "build",
        "certificates",
        "config",
        "dashboard",
        "errors",
        "explain",
        "failures",
        "fair_queue",
        "link",
        "logs",
        "metrics",
        "model",
        "nesting",
        "networking",
        "nova",
        "outgoing_http",
        "questions",
        "repeats",
        "store",
        "trace",
    ),
    "neutron": ("config", "errors", "model", "networking", "rest", "store"),
    "apps": (
        "backoff",
        "build",
        "certificates",
        "config",
        "dhcp",
        "errors",
        "explain",
        "failures",
        "link",
        "model",
        "openflow",
        "ovsdb",
        "pipeline",
        "printable",
        "questions",
        "repeats",
    ),
    "cli": (
        "accounts",
        "apps",
        "certificates",
        "config",
        "errors",
        "files",
        "logs",
        "model",
        "networking",
        "neutron",
        "nova",
        "ovsdb",
        "printable",
        "rest",
        "store",
        "urls",
    ),
    "lab": ("cli", "files"),
    "demo": ("lab",),
}


def at_start(module: Module) -> set[str]:
    """Give the modules of ours that a module loads when it is loaded, or knows for its types."""
    found = set()
    for statement in module.tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom | ast.If):
            found |= {name for text in imported(statement) if (name := module_of(text))}
    return found - {module.name, "osken_apps"}


def strangers(module: Module) -> set[str]:
    """Give the rooms that a module knows and may not."""
    known = {modules()[name].room for text in module.imports if (name := module_of(text))}
    return known - {module.room, "", *MAY_KNOW.get(module.room, ())}


def test_a_room_knows_only_those_that_it_may() -> None:
    assert {module.name: found for module in modules().values() if (found := strangers(module))} == {}


def test_every_room_has_its_place() -> None:
    assert {module.room for module in modules().values()} - {""} == set(MAY_KNOW)


def test_no_rooms_know_each_other() -> None:
    list(graphlib.TopologicalSorter(MAY_KNOW).static_order())


def test_no_modules_load_each_other() -> None:
    list(
        graphlib.TopologicalSorter(
            {name: at_start(module) for name, module in modules().items()}
        ).static_order()
    )
