"""The answer to a client's FQDN option. PURE.

This server registers no names: it says so, and says which name the machine has. Source: RFC 4702.
"""

from osken_apps.dhcp.domain_names import encode_name

MIN_FQDN_OCTETS = 3  # flags and both deprecated fields
FLAG_SERVER_UPDATES = 0x01  # S
FLAG_OVERRIDE = 0x02  # O
FLAG_ENCODED = 0x04  # E
FLAG_NO_UPDATE = 0x08  # N
RCODE = 255  # sections 2.2 and 4: what a server puts into both deprecated fields


def fqdn_answer(sent: bytes, host_name: bytes, domain: bytes) -> bytes:
    """Encode option 81 for a client that sent it, with at least its fixed octets.

    Section 4: N is set when no update is made, then S is clear; O is set when that is not what the client
    asked for; E is the client's, who may be told a name in no other form than its own.
    """
    flags = FLAG_NO_UPDATE | (sent[0] & FLAG_ENCODED)
    if sent[0] & FLAG_SERVER_UPDATES:
        flags |= FLAG_OVERRIDE
    name = host_name if b"." in host_name else b".".join(part for part in (host_name, domain) if part)
    return bytes((flags, RCODE, RCODE)) + (_encoded(name) if flags & FLAG_ENCODED else name)


def _encoded(name: bytes) -> bytes:
    """Encode a name; one that the configuration misspells is not told at all."""
    try:
        return encode_name(name.decode())
    except ValueError:
        return b""
