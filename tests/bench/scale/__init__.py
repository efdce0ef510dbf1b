"""The scale benchmark: simulated hosts that speak OpenFlow and OVSDB over real sockets to one controller.

The simulation knows nothing of the controller but the two protocols; `python -m tests.bench.scale` runs it.
"""
