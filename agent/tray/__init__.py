"""The icon beside the clock: what the cashier sees of the agent, and what they can ask of it."""
