"""How deep a value that was read from JSON is: what walks it later may do so by recursion. PURE."""

from typing import Any


def is_deeper(value: Any, most: int) -> bool:
    """Tell whether more than `most` objects and arrays, counting the outermost, are within each other."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(most):
        if not level:
            return False
        level = [
            item
            for container in level
            for item in (container.values() if isinstance(container, dict) else container)
            if isinstance(item, dict | list)
        ]
    return bool(level)
