"""What every driver of a card terminal must show over a simulated one: ``drivers.terminal_api`` as tests.

Judged, tabled and written down by the mechanisms of ``drivers.conformance``: a family gives a ``Bench`` of this
package's ``bench`` in the same row of benches. How to use it: docs/drivers/conformance.md.
"""
