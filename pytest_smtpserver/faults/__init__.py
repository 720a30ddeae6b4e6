"""The catalogue of faults: in which ways servers fail, and whether a client copes.

It does not import the server. `fault` has a protocol of the few attributes that a fault needs.

* `catalogue`: the table of faults; `rows`: the functions that its rows are written with
* `fault`: one row of the table
* `needs`: the settings that a fault needs
* `choosing`: chooses faults by globs of their names
* `at_work`: a fault at work on a server; `check` gives the verdict
* `belief`: what a mailer says about its mail
* `evidence`: what a server's records show about a client
* `verdict`: the table of what a client can do wrong
"""

from __future__ import annotations

from .at_work import FaultAtWork
from .catalogue import FAULTS
from .choosing import choose
from .fault import Fault

__all__ = ["FAULTS", "Fault", "FaultAtWork", "choose"]
