"""The file that replaces rules of the policy: refused where a rule in it cannot be understood. SHELL.

oslo.policy takes what it cannot read, and what refers to a rule that there is not, for a refusal, so that a
`not` of it permits; a rule that refers to itself breaks each request that it decides. Source: oslo.policy's
`_parser` and `_checks`.
"""

import logging
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import yaml
from oslo_policy import policy

from osken_apps.errors import ConfigurationError

NEVER = re.compile(r"(?<![^\s()])!(?![^\s()])")  # as oslo.policy writes what it could not read, too
REFERENCE = re.compile(r"(?<![^\s()])rule:([^\s()]+)")
NOT_FILLED = "field:"

logging.getLogger("oslo_policy._parser").setLevel(logging.CRITICAL)  # what it cannot read is told here


# A check holds nothing but what it was parsed from, and there are hundreds of rules whenever they are read.
@lru_cache(2_000)
def check_of(text: str) -> Any:
    """Give what a rule's text asks. Raises ValueError, RecursionError."""
    return policy.Rules.from_dict({"": text})[""]


def rules_of(policy_file: Path | None) -> dict[str, str]:
    """Read the rules of a file, by name; without one there are none. Raises ConfigurationError."""
    if policy_file is None:
        return {}
    try:
        rules = yaml.safe_load(policy_file.read_text()) or {}
        if not isinstance(rules, dict):
            raise ValueError("it is no mapping of rules")
        for name, text in rules.items():
            if not isinstance(text, str) or _is_misread(text) or not all(map(_has_format, text.split())):
                raise ValueError(f"{name}: {text!r} is no rule")
    except RecursionError as error:
        raise _unusable(policy_file, "it is too deep") from error
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise _unusable(policy_file, str(error)) from error
    return {str(name): text for name, text in rules.items()}


def refuse_lost(policy_file: Path | None, rules: Mapping[str, str], deciding: Iterable[str]) -> None:
    """Refuse a rule that one of those refers to that decide here, and that is not there or refers to itself.

    Raises ConfigurationError.
    """
    found: dict[str, list[str]] = {}
    waiting = list(deciding)
    while waiting:
        name = waiting.pop()
        if name not in rules:
            raise _unusable(policy_file, f"there is no rule {name}, to which one refers")
        if name not in found:
            found[name] = REFERENCE.findall(rules[name])
            waiting += found[name]
    try:
        TopologicalSorter(found).prepare()
    except CycleError as error:
        raise _unusable(policy_file, f"rules refer to themselves: {' -> '.join(error.args[1])}") from error


def _is_misread(text: str) -> bool:
    """Tell whether oslo.policy reads a refusal that is not written."""
    return len(NEVER.findall(str(check_of(text)))) > len(NEVER.findall(text))


def _has_format(word: str) -> bool:
    """Tell whether a word of a rule can be filled with what a resource has, as oslo.policy does with most."""
    if word.lstrip("(").startswith(NOT_FILLED):
        return True
    try:
        word.rstrip(")") % defaultdict(str)
    except (TypeError, ValueError):
        return False
    return True


def _unusable(policy_file: Path | None, why: str) -> ConfigurationError:
    return ConfigurationError(f"[api] policy_file: {policy_file}: {' '.join(why.split())}")
