"""How the name of an interface tells whose port it is: a prefix, and the beginning of the port's id. PURE."""

PREFIXES = ("tap", "qvo")
PORT_ID_PREFIX_LENGTH = 11  # what fits of a port id into the 15 characters of an interface's name


def port_id_prefix(port_id: str) -> str:
    """Give the beginning of a port id by which an interface's name tells the port."""
    return port_id[:PORT_ID_PREFIX_LENGTH]


def named_port(interface: str) -> str:
    """Give the beginning of a port id that an interface's name tells; empty: it tells none."""
    return next((interface.removeprefix(prefix) for prefix in PREFIXES if interface.startswith(prefix)), "")
