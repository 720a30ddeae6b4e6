"""The exceptions of this room."""

from __future__ import annotations


class SMTPAssertionError(AssertionError):
    """What the test expected of its mail did not happen.

    The first line of its text tells the whole story, because pytest's short summary shows no more;
    the lines after it tell what came instead.
    """

    # The name under which users import and see it.
    __module__ = "pytest_smtpserver"


class CriterionError(RuntimeError):
    """A callable (or `==`) that the test gave as a criterion raised; that is its `__cause__`.

    It is not an assertion failure: whether the record matches is unknown.
    """

    __module__ = "pytest_smtpserver"
