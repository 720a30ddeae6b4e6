"""What a message says: pure functions of its octets.

* `header`: the fields of a header
* `parts`: the body and the attachments
* `html`: what a reader of the HTML sees, and where it links to
* `codes`: the one-time code, by what speaks for and against each number
* `view`: all of these of one message, made when they are asked for
* `snapshot`: what is different in each run, and the tree of parts
* `dkim`: whether a DKIM signature holds, with a key that is given
* `defects`: what could not be parsed
"""
