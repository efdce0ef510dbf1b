"""The DHCP benchmark: this server, OVN, dnsmasq and Kea, side by side behind Open vSwitch."""
