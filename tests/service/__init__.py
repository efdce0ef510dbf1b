"""The Debian package on a bare Debian, with systemd: `make service`."""
