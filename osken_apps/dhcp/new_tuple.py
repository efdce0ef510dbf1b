"""How a named tuple is made that every message needs: at half the cost of calling its class. PURE.

    new_tuple(Reply, (frame, decision, xid))

All fields must be given, in their order; nothing checks them.
"""

new_tuple = tuple.__new__
