"""What every driver of a fiscal register must show over a simulated device: ``drivers.api`` as tests.

A family gives a ``Bench`` (module ``bench``); the pytest plug-in ``drivers.conformance.plugin`` runs every behaviour of
``catalogue.behaviours`` over every bench; ``python -m drivers.conformance`` writes the sheets. How to use it:
docs/drivers/conformance.md.
"""
