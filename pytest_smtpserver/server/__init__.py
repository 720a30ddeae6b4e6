"""The servers that a test uses.

* `server`: `SMTPServer`; `asynchronous`: the same for a test in a coroutine
* `base`: what both can do without waiting; `core`: what is behind both
* `signals`: nothing interrupts a start or a stop
* `access`: how to reach a server; `ports`: which ports and hosts it may take
* `registry`: the servers of this process
* `certificates`: the run's authority and what servers show
* `watching`: calls a function for each transaction that ends on any server of the process
* `outbox`: the messages as pytest-localserver gives them
* `final_checks`: what is checked at the end of a test; `unused`: what came at the stage of a rule
  that was never used
"""
