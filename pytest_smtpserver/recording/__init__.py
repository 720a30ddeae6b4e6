"""The one place that the server's thread and the tests' share: what is being recorded.

* `recorder`: all that one server has seen, and who is woken when there is more
* `session`, `transaction`: one of these while it lasts, written by the engine
* `wire`: what passes in a session, and views of it
* `recording`: what both are: a value at each moment, and how threads share it
"""
