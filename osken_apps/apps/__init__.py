"""The os-ken applications: sockets, greenthreads and clocks around the PURE core. SHELL."""
