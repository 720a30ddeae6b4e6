"""The server's side of SMTP (RFC 5321), pure: octets and times in, actions and records out.

* `engine`: octets to command lines and content, and the flow from one to the next
* `content`: where a message's content ends, and what it is without its transparency dots
* `dialogue`: what the two sides have agreed on so far, and what a command changes in it
* `commands`: one row for each command: how it is parsed, answered and carried out
* `states`: which command may come when
* `extensions`: one row for each service extension
* `pipelining`: which commands a client may send on after without a reply
* `grammar`: paths and parameters, the ABNF above each expression
* `replies`: the server's own replies
* `sasl`: the mechanisms of AUTH
"""

from .engine import SMTPEngine
from .extensions import EXTENSIONS
from .offer import Offer, offer_of

__all__ = ["EXTENSIONS", "Offer", "SMTPEngine", "offer_of"]
