"""Metrics for Prometheus: what is told, of which facts, and the listener that tells it."""
