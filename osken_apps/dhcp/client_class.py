"""What a client says of itself, and the conditions that an operator can put on an option. PURE.

Owns vendor class, user class, architecture and how iPXE is told apart from the ROM that started it.
Source: RFC 2132 9.13 (vendor class), RFC 3004 (user class), RFC 3925 (enterprise numbers), RFC 4578 (PXE)
with IANA's registry of processor architectures.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from osken_apps.dhcp.options import Option

IPXE_USER_CLASS = b"iPXE"
PXE_VENDOR_CLASS = b"PXEClient"
HTTP_VENDOR_CLASS = b"HTTPClient"
BOOT_VENDOR_CLASSES = {"pxe": PXE_VENDOR_CLASS, "http": HTTP_VENDOR_CLASS}

#: Architecture types by the names that dnsmasq users give them; two numbers where RFC 4578 and firmware
#: differ.
ARCHITECTURES: dict[str, frozenset[int]] = {
    "bios": frozenset({0, 20}),
    "efi32": frozenset({6, 15}),
    "efi64": frozenset({7, 9, 16, 17}),
    "efi-x86_64": frozenset({7, 9, 16, 17}),
    "efi-arm32": frozenset({10, 18}),
    "efi-arm64": frozenset({11, 19}),
    "efi": frozenset({2, 6, 7, 8, 9, 10, 11, 15, 16, 17, 18, 19}),
}

#: A list that a client sends is read up to here; the rest of a longer one is nothing that a condition is
#: about.
MAX_ITEMS = 16

Options = Mapping[int, bytes]

#: Something that is true of a client: the kind and the operand of a condition.
Fact = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that holds for a client or not: `kind` and `operand`, turned around by `negated`."""

    kind: str
    operand: str
    negated: bool = False

    @property
    def fact(self) -> Fact:
        """What must be true, or must not if the condition is negated."""
        return self.kind, self.operand


def tag(text: str) -> Condition:
    """Read dnsmasq's `tag:` form, without the `tag:`. Raises ValueError for a tag that no client ever has."""
    name = text.removeprefix("!")
    negated = name != text
    if name in ("ipxe", "pxe", "http"):
        return Condition(name, "", negated)
    if name in ARCHITECTURES:
        return Condition("architecture", name, negated)
    kind, _, operand = name.partition("-")
    if kind == "arch" and operand.isascii() and operand.isdigit():
        return Condition("arch", operand.lstrip("0") or "0", negated)
    if kind in ("vendor", "user") and operand:
        return Condition(kind, operand, negated)
    known = ", ".join(["ipxe", "pxe", "http", *ARCHITECTURES])
    raise ValueError(f"tag {name!r} is none of {known}, arch-NUMBER, vendor-CLASS, user-CLASS")


def facts(options: Options, vendor_classes: Iterable[bytes]) -> set[Fact]:
    """Give all that is true of a client that sent these options, as far as conditions can ask for it.

    A vendor class counts by any part of it, as dnsmasq has it (`PXEClient` is that of most, `Arch:00007` of
    some): `vendor_classes` are the parts that conditions ask for.
    """
    name = vendor_class(options)
    true = {("option", str(number)) for number in options}
    if name:
        true |= {("vendor", _text(part)) for part in filter(name.__contains__, vendor_classes)}
    true |= {("vendor", _text(other)) for other in _classes_by_enterprise(options)}
    true |= {("user", _text(other)) for other in user_classes(options)}
    numbers = architectures(options)
    true |= {("arch", str(number)) for number in numbers}
    true |= {("architecture", word) for word, meant in ARCHITECTURES.items() if numbers & meant}
    true |= {(kind, "") for kind, prefix in BOOT_VENDOR_CLASSES.items() if name.startswith(prefix)}
    if is_ipxe(options):
        true.add(("ipxe", ""))
    return true


def _text(octets: bytes) -> str:
    """Give octets as text that is an operand's only if its octets are the same."""
    return octets.decode(errors="surrogateescape")


def vendor_class(options: Options) -> bytes:
    """Give the vendor class identifier."""
    return options.get(Option.VENDOR_CLASS, b"")


def user_classes(options: Options) -> list[bytes]:
    """Give the user classes: a list by RFC 3004, or the whole value as iPXE and others send it."""
    value = options.get(Option.USER_CLASS, b"")
    return [value, *_length_prefixed(value)] if value else []


def is_ipxe(options: Options) -> bool:
    """Tell iPXE by its own option 175, as Neutron's dnsmasq does, or by its user class."""
    return Option.ETHERBOOT in options or IPXE_USER_CLASS in user_classes(options)


def architectures(options: Options) -> frozenset[int]:
    """Give the client's architecture types (option 93)."""
    value = options.get(Option.CLIENT_ARCH, b"")[: 2 * MAX_ITEMS]
    return frozenset(int.from_bytes(value[at : at + 2], "big") for at in range(0, len(value), 2))


def enterprises(options: Options) -> frozenset[int]:
    """Give the enterprise numbers of options 124 and 125."""
    return frozenset(
        number
        for option in (Option.VENDOR_ID_CLASS, Option.VENDOR_ID_SPECIFIC)
        for number, _ in enterprise_blocks(options.get(option, b""))
    )


def enterprise_blocks(value: bytes) -> list[tuple[int, bytes]]:
    """Read the blocks of option 124 or 125: enterprise number, data; what is cut off is left out."""
    blocks: list[tuple[int, bytes]] = []
    offset = 0
    while offset + 5 <= len(value) and len(blocks) < MAX_ITEMS:
        end = offset + 5 + value[offset + 4]
        if end > len(value):
            break
        blocks.append((int.from_bytes(value[offset : offset + 4], "big"), value[offset + 5 : end]))
        offset = end
    return blocks


def _classes_by_enterprise(options: Options) -> list[bytes]:
    blocks = enterprise_blocks(options.get(Option.VENDOR_ID_CLASS, b""))
    return [name for _, data in blocks for name in _length_prefixed(data)]


def _length_prefixed(value: bytes) -> list[bytes]:
    items: list[bytes] = []
    offset = 0
    while offset < len(value) and len(items) < MAX_ITEMS:
        end = offset + 1 + value[offset]
        if end > len(value):
            return []
        items.append(value[offset + 1 : end])
        offset = end
    return items
