"""People in one file, `users.toml`, for those who have no directory server.

Read `model`, then `parse` (text to people, with every mistake), `edit` (text to text), `file`
(reading and replacing it safely), and `users` (the source that the directory and the commands use).
"""

from yett.identity.local.model import LocalUser, PasswordChanged, UsersFileBroken, UsersFileRefused
from yett.identity.local.users import LocalUsers

__all__ = ["LocalUser", "LocalUsers", "PasswordChanged", "UsersFileBroken", "UsersFileRefused"]
