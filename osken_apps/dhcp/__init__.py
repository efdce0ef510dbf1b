"""The DHCP server as pure functions: a frame and a port's service in, a frame or silence out. PURE."""
