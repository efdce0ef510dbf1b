"""Explaining: why a port has no address, and why two ports do not reach each other. PURE.

Facts are gathered elsewhere; here they are judged. Each cause is declared once, in `causes`.
"""
