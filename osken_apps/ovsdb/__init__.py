"""OVSDB's wire form: JSON texts in a stream of octets. PURE. Source: RFC 7047, RFC 8259."""
