"""The window of the program: a page on this PC that the person's own browser shows, reached by a link for once
(docs/adr/0022)."""
