"""What happened, as values.

* `reply`, `exchange`, `envelope`, `message`, `transaction`, `session`: the values that a test
  reads
* `keywords`: the criteria of records, for type checkers
* `finding`: the one link, code or attachment in a message; `following`: where its links lead
* `problems`: what is wrong with the content of a message, one row for each kind
* `violations`: what a client does wrong in its commands, one row for each kind
* `assertions`: what a test asserts about them
* `transcript`: what passed on the wire, for reading
* `snapshots`: messages and sessions as texts that are the same in each run
"""
