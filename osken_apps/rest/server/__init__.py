"""The HTTP server of the API: connections, TLS, deadlines, and whose turn it is. SHELL."""
