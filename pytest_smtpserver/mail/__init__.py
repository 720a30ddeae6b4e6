"""What a message says: pure functions of its octets.

* `view`: all of this for one message, each thing made when it is first asked for, and then kept
* `header`: splits a header into its fields, as they were sent
* `field_values`: decodes the values of fields, such as the subject; `encoded_words`: RFC 2047
* `lexer`: the words of a structured field; `structured`: values with parameters, as in MIME;
  `addresses`: From, To and the like
* `structure`: the tree of the parts; `bodies`: which of them are the body; `parts`: their contents
* `transfer`, `charsets`, `indexes`, `flowed`: from octets to text
* `html`: what a reader of the HTML sees, read from a tree of its elements; `plain_html`: the same
  for plain documents, many times as fast; `long_html`: the same for very long HTML, without a tree
* `styles`: which elements are hidden; `selectors`: which elements a style is for; `nesting`:
  flattens HTML that is nested too deep
* `links`: the links in text and HTML
* `document`: the HTML for a browser to show; `long_document`: the same without a tree
* `codes`: finds the one-time code, by the evidence for and against each number
* `harmless`: makes its text safe to show, and names from it safe for files
* `snapshot`: the tree of parts, and placeholders for what is different in each run
* `dkim`: verifies a DKIM signature with a given key
* `defects`: what could not be parsed
"""
