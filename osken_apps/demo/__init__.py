"""The demo: the reference's three use cases, live, each beside what the reference says; and a fourth."""
