"""The place of passkeys in signing in: a button on the sign-in page, and the page where people keep theirs.

Read `calls` (what scripts of our pages send), then `routes` (signing in) and `profile` (the page, and
making new ones). `script` serves `passkey.js`, which is the browser's side of both; without scripts
there are no passkeys, and the pages say so or show nothing of them.
"""

from yett.signin.passkey.profile import PasskeyPages
from yett.signin.passkey.routes import PasskeyStep
from yett.signin.passkey.script import PasskeyScript

__all__ = ["PasskeyPages", "PasskeyScript", "PasskeyStep"]
