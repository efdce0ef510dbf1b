"""What the controller answers to the REST process, and how switches are asked for it. SHELL."""
