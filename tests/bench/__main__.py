"""All benchmarks: `python -m tests.bench [NAME...]`, as root. A benchmark is a module here that has `main`.

The status is 1 if one of them says that a bar is not reached.
"""

import importlib
import pkgutil
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent


def benchmarks() -> dict[str, Callable[[], int | None]]:
    """Give the benchmarks by name."""
    found = {}
    for module in pkgutil.iter_modules([str(HERE)]):
        if module.name.startswith(("test_", "__")):
            continue
        main = getattr(importlib.import_module(f"{__package__}.{module.name}"), "main", None)
        if main:
            found[module.name] = main
    return found


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all."""
    known = benchmarks()
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no benchmark {' '.join(unknown)}; there are: {' '.join(known)}", file=sys.stderr)
        return 2
    status = 0
    for name in names or known:
        print(f"== {name}", flush=True)
        status |= known[name]() or 0
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
