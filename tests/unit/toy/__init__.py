"""A kind of resource as somebody adds one: one file has what it is, one what the API makes of it.

The third that a new kind touches is `osken_apps/rest/registry.py`, for a line; the test has its own registry.
"""
