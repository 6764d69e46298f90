"""Jobs on the agent: their transitions on disk, and what the server says about them."""
