"""What a person at the cashier's PC sees of the running agent and may ask of it, without the internet.

``overview`` makes the picture, ``decisions`` says what may be decided and with whose word, ``pin`` is the manager's,
``channel`` carries questions from another process of ours to the running agent, ``service`` answers them.
"""
