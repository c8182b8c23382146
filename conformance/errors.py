"""Errors of the judge, and how each is shown in one line."""

from __future__ import annotations

LONGEST = 600  # characters of a message


class CouldNotTest(Exception):
    """The host lacks something the test needs; str() is the reason. Never a pass."""


class HeldBack(Exception):
    """The test would have changed the host, or locked an account; str() is the reason."""


class CouldNotRun(Exception):
    """The run as a whole has no verdict (exit code 2); the message says why and what to do."""


class LocalError(Exception):
    """Gateway or mocks could not be started; the message is one line."""


class TargetError(Exception):
    """The target cannot be used as given; the message is one line that says what to do."""


class RemoteError(Exception):
    """The gateway refused the request or was not reached; the message is one line that says what to do."""

    def __init__(self, message: str) -> None:
        line = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in _line(message))
        super().__init__(line if len(line) <= LONGEST else f"{line[:LONGEST]}…")


def one_line(error: Exception) -> str:
    """The message of an error that the user can mend; any other is shown as a fault of argus."""
    import typer  # not above: child processes of a run import this module, too

    from argus_wfm.openapi.server import PortTaken

    if isinstance(error, typer.TyperException):
        words = error.format_message()
    elif isinstance(error, CouldNotRun | LocalError | RemoteError | TargetError | PortTaken):
        words = str(error)
    else:
        what = f"{type(error).__name__}: {error}".rstrip(": ")
        words = f"This is a fault of argus: {what}. argus --debug shows where."
    return _line(words)


def _line(text: str) -> str:
    return " ".join(text.split())
