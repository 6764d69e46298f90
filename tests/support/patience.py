"""How long a test waits for real processes, sockets and threads before it says that nothing comes."""

BUSY = 60.0
"""Seconds. Not a figure of the product: a machine that is busy with others is no error, only an end of the test."""
