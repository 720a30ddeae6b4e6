"""The server's side of SMTP (RFC 5321), pure: octets and times in, actions and records out.

* `engine`: octets to command lines and content, and the flow from one to the next
* `command_line`: a line's verb and argument, how it is shown, and what is wrong with it
* `command_turn`: from such a line to the server's turn: may it come now, and what it leads to
* `arguments`: what follows the verb, and what is malformed in it
* `commands`: one row for each command: how it is parsed, answered and carried out
* `states`: which command may come when
* `dialogue`: one session: what was agreed on so far, and the parts that own the rest
* `open_transaction`: the transaction that is open: recipients, content, outcome
* `turn`: from what the client did to the answer, the server's own or a rule's
* `content`, `delivery`: where a message's content ends, and who answers for it
* `login`: what each session knows of AUTH; `authentication`: one exchange; the mechanisms are in
  `sasl`
* `conformance`: whether the client keeps to the protocol from one command to the next
* `offer`, `extensions`: what a server offers to its clients, one row for each service extension
* `grammar`: paths and parameters, the ABNF above each expression
* `replies`: the server's own replies
"""

from .engine import SMTPEngine
from .extensions import EXTENSIONS
from .offer import Offer, offer_of

__all__ = ["EXTENSIONS", "Offer", "SMTPEngine", "offer_of"]
