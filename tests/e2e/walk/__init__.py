"""Walks at random over a lab: after every step machines reach each other exactly as a small model says."""
