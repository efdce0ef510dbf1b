"""What axe-core finds on a page."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

COLOURS = ["color-contrast"]
RUN = """async rules => {
    const only = rules.length ? { runOnly: rules } : {};
    const { violations } = await axe.run({ resultTypes: ["violations"], ...only });
    return violations.flatMap(({ id, nodes }) =>
        nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`));
}"""


def violations(page: Page) -> list[str]:
    """Give what is wrong: everything in light, and the colours in dark, which are all that differs.

    The page must not have its policy of content, which lets in no script of others.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found: list[Any] = []
    for theme, rules in (("light", []), ("dark", COLOURS)):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        found += page.evaluate(RUN, rules)
    return [str(item) for item in found]
