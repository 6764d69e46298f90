from datetime import datetime

WALL = datetime(2026, 11, 22, 12, 0)  # noqa: DTZ001  # local by nature
