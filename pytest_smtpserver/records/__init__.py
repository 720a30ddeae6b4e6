"""What happened, as values; and the recorder that collects them.

* `reply`, `exchange`, `envelope`, `message`, `transaction`, `session`: the values that a test
  reads
* `finding`: the one link, code or attachment in a message
* `problems`: what is wrong with the content of a message, one row for each kind
* `violations`: what a client does wrong in its commands, one row for each kind
* `assertions`: what a test asserts of them
* `recording`: a transaction and a session while they last, written by the engine
* `recorder`: all that one server has seen, shared between its thread and the tests'
* `transcript`: what passed on the wire, for reading
"""
