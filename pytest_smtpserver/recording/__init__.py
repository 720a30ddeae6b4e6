"""What is being recorded: the only data that the server's thread shares with the tests' threads.

* `recorder`: everything that one server has seen, and what to wake when there is more
* `session`, `transaction`: a session or transaction while it lasts, written by the engine
* `wire`: what passes in a session, and views of it
* `recording`: what sessions and transactions have in common: snapshots, and how threads share them
"""
