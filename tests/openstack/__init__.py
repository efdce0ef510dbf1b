"""Nova and Horizon, the real ones, on the controller and the hosts of a lab: `make openstack`."""
