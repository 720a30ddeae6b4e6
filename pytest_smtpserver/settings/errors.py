"""What a wrong setting raises."""


class SettingsError(ValueError):
    """A setting that does not exist, or a value that is not possible for it."""

    # The name under which users import and see it.
    __module__ = "pytest_smtpserver"
