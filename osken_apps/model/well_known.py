"""Numbers and words that everybody uses where nothing else is said. PURE."""

OPENFLOW_PORT = 6653  # of the controller (IANA); Open vSwitch takes it where a target names none
OVSDB_PORT = 6640  # of the manager (IANA), likewise
API_PORT = 9696  # of the REST API, as Neutron's
KERNEL_DATAPATH = "system"  # the datapath_type of a bridge that has none (ovs-vswitchd.conf.db(5))
DEFAULT_MTU = 1500  # octets, of Ethernet
