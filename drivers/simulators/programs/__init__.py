"""Programs of vendors that are not there: started with arguments, they leave files in a folder and end.

``running`` is one start, seen from both sides; ``device`` the pinpad behind it with its time and faults; ``spoiling``
what can be wrong with files; ``launcher``, ``line`` and ``port`` put a real program into a folder that hands each of
its starts to a serving simulator. The makes are ``drivers.simulators.sber`` and ``drivers.simulators.arcus2``.
"""
