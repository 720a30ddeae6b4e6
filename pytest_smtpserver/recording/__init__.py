"""What is being recorded; the server's thread writes it, and the tests' threads read it.

* `recorder`: everything that one server has seen, and what to wake when there is more
* `session`, `transaction`: a session or transaction while it lasts, written by the engine
* `wire`: what passes in a session, and views of it
* `recording`: what sessions and transactions have in common: snapshots, and how threads share them
"""
