"""Finds the one-time code in a message: weighs the evidence for and against each number.

Example: "Your order 48291 is on its way. 481516 is your verification code."

1. `candidates` finds two numbers with the shape of a code.
2. `phrases` finds "verification code", which can only be a one-time code.
3. `pointing` sees that "is your" joins it to 481516, and that "order" says what 48291 is.
4. `weighing` gives 481516 five points for those words and one for its six digits, which is enough.

A wrong code is worse than none. So shape and layout count only for a number that words point at,
and if two numbers are about equally likely, there is no code, and the failure shows both.

* `reading`: a text as lines, sentences and tokens, with digits of any script as ASCII
* `vocabulary`: the words of all languages, from `words.toml`, and their meanings
* `candidates`: numbers with the shape of a code, and those whose shape says that they are not one
* `phrases`: the words in a sentence that name a code, and of which kind it is
* `pointing`: which words of its sentence point at a candidate
* `layout`: which numbers have a line or an element of their own, and which words in the lines
  above and below point at them
* `weighing`: how strong the evidence for each candidate is, and which one is the code
* `telling`: the text of a failure, with the evidence for each candidate
"""

from .layout import set_apart
from .telling import describe
from .weighing import Weighed, Weighing, weigh

__all__ = ["Weighed", "Weighing", "describe", "set_apart", "weigh"]
