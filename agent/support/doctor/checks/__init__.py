"""The checks: one module per matter, each with its causes beside its looks. The order is ``agent.support.doctor``'s."""
