"""Everybody and every group of LDAP, with the ways to find them; all in memory, nothing waits.

A group that is a member of another passes its members on to it. The walk from a person upwards
visits each group once, so that groups which contain each other end it like any others.

What must stay true:
  a name that two entries claim is nobody's, and a name that two groups claim grants nothing;
  `people` is what follows from the entries, for every name whose entries were put or dropped and
  that `settle` was called for.
"""

from collections import deque
from collections.abc import Iterable, Iterator

from yett.identity.ldap.model import SOURCE, LdapGroup, LdapUser
from yett.identity.model import Person


class Roster:
    """Entries by id, and what follows from them."""

    def __init__(self, *, is_nested: bool, wanted: Iterable[str] = (), most_groups: int = 1000) -> None:
        self.users: dict[str, LdapUser] = {}
        self.groups: dict[str, LdapGroup] = {}
        self.people: dict[str, Person] = {}
        self.overfull: set[str] = set()
        """Names of people who are in more groups than anybody may be, and so are in none."""
        self._is_nested = is_nested
        self._wanted = frozenset(wanted)
        self._most_groups = most_groups
        self._user_at: dict[str, str] = {}
        self._group_at: dict[str, str] = {}
        self._named: dict[str, set[str]] = {}
        self._group_named: dict[str, set[str]] = {}
        self._inside: dict[str, set[str]] = {}
        self._above: dict[str, frozenset[str]] = {}
        self._all_above: dict[frozenset[str], tuple[str, ...]] = {}

    # Changing. Each answers whose person may be another now.

    def put_user(self, user: LdapUser) -> set[str]:
        """Take an entry in, in place of what had its id or its place before."""
        affected = {user.name}
        for known in (user.id, self._user_at.get(user.key)):
            if known is not None:
                affected |= self.drop_user(known)
        self.users[user.id] = user
        self._user_at[user.key] = user.id
        self._named.setdefault(user.name, set()).add(user.id)
        return affected

    def drop_user(self, number: str) -> set[str]:
        user = self.users.pop(number, None)
        if user is None:
            return set()
        if self._user_at.get(user.key) == number:
            del self._user_at[user.key]
        _discard(self._named, user.name, number)
        return {user.name}

    def put_group(self, group: LdapGroup, *, is_affecting: bool = True) -> set[str]:
        """The same for a group; who is affected may be left out when everybody is settled anyway."""
        affected: set[str] = set()
        for known in (group.id, self._group_at.get(group.key)):
            if known is not None and known in self.groups:
                affected |= self.drop_group(known)
        self.groups[group.id] = group
        self._group_at[group.key] = group.id
        if group.name:
            if is_affecting:
                affected |= self._below_namesakes(group.name)
            self._group_named.setdefault(group.name, set()).add(group.id)
        for member in group.members:
            self._inside.setdefault(member, set()).add(group.id)
        self._forget_ways()
        return affected | self._below(group) if is_affecting else affected

    def drop_group(self, number: str) -> set[str]:
        group = self.groups.get(number)
        if group is None:
            return set()
        affected = self._below(group)
        del self.groups[number]
        if self._group_at.get(group.key) == number:
            del self._group_at[group.key]
        if group.name:
            _discard(self._group_named, group.name, number)
            affected |= self._below_namesakes(group.name)
        for member in group.members:
            _discard(self._inside, member, number)
        self._forget_ways()
        return affected

    def settle(self, names: Iterable[str]) -> dict[str, tuple[Person | None, Person | None]]:
        """Put what follows for these names in force; those who are different now, before and after."""
        changed = {}
        for name in names:
            before, after = self.people.get(name), self._person(name)
            if before == after:
                continue
            changed[name] = (before, after)
            if after is None:
                del self.people[name]
            else:
                self.people[name] = after
        return changed

    # Finding.

    def user(self, name: str) -> LdapUser | None:
        """The one entry of a name; None also when several claim it."""
        numbers = self._named.get(name, ())
        return self.users[next(iter(numbers))] if len(numbers) == 1 else None

    def namesakes(self, name: str) -> list[LdapUser]:
        """Every entry that claims a name."""
        return [self.users[number] for number in self._named.get(name, ())]

    def duplicates(self) -> int:
        """How many names several entries claim, people's and groups'."""
        return sum(
            len(numbers) > 1 for named in (self._named, self._group_named) for numbers in named.values()
        )

    def direct_groups(self, user: LdapUser) -> set[str]:
        """Ids of the groups that name the person as a member."""
        return self._inside.get(user.key, set()) | self._inside.get(f"@{user.name}", set())

    def names(self) -> Iterator[str]:
        """Every name that any entry claims."""
        yield from self._named

    def has_cycle(self) -> bool:
        """Whether some groups contain each other."""
        waiting = dict.fromkeys(self.groups, 0)
        for group in self.groups.values():
            for parent in self._inside.get(group.key, ()):
                waiting[parent] += 1
        free = deque(number for number, count in waiting.items() if not count)
        seen = 0
        while free:
            seen += 1
            for parent in self._inside.get(self.groups[free.popleft()].key, ()):
                waiting[parent] -= 1
                if not waiting[parent]:
                    free.append(parent)
        return seen < len(self.groups)

    # Inside.

    def _person(self, name: str) -> Person | None:
        user = self.user(name)
        self.overfull.discard(name)
        if user is None:
            return None
        groups = self._names_above_all(frozenset(self.direct_groups(user)))
        if len(groups) > self._most_groups:
            self.overfull.add(name)
            groups = ()
        # Without the attribute of ids there is the place of the entry, which the next one may have.
        number = "" if user.id.startswith("=") else user.id
        return Person(
            name,
            user.display_name,
            user.email,
            groups,
            user.is_disabled,
            SOURCE,
            number,
            uid=user.uid,
            gid=user.gid,
        )

    def _names_above_all(self, numbers: frozenset[str]) -> tuple[str, ...]:
        """The same for several groups; people who are in the same ones share the answer."""
        known = self._all_above.get(numbers)
        if known is None:
            known = tuple(sorted(frozenset().union(*(self._names_above(number) for number in numbers))))
            self._all_above[numbers] = known
        return known

    def _forget_ways(self) -> None:
        self._above.clear()
        self._all_above.clear()

    def _names_above(self, number: str) -> frozenset[str]:
        """Names of a group and of every group that it is inside of."""
        known = self._above.get(number)
        if known is not None:
            return known
        seen, line = {number}, [number]
        while line and self._is_nested:
            for parent in self._inside.get(self.groups[line.pop()].key, ()):
                if parent not in seen:
                    seen.add(parent)
                    line.append(parent)
        found = frozenset(name for each in seen if (name := self._granted(self.groups[each].name)))
        self._above[number] = found
        return found

    def _granted(self, name: str) -> str:
        """The name, if it stands for exactly one group that is taken over."""
        if not name or len(self._group_named.get(name, ())) != 1:
            return ""
        return name if not self._wanted or name in self._wanted else ""

    def _below(self, group: LdapGroup) -> set[str]:
        """Names of all people in a group and in the groups inside it."""
        names, seen, line = set(), {group.id}, [group]
        while line:
            for member in line.pop().members:
                if member.startswith("@"):
                    names.add(member[1:])
                    continue
                person = self._user_at.get(member)
                if person is not None:
                    names.add(self.users[person].name)
                inner = self._group_at.get(member)
                if inner is not None and inner not in seen:
                    seen.add(inner)
                    line.append(self.groups[inner])
        return names

    def _below_namesakes(self, name: str) -> set[str]:
        """People of the groups that have a name now: a second one takes it from the first, and gives it back."""
        numbers = self._group_named.get(name, ())
        return {each for number in numbers for each in self._below(self.groups[number])}


def _discard(table: dict[str, set[str]], key: str, value: str) -> None:
    values = table.get(key)
    if values is not None:
        values.discard(value)
        if not values:
            del table[key]
