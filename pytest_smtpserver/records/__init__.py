"""What happened, as values; and the recorder that collects them.

* `reply`, `exchange`, `envelope`, `message`, `transaction`, `session`: the values that a test reads
* `violations`: what a client does wrong in its commands, one row for each kind
* `recording`: a transaction and a session while they last, written by the engine
* `recorder`: all that one server has seen, shared between its thread and the tests'
* `transcript`: what passed on the wire, for reading
"""
