"""OVSDB sessions: hosts that dialled us with set-manager. SHELL."""
