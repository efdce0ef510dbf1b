"""A bar chart as SVG, written by hand to spare a dependency."""

from collections.abc import Mapping, Sequence
from html import escape

COLOURS = ("#1f6f8b", "#e07a5f", "#81b29a", "#f2cc8f")
WIDTH, BAR, GAP, LEFT, RIGHT = 720, 18, 26, 150, 90
TEXT = 'font-family="sans-serif" font-size="13" fill="#444"'


def bar_chart(title: str, groups: Mapping[str, Mapping[str, float]], names: Sequence[str]) -> str:
    """Draw a bar for each name in each group, with one scale."""
    most = max((value for group in groups.values() for value in group.values()), default=1) or 1
    parts, top = [_text(LEFT, 22, title)], 40
    for group, values in groups.items():
        parts.append(_text(8, top + BAR * len(names) / 2, group))
        for name, colour in zip(names, COLOURS, strict=False):
            value = values.get(name, 0)
            length = (WIDTH - LEFT - RIGHT) * value / most
            parts.append(
                f'<rect x="{LEFT}" y="{top}" width="{length:.1f}" height="{BAR - 2}" fill="{colour}"/>'
            )
            parts.append(_text(LEFT + length + 6, top + 13, f"{value:,.0f} {name}"))
            top += BAR
        top += GAP
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}">'
    background = f'<rect width="{WIDTH}" height="{top}" fill="#fff"/>'
    return "\n".join([head, background, *parts, "</svg>", ""])


def _text(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {TEXT}>{escape(text)}</text>'
