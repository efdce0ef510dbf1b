"""Nova's side of the network: telling it what happens to the ports of its servers. SHELL."""
