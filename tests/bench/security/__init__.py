"""What guards cost: the same traffic with port security and groups, and without."""
