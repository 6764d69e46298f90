"""A card terminal at work: its lane, what the lane asks of the driver, what it writes into the journal."""
