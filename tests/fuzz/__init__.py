"""Fuzzing: any octets from the wire must end in an answer, in silence or in `Malformed`."""
