"""Rules: what the test told the server to do instead, pure.

* `stages`: where a rule can answer, and what it can be matched with there
* `command`: what a rule is asked about
* `steps`: what a rule does, one after another; they yield an engine's actions
* `phase`: some steps, and for which of the commands that fit they are
* `rule`: the phases of a rule, built by chaining
* `book`: the rules of one server, of which the newest that fits answers
* `chaos`: random refusals and disconnects that are the same in each run
"""

from .book import RuleBook
from .command import Command
from .rule import Rule
from .stages import STAGES
from .steps import CallableError

__all__ = ["STAGES", "CallableError", "Command", "Rule", "RuleBook"]
