"""Who people are: the directory, the sources it merges, and (in `access`) who may reach what.

Read `model`, then `directory`; `local` keeps people in one file beside the gateway's data, and
`commands` is how operators change it.
"""

from yett.identity.commands import UserCommands, UsersFileCommands
from yett.identity.directory import Directory, Source
from yett.identity.local import LocalUser, LocalUsers, PasswordChanged, UsersFileBroken, UsersFileRefused
from yett.identity.model import NAME, Person, PersonChanged, fold_name, is_name

__all__ = [
    "NAME",
    "Directory",
    "LocalUser",
    "LocalUsers",
    "PasswordChanged",
    "Person",
    "PersonChanged",
    "Source",
    "UserCommands",
    "UsersFileBroken",
    "UsersFileCommands",
    "UsersFileRefused",
    "fold_name",
    "is_name",
]
