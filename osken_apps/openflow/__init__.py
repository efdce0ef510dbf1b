"""OpenFlow as values: fields, matches, actions, flows; their text and wire forms; the difference. PURE.

Text is ovs-ofctl's, wire form is OpenFlow 1.4 with Open vSwitch's extensions (ovs-fields(7), ovs-actions(7)).
"""
