"""What ends a run with status 2."""


class CommandError(Exception):
    """The command cannot do its work. The message says why in one line."""
