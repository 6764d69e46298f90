"""What support works with: the doctor, exchange traces, the bundle."""
