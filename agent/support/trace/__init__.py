"""Exchange traces: what was said to a device and by it, always on, a bounded ring of files per device.

``record`` is the line of a file, ``ring`` the files, ``readers`` and the families' own readers cut the bytes into
frames, name them and hide what is secret, ``recorder`` ties these to the tap under a driver. ``showing`` tells a trace
to people, ``recorded`` and ``replay`` play it again.
"""
