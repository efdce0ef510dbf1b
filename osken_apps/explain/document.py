"""The page of all causes, generated from their declarations. PURE."""

from collections.abc import Iterator

from osken_apps.explain.cause import C, Cause, ended
from osken_apps.explain.causes import EVERY_CAUSE
from osken_apps.explain.frames import OF_A_FRAME


def causes_document() -> str:
    """Give the page."""
    lines = [
        "# What `osken-net explain` may say",
        "",
        "Generated from `osken_apps/explain/` by `make docs`; a test holds that it is current.",
        "",
        "The causes in their order: the first that holds is the verdict, what else holds is named after it.",
        "Words in braces are names of what is asked about. In place of `interface`, `host` and",
        "`host_besides` stands the code of the condition that the host shows. Codes with `peer_` are of",
        "the port that is to be reached. A name that no port has is answered with the nearest ones.",
        "",
        "What it cannot know it does not say: what a machine does inside; with which VLAN it tags its",
        "frames, as only their number is counted; whether the switches between two hosts carry large frames,",
        "and by which NIC tunnels leave a host of the kernel's datapath; what was before the controller",
        "started.",
        "",
    ]
    of_frames = ["# What `osken-net trace` may say", ""]
    return "\n".join(
        [
            *lines,
            *(line for cause in EVERY_CAUSE for line in _of(cause)),
            *of_frames,
            *(line for cause in OF_A_FRAME for line in _of(cause)),
        ]
    )


def _of(cause: Cause[C]) -> Iterator[str]:
    yield f"## {cause.code}"
    yield ""
    yield ended(cause.sentence)
    yield ""
    if cause.remedy:
        yield f"- What to do: {cause.remedy}"
    yield f"- Seen in: {cause.evidence}"
    yield f"- It is {cause.state.value}, and this is {cause.certainty.value}." + (
        " Told to those who may see hosts." if cause.is_operators else ""
    )
    yield ""
