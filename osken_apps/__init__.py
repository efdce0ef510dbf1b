"""osken-apps: an SDN controller for Open vSwitch hosts, written on os-ken."""
