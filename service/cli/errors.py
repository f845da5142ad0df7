"""What a user can do something about: one clear line, exit code 2, no traceback."""


class UserError(Exception):
    """A mistake, or something missing; the message says what to do."""
