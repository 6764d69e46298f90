"""What Windows alone has, called by ctypes: sealing (``dpapi``), the end of a session and sleep (``session``), services
(``scm``, ``service``). Every module can be imported anywhere; a library is loaded when it is first asked for.
"""
