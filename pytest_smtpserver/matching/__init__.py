"""Criteria on records, how a record differs from them, and what a failing test says about it.

Explaining comes first: `Criteria.differences` says what a record does not meet, and a record
matches if it has no differences.

* `criteria`: all criteria of one call; `criterion`: one of them, and its `difference` from a record
* `kinds`: the kinds of expected value, and the meanings that are the same for all criteria
* `tables`: the criteria that each record knows; `rows`: the building blocks of such tables
* `mailboxes`, `passages`: when two addresses are the same, and whether a text contains another
* `failure`: the text of a failed wait, and of an assertion on one record: its first line, and the
  lines below
* `explain`: two values one below the other; `closeness`: which record or text comes closest
* `notes`: possible reasons for a difference; `wording`: values in words, of limited length

All of it is pure. It knows records only by the names of their attributes.
"""

from __future__ import annotations

from .criteria import Criteria, CriterionError
from .criterion import Criterion, Difference, MappedCriterion
from .failure import (
    Cause,
    SMTPAssertionError,
    describe_candidates,
    describe_failure,
    describe_mismatch,
    transcript_end,
)
from .kinds import ADDRESSES, Actual, ValueKind
from .mailboxes import comparable, parse_address, same_address
from .rows import RecordKind, address_criterion, predicate_criterion, text_criterion
from .wording import counted, shown

__all__ = [
    "ADDRESSES",
    "Actual",
    "Cause",
    "Criteria",
    "Criterion",
    "CriterionError",
    "Difference",
    "MappedCriterion",
    "RecordKind",
    "SMTPAssertionError",
    "ValueKind",
    "address_criterion",
    "comparable",
    "counted",
    "describe_candidates",
    "describe_failure",
    "describe_mismatch",
    "parse_address",
    "predicate_criterion",
    "same_address",
    "shown",
    "text_criterion",
    "transcript_end",
]
