"""ATOL's registers by their maker's library (driver 10), which runs in a process of its own."""
