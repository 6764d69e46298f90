"""What leaves the PC for support: one zip of named, allow-listed parts, to be looked at before it is sent.

``sources`` holds the parts (each a list of what is taken, never of what is left out), ``collect`` puts them together,
``archive`` writes the zip, ``sending`` is the seam for the upload with consent.
"""
