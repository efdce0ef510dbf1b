"""What the network does: segments, addresses, bindings, groups, the DHCP server's port. PURE.

In terms of the model: no HTTP, no SQL, no clock. What is stored is read and changed through `state.State`.
"""
