"""The event loop stands behind one module, and os-ken frames the applications and nothing else."""

from tests.unit.modules import modules


def importers(library: str) -> dict[str, set[str]]:
    """Give the modules of the product that import a library, with what they import of it."""
    found = {}
    for module in modules().values():
        names = {name for name in module.imports if name.split(".")[0] == library}
        if names:
            found[module.name] = names
    return found


def test_only_the_runtime_and_its_hub_know_the_event_loop() -> None:
    assert set(importers("eventlet")) == {"osken_apps.apps.runtime", "osken_apps.apps.hub"}


def test_os_ken_frames_the_applications_and_nothing_else() -> None:
    imported = set().union(*importers("os_ken").values())
    assert imported == {"os_ken.base.app_manager.AppManager", "os_ken.base.app_manager.OSKenApp"}
