"""What `ofproto/trace` says of a frame, in the tracer's terms."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from osken_apps.openflow.fields import ETH_TYPE_IPV6, CtState, Field
from osken_apps.openflow.match import Match
from osken_apps.trace.frame import Frame, Original, state_words, typed
from tests.golden.dumps import without_igmp

SECTION = "=" * 79
BRIDGE = re.compile(r'bridge\("(.*)"\)')
RULE = re.compile(r" *(\d+)\. (?:(.*), )?priority (\d+)(?:, cookie (0x[0-9a-f]+))?")
#: A table without flows may have one of Open vSwitch's own, for whoever speaks an older OpenFlow than we do.
MISS = re.compile(r" *(\d+)\. (?:No match[.,]|reg0=0x[123], priority 0)")
IMPLICIT_MISS = "controller(reason=7,"
FORKED = "A clone of the packet is forked to recirculate."
TAG = re.compile(r"dl_vlan\d?=(\d+)")
PORT = re.compile(r" *(\S+) (\d+)/(\S+): ")
TUNNEL = re.compile(r"set\(tunnel\((?:tun_id=(\w+),)?(?:src=\S+?,)?dst=([0-9.]+),.*\)\)")
CONTROLLER = "CONTROLLER"
WORDS = {
    Field.TCP_SRC: "tcp_src", Field.TCP_DST: "tcp_dst", Field.UDP_SRC: "udp_src", Field.UDP_DST: "udp_dst",
    Field.SCTP_SRC: "sctp_src", Field.SCTP_DST: "sctp_dst", Field.ICMPV6_TYPE: "icmpv6_type",
    Field.ICMPV6_CODE: "icmpv6_code",
}  # fmt: skip
FRAGMENTS = {0: "no", 1: "first", 3: "later"}

Matched = tuple[str, int, str]  # bridge, table, and the flow in words; "" where there was none
Left = tuple[str, tuple[int, ...], str]  # port, VLAN ids, and where a tunnel leads


@dataclass(frozen=True)
class Said:
    """What was matched, and where it went."""

    matched: list[Matched]
    left: list[Left]

    def unordered(self) -> "Said":
        """Give it with no order in what was matched."""
        return Said(sorted(self.matched), self.left)


def question(frame: Frame, in_port: int) -> str:
    """Give a frame in the words that ofproto/trace takes: what a field needs stands before it."""
    words = [f"in_port={in_port}"]
    if frame.number(Field.CT_STATE):
        words.append(f"ct_state={state_words(frame.number(Field.CT_STATE))}")
    for field in (Field.TUN_ID, Field.TUN_SRC, Field.TUN_DST, Field.ETH_SRC, Field.ETH_DST):
        if field in frame.fields:
            words.append(_word(field, frame.number(field)))
    if frame.vlans:
        words += [f"dl_vlan={frame.vlans[0]}", "dl_vlan_pcp=0"]
    eth_type = frame.number(Field.ETH_TYPE)
    words.append(f"dl_type={eth_type:#06x}")
    if frame.original:
        words += _original(frame.original, eth_type)
    of_frame = [field for field in Field if field in frame.fields and field.value.number not in (3, 4, 5, 6)]
    for field in sorted(of_frame, key=lambda field: field is not Field.IP_PROTO):
        if field not in OTHERS:
            words.append(_word(field, frame.number(field)))
    return ",".join(words)


OTHERS = {
    Field.IN_PORT, Field.CT_STATE, Field.TUN_ID, Field.TUN_SRC, Field.TUN_DST, Field.ETH_SRC, Field.ETH_DST,
    Field.ETH_TYPE,
}  # fmt: skip


def _word(field: Field, number: int) -> str:
    if field is Field.IP_FRAG:
        return f"nw_frag={FRAGMENTS[number]}"
    return f"{WORDS.get(field, field.value.match_name)}={typed(field, number)}"


def _original(original: Original, eth_type: int) -> list[str]:
    six = eth_type == ETH_TYPE_IPV6
    source, destination = Field.IPV6_SRC if six else Field.IPV4_SRC, Field.IPV6_DST if six else Field.IPV4_DST
    names = ("ct_ipv6_src", "ct_ipv6_dst") if six else ("ct_nw_src", "ct_nw_dst")
    return [
        f"{names[0]}={typed(source, original.source)}",
        f"{names[1]}={typed(destination, original.destination)}",
        f"ct_nw_proto={original.protocol}",
        f"ct_tp_src={original.ends[0]}",
        f"ct_tp_dst={original.ends[1]}",
    ]


def ct_words(state: int) -> str:
    """Give a state as `--ct-next` takes it."""
    return ",".join(name for bit, name in enumerate(CtState.NAMES) if state >> bit & 1)


def datapath_ports(shown: str) -> dict[str, str]:
    """Name the ports by their number in the datapath, as `dpif/show` tells them."""
    return {found[3]: found[1] for line in shown.splitlines() if (found := PORT.match(line))}


def said(answer: str, names: Mapping[str, str]) -> Said:
    """Read an answer of ofproto/trace."""
    matched: list[Matched] = []
    left: list[Left] = []
    at: list[tuple[int, str]] = []  # the bridges on the way, with how far their lines are indented
    tracked: list[str] = []  # where connections are looked for, and the packet goes on when that is done
    tags: tuple[int, ...] = ()
    for line in answer.splitlines():
        indent = len(line) - len(line.lstrip(" 0123456789."))
        while at and line and indent < at[-1][0]:
            at.pop()
        if found := BRIDGE.match(line.strip()):
            at.append((len(line) - len(line.lstrip()), found[1]))
        elif FORKED in line:
            tracked.append(at[-1][1])
        elif line.strip() == "thaw":
            at = [(0, tracked.pop(0))]
        elif found := MISS.match(line):
            matched.append((at[-1][1], int(found[1]), ""))
        elif found := RULE.match(line):
            match = without_igmp(found[2] or "")
            matched.append((at[-1][1], int(found[1]), f"priority={found[3]},{match}".rstrip(",")))
        elif line.startswith("Flow: "):
            tags = tuple(int(vid) for vid in TAG.findall(line))
        elif line.startswith("Datapath actions: "):
            left += _left(line.removeprefix("Datapath actions: "), tags, names)
    return Said(matched, sorted(left))


def _left(actions: str, tags: tuple[int, ...], names: Mapping[str, str], tunnel: str = "") -> Iterator[Left]:
    for action in _apart(actions):
        if found := re.match(r"push_vlan\((?:tpid=\w+,)?vid=(\d+)", action):
            tags = (int(found[1]), *tags)
        elif action == "pop_vlan":
            tags = tags[1:]
        elif found := re.match(r"set\(vlan\(vid=(\d+)", action):
            tags = (int(found[1]), *tags[1:])
        elif found := TUNNEL.match(action):
            tunnel = f"{int(found[1] or '0', 0)}@{found[2]}"
        elif action.startswith("clone("):
            yield from _left(action[len("clone(") : -1], tags, names, tunnel)
        elif action.startswith("userspace("):
            assert "controller(" in action, action
            if IMPLICIT_MISS not in action:
                yield CONTROLLER, tags, ""
        elif action in names:
            is_tunnel = names[action].startswith("tun-")
            yield names[action], tags, tunnel if is_tunnel else ""
        else:
            assert re.match(r"(ct|recirc|meter|set)\(|ct_clear|drop", action), action


def _apart(actions: str) -> Iterator[str]:
    """Cut a list of actions at the commas that are in no parentheses."""
    depth, start = 0, 0
    for position, sign in enumerate(actions):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and not depth:
            yield actions[start:position]
            start = position + 1
    yield actions[start:]


def matched_words(table_id: int, priority: int, match: Match) -> tuple[int, str]:
    """Give a flow as `said` does."""
    return table_id, ",".join(filter(None, [f"priority={priority}", match.text()]))
