"""Certificates, keys and revocation lists: what handshakes go by, whose they are, and until when. SHELL."""
