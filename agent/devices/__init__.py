"""Devices on the agent: one lane thread for each, the lock that keeps other programs of ours away, their settings."""
