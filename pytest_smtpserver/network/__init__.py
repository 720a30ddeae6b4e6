"""trio: the background thread, listeners, and driving one connection.

It knows no SMTP: it drives any `pytest_smtpserver.engine.Engine`. Nothing here is imported
before the first server starts, because importing trio takes a tenth of a second.
"""

from .background import background, shut_down
from .listener import Listener

__all__ = ["Listener", "background", "shut_down"]
