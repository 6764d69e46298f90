"""How fast, as ratios: each benchmark measures ours and a fixed floor side by side, in one run. Not shipped."""
