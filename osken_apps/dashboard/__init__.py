"""The dashboard: what a browser gets. Owns files, and nothing that answers a request."""
