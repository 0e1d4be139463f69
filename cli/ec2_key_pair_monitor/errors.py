"""What ends a run with status 2."""


class CommandError(Exception):
    """The command cannot do its work; the message is one line that says why."""
