"""What agent and server say to each other, and the machines both sides run. Pure: no I/O, no clock, no randomness."""
