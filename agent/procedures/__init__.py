"""Procedures on a device as pure step functions: ``step(run, answer) -> (run, ask)``.

A procedure asks for one thing at a time (``asks``) and is told how it went; the lane (``agent.devices.lane``) does what
is asked. No clock, random, file or socket in here.
"""
