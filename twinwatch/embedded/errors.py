"""What can go wrong with embedded servers."""


class EmbeddedServerError(Exception):
    """An embedded server is missing, or does not start. The text is one line that says what would help."""
