"""The database of networks, subnets, ports and quotas, behind frozen dataclasses. SHELL."""
