"""Sums that the behaviours ask for, in kopecks. None of them is a round one: where a simulator lets amounts steer it,
these are approved."""

from __future__ import annotations

PRICE = 150_50
PART = 50_25
OTHER = 99_99
SUMS = (1, 10_10, 27, 6_16, 100_11, 12_345_67, 999_999_99)
"""Small and large; 10.10 has in it, as packed digits, what a serial line doubles."""
