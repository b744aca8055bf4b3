"""What is kept about people belongs to them, and not to whoever has their name next.

Authenticators, passkeys, recovery codes, remembered sign-ins and preferences are kept by name. Each
of them says for which entry of the directory it was made (`Person.entry`), and counts as not there
for everybody else: it can be neither used nor changed, only replaced. Read `model`, then `rules`
(whose is it, and what becomes of it), then `service`, through which modules keep their data;
`commands` is for operators.
"""

from yett.identity.belongings.commands import BelongingsCommands
from yett.identity.belongings.config import IdentitySettings
from yett.identity.belongings.model import Left
from yett.identity.belongings.service import Belongings

__all__ = ["Belongings", "BelongingsCommands", "IdentitySettings", "Left"]
