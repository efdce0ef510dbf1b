"""Taking over what a Neutron has: networks, subnets, ports, security groups, under the ids they have."""
