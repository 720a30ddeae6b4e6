"""Rules: what the test told the server to do instead; pure.

* `stages`: where a rule can answer, and what it can be matched with there
* `command`: what a rule is asked about
* `steps`: what a rule does, one after another; they yield an engine's actions
* `phase`: some steps, and which of the matching commands they answer
* `state`: a rule as the server knows it: its phases, and what it has answered
* `rule`: a rule as the test knows it, built by chaining; `making`: how a test gets one
* `places`: lines of the test's code, as error messages and reports name them
* `keywords`: the match keywords, for type checkers
* `book`: the rules of one server; the newest match answers
* `chaos`: random refusals and disconnects that are the same in each run
"""

# Only what a server without rules needs; the first rule imports the rest.
from .book import RuleBook
from .command import Command
from .making import RuleMaker
from .places import CallableError, blame, calls_tests, raised_at, running_test

__all__ = [
    "CallableError",
    "Command",
    "RuleBook",
    "RuleMaker",
    "blame",
    "calls_tests",
    "raised_at",
    "running_test",
]
