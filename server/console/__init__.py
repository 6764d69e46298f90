"""The web console: pages for the people of an account, drawn here, over the same services as the REST API.

A page's module reads what the services show, makes its view of it (pure functions) and hands that to its template. What
a form asks for is done by the same endpoint that a CRM calls, so that there is one way for each thing to happen.
"""
