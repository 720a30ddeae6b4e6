"""Criteria on records, how a record differs from them, and what a failing test says about it.

Explaining comes first: `Criteria.differences` says what a record does not meet, and a record
matches if it has no differences.

* `criteria`: all criteria of one call; `criterion`: one of them, and its `difference` from a record
* `kinds`: the kinds of expected value, and the meanings that are the same for all criteria
* `tables`: the criteria that each record knows; `rows`: the building blocks of such tables
* `mailboxes`, `passages`: when two addresses are the same, and whether a text contains another
* `failure`: the text of a failed wait, and of an assertion on one record: its first line, and the
  lines below
* `given`: what a test gives besides criteria, such as codes to ignore
* `explain`: two values one below the other; `closeness`: which record or text comes closest
* `notes`: possible reasons for a difference; `wording`: values in words, of limited length

All of it is pure. It knows records only by the names of their attributes. A server needs none of
the names below before a test asks for a record, so each is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_smtpserver import _imported_when_used

if TYPE_CHECKING:
    from .criteria import Criteria as Criteria
    from .criteria import CriterionError as CriterionError
    from .criterion import Criterion as Criterion
    from .criterion import Difference as Difference
    from .criterion import MappedCriterion as MappedCriterion
    from .failure import Cause as Cause
    from .failure import SMTPAssertionError as SMTPAssertionError
    from .failure import assembled as assembled
    from .failure import describe_candidates as describe_candidates
    from .failure import describe_failure as describe_failure
    from .failure import describe_mismatch as describe_mismatch
    from .failure import transcript_end as transcript_end
    from .kinds import ADDRESSES as ADDRESSES
    from .kinds import Actual as Actual
    from .kinds import ValueKind as ValueKind
    from .mailboxes import comparable as comparable
    from .mailboxes import parse_address as parse_address
    from .mailboxes import same_address as same_address
    from .rows import RecordKind as RecordKind
    from .rows import address_criterion as address_criterion
    from .rows import predicate_criterion as predicate_criterion
    from .rows import text_criterion as text_criterion
    from .wording import counted as counted
    from .wording import shown as shown

_HOMES = {
    "ADDRESSES": "kinds",
    "Actual": "kinds",
    "Cause": "failure",
    "Criteria": "criteria",
    "Criterion": "criterion",
    "CriterionError": "criteria",
    "Difference": "criterion",
    "MappedCriterion": "criterion",
    "RecordKind": "rows",
    "SMTPAssertionError": "failure",
    "ValueKind": "kinds",
    "address_criterion": "rows",
    "assembled": "failure",
    "comparable": "mailboxes",
    "counted": "wording",
    "describe_candidates": "failure",
    "describe_failure": "failure",
    "describe_mismatch": "failure",
    "parse_address": "mailboxes",
    "predicate_criterion": "rows",
    "same_address": "mailboxes",
    "shown": "wording",
    "text_criterion": "rows",
    "transcript_end": "failure",
}

__all__ = sorted(_HOMES)


if not TYPE_CHECKING:  # pragma: no branch  # a type checker would let any name pass
    __getattr__ = _imported_when_used(__name__, _HOMES)
