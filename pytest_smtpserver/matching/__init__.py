"""Criteria on records, how a record differs from them, and what a failing test says about it.

Explaining is the primitive: `Criteria.differences` tells what a record does not meet, and to match
is to have no differences.

* `criteria`: all criteria of one call; `criterion`: one of them, and its `difference` from a record
* `kinds`: what kinds of expected value there are, and what means the same for all criteria
* `tables`: the criteria that each record knows; `rows`: what such tables are written with
* `mailboxes`, `passages`: when two addresses are the same, and whether a text contains another
* `failure`: the text of a failed wait, and of an assertion on one record: what its first line says,
  and what stands below
* `explain`: two values one below the other; `closeness`: which record or text comes closest
* `notes`: what a difference may come from; `wording`: values in words, bounded

All of it is pure: records are known by the names of their attributes alone.
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
