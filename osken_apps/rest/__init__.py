"""Networking API v2.0: what it accepts and shows (PURE), and the WSGI edge (SHELL)."""
