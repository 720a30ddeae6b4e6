"""The live page of the mail that servers of this process receive.

An engine of HTTP on the same network as SMTP's, with the templates of `report`. What is new is
pushed by an engine that holds at a gate, as a rule's `hold()` does: the network needs nothing more.

* `engine`: HTTP/1.1, one request a connection; h11 parses, ours decides
* `answers`: what is answered, and the header fields that keep other sites out
* `site`: which request gets what; `views`: what it looks like
* `store`: what arrived, in order, bounded, and the gate that opens when there is more
* `live`: the inbox as a thing that listens
"""
