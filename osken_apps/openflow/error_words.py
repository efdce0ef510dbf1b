"""What a switch's error messages mean, in words. PURE.

Source: OpenFlow Switch Specification 1.4.0, 7.4.4; Open vSwitch's own errors: ofp-errors.h.
"""

#: Open vSwitch's: a flow asks for connection tracking, or a part of it, that the datapath does not have.
NO_CONNECTION_TRACKING = {(0xFFFF, 42), (0xFFFF, 43)}

#: By type: its name, and the names of its codes in order; empty where the specification leaves one out.
ERRORS: dict[int, tuple[str, tuple[str, ...]]] = {
    0: ("HELLO_FAILED", ("INCOMPATIBLE", "EPERM")),
    1: (
        "BAD_REQUEST",
        (
            "BAD_VERSION", "BAD_TYPE", "BAD_MULTIPART", "BAD_EXPERIMENTER", "BAD_EXP_TYPE", "EPERM",
            "BAD_LEN", "BUFFER_EMPTY", "BUFFER_UNKNOWN", "BAD_TABLE_ID", "IS_SLAVE", "BAD_PORT", "BAD_PACKET",
            "MULTIPART_BUFFER_OVERFLOW", "MULTIPART_REQUEST_TIMEOUT", "MULTIPART_REPLY_TIMEOUT",
        ),
    ),
    2: (
        "BAD_ACTION",
        (
            "BAD_TYPE", "BAD_LEN", "BAD_EXPERIMENTER", "BAD_EXP_TYPE", "BAD_OUT_PORT", "BAD_ARGUMENT",
            "EPERM", "TOO_MANY", "BAD_QUEUE", "BAD_OUT_GROUP", "MATCH_INCONSISTENT", "UNSUPPORTED_ORDER",
            "BAD_TAG", "BAD_SET_TYPE", "BAD_SET_LEN", "BAD_SET_ARGUMENT",
        ),
    ),
    3: (
        "BAD_INSTRUCTION",
        (
            "UNKNOWN_INST", "UNSUP_INST", "BAD_TABLE_ID", "UNSUP_METADATA", "UNSUP_METADATA_MASK",
            "BAD_EXPERIMENTER", "BAD_EXP_TYPE", "BAD_LEN", "EPERM", "DUP_INST",
        ),
    ),
    4: (
        "BAD_MATCH",
        (
            "BAD_TYPE", "BAD_LEN", "BAD_TAG", "BAD_DL_ADDR_MASK", "BAD_NW_ADDR_MASK", "BAD_WILDCARDS",
            "BAD_FIELD", "BAD_VALUE", "BAD_MASK", "BAD_PREREQ", "DUP_FIELD", "EPERM",
        ),
    ),
    5: (
        "FLOW_MOD_FAILED",
        (
            "UNKNOWN", "TABLE_FULL", "BAD_TABLE_ID", "OVERLAP", "EPERM", "BAD_TIMEOUT", "BAD_COMMAND",
            "BAD_FLAGS", "CANT_SYNC", "BAD_PRIORITY",
        ),
    ),
    6: (
        "GROUP_MOD_FAILED",
        (
            "GROUP_EXISTS", "INVALID_GROUP", "WEIGHT_UNSUPPORTED", "OUT_OF_GROUPS", "OUT_OF_BUCKETS",
            "CHAINING_UNSUPPORTED", "WATCH_UNSUPPORTED", "LOOP", "UNKNOWN_GROUP", "CHAINED_GROUP", "BAD_TYPE",
            "BAD_COMMAND", "BAD_BUCKET", "BAD_WATCH", "EPERM",
        ),
    ),
    7: ("PORT_MOD_FAILED", ("BAD_PORT", "BAD_HW_ADDR", "BAD_CONFIG", "BAD_ADVERTISE", "EPERM")),
    8: ("TABLE_MOD_FAILED", ("BAD_TABLE", "BAD_CONFIG", "EPERM")),
    9: ("QUEUE_OP_FAILED", ("BAD_PORT", "BAD_QUEUE", "EPERM")),
    10: ("SWITCH_CONFIG_FAILED", ("BAD_FLAGS", "BAD_LEN", "EPERM")),
    11: ("ROLE_REQUEST_FAILED", ("STALE", "UNSUP", "BAD_ROLE")),
    12: (
        "METER_MOD_FAILED",
        (
            "UNKNOWN", "METER_EXISTS", "INVALID_METER", "UNKNOWN_METER", "BAD_COMMAND", "BAD_FLAGS",
            "BAD_RATE", "BAD_BURST", "BAD_BAND", "BAD_BAND_VALUE", "OUT_OF_METERS", "OUT_OF_BANDS",
        ),
    ),
    13: ("TABLE_FEATURES_FAILED", ("BAD_TABLE", "BAD_METADATA", "", "", "", "EPERM")),
    14: (
        "BAD_PROPERTY",
        (
            "BAD_TYPE", "BAD_LEN", "BAD_VALUE", "TOO_MANY", "DUP_TYPE", "BAD_EXPERIMENTER", "BAD_EXP_TYPE",
            "BAD_EXP_VALUE", "EPERM",
        ),
    ),
    15: ("ASYNC_CONFIG_FAILED", ("INVALID", "UNSUPPORTED", "EPERM")),
    16: (
        "FLOW_MONITOR_FAILED",
        (
            "UNKNOWN", "MONITOR_EXISTS", "INVALID_MONITOR", "UNKNOWN_MONITOR", "BAD_COMMAND", "BAD_FLAGS",
            "BAD_TABLE_ID", "BAD_OUT",
        ),
    ),
    17: (
        "BUNDLE_FAILED",
        (
            "UNKNOWN", "EPERM", "BAD_ID", "BUNDLE_EXIST", "BUNDLE_CLOSED", "OUT_OF_BUNDLES", "BAD_TYPE",
            "BAD_FLAGS", "MSG_BAD_LEN", "MSG_BAD_XID", "MSG_UNSUP", "MSG_CONFLICT", "MSG_TOO_MANY",
            "MSG_FAILED", "TIMEOUT", "BUNDLE_IN_PROGRESS",
        ),
    ),
}  # fmt: skip


def error_name(error_type: int) -> str:
    """Give the name of a type of errors: `flow_mod_failed`; of one that is not specified, `unknown`."""
    return ERRORS.get(error_type, ("unknown", ()))[0].lower()


def error_words(error_type: int, code: int) -> str:
    """Give an error in words: `meter mod failed, out of meters (type 12, code 10)`."""
    if (error_type, code) in NO_CONNECTION_TRACKING:
        return f"its datapath lacks connection tracking, or a part of it (type {error_type}, code {code})"
    name, codes = ERRORS.get(error_type, ("unknown error", ()))
    known = codes[code] if code < len(codes) else ""
    words = ", ".join(word.replace("_", " ").lower() for word in (name, known) if word)
    return f"{words} (type {error_type}, code {code})"
