"""What a message says: pure functions of its octets.

* `view`: all of it of one message, made when it is asked for, and then kept
* `header`: cuts a header into its fields, as they were sent; `field_values`: decodes their values,
  such as the subject; `encoded_words`: those of RFC 2047 in them
* `lexer`: the words of a structured field; `structured`: values with parameters, as MIME has them;
  `addresses`: those of From, To and the like
* `structure`: the tree of the parts; `bodies`: which of them are the body; `parts`: what they hold
* `transfer`, `charsets`, `indexes`, `flowed`: from octets to a text
* `html`: what a reader of the HTML sees, `plain_html`: the same of plain documents, many times as
  fast; `long_html`: that without a tree; `styles`: what is hidden; `links`: where both lead;
  `document`: the HTML for a browser to show, `long_document`: the same without a tree; `nesting`:
  made flat where it is too deep
* `codes`: the one-time code, by what speaks for and against each number
* `snapshot`: what is different in each run, and the tree of parts
* `dkim`: whether a DKIM signature holds, with a key that is given
* `defects`: what could not be parsed
"""
