"""Finds the one-time code in a message: weighs the evidence for and against each number.

* `reading`: a text as lines, sentences and tokens, with digits of any script as ASCII
* `vocabulary`: the words of all languages, from `words.toml`, and what each is a word for
* `candidates`: what looks like a code, and what only looks like one, by its shape alone
* `phrases`: what a sentence calls a code, or a code of another kind
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
