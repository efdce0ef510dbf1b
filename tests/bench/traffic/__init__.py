"""Traffic between machines of the lab, for the benchmarks that compare one kind of network with another."""
