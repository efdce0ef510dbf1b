"""What our switches do: every table and rule once, then the flows that follow from a snapshot. PURE."""
