"""The agent's memory: an append-only, hash-chained journal in SQLite, and the projections rebuilt from it."""
