"""The live page of the mail that servers of this process receive.

It is an HTTP engine on the same network layer as SMTP, with the templates of `report`.

How new mail gets into an open page
-----------------------------------

The page asks for `/events` and keeps that connection: it is an endless answer, a stream of
server-sent events. There is no polling, and no thread or task for each page.

1. A connection's `HTTPEngine` pulls the answer from a generator (`Views._events`). The generator
   takes the store's gate, yields an event for each message that is new, then yields the gate.
2. At the gate the engine returns `Hold(gate)`, the same action as for a rule's `hold()`. So the
   network already knows what to do: it waits, sees the browser leave meanwhile, and ends the wait
   when the inbox closes.
3. A server records a transaction, and `Store.add` appends it, puts a new gate in the place of the
   old one, and opens the old one. That resumes the engine of every open page, which goes on at 1.

The order at 1 matters: take the gate first, then look. If it were the other way round, a message
that came between the two would open a gate that nobody holds yet, and the page would show it only
with the next one.

The files
---------

* `engine`: HTTP/1.1, one request for each connection; h11 parses
* `answers`: an answer, and the header fields that keep other sites out
* `site`: which request gets which answer; `views`: makes the answers
* `store`: what arrived, in order and bounded, and the gate that opens when there is more
* `live`: the inbox with its listener
"""
