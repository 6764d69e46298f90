"""The version of the program, as told to the server and by ``--version``. The same as in pyproject.toml (a test)."""

VERSION = "0.1.0"
