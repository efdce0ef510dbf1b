"""Networks, subnets, ports, what hosts report of them, and the snapshot of one host. PURE."""
