"""Criteria on records, how a record differs from them, and what a failing test says about it.

Explaining is the primitive: `Criteria.differences` tells what a record does not meet, and to match
is to have no differences. What an expected value means stands in two tables: `kinds.py` has what
is the same for all criteria, `tables.py` the criteria that each record knows; `rows.py` has what
such tables are written with. From the differences `failure.py` makes the text of a failed wait,
`mismatch.py` that of an assertion on one record, both with `explain.py`, which shows two values
one below the other.

All of it is pure: records are known by the names of their attributes alone.
"""

from __future__ import annotations

from .addresses import parse_address, same_address
from .criteria import Criteria
from .criterion import Criterion, MappedCriterion
from .difference import Difference
from .errors import CriterionError, SMTPAssertionError
from .failure import describe_failure, transcript_end
from .kinds import ADDRESSES, Actual, Kind
from .mismatch import describe_candidates, describe_mismatch
from .rows import RecordKind, address_criterion, predicate_criterion, text_criterion

__all__ = [
    "ADDRESSES",
    "Actual",
    "Criteria",
    "Criterion",
    "CriterionError",
    "Difference",
    "Kind",
    "MappedCriterion",
    "RecordKind",
    "SMTPAssertionError",
    "address_criterion",
    "describe_candidates",
    "describe_failure",
    "describe_mismatch",
    "parse_address",
    "predicate_criterion",
    "same_address",
    "text_criterion",
    "transcript_end",
]
