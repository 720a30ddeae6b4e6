"""The catalogue of faults: in which ways servers fail, and whether a client copes.

It knows no server: a fault is set to work through what `fault` says that a server must have.

* `catalogue`: the table of faults; `rows`: what its rows are written with
* `fault`: what a row of it is
* `needs`: what a fault demands of a server's settings
* `choosing`: faults by the globs of their names
* `at_work`: a fault at work on a server; `check` gives the verdict
* `belief`: what a mailer says about its mail
* `evidence`: what a server's records tell of a client
* `verdict`: the table of what a client can do wrong
"""

from __future__ import annotations

from .at_work import FaultAtWork
from .catalogue import FAULTS
from .choosing import choose
from .fault import Fault

__all__ = ["FAULTS", "Fault", "FaultAtWork", "choose"]
