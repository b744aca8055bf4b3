from dataclasses import replace

import pytest
from tests.signin.place import ADA

from yett.identity.access import Assurance
from yett.signin import Foresight, Method, MFASettings, State
from yett.signin.machine import Demand, Standing
from yett.signin.model import Factor

MFA, SINGLE, STRONG = Assurance.MFA, Assurance.SINGLE, Assurance.PHISHING_RESISTANT


class Standings:
    def __init__(self, standing):
        self._standing = standing

    async def standing(self, _person):
        return self._standing


async def yes(_person):
    return True


async def no(_person):
    return False


def foresee(*enrolled, can_mail=False, methods=(Method.PASSWORD,), **settings):
    standing = Standing(frozenset(enrolled), can_mail)
    offered = {method: yes if method in methods else no for method in Method}
    return Foresight(Standings(standing), MFASettings(**settings), offered)


@pytest.mark.parametrize(
    ("foresight", "leads_to", "proves", "reaches"),
    [
        (foresee(), State.SIGNED_IN, SINGLE, {SINGLE}),
        (foresee(Factor.TOTP), State.FACTOR, MFA, {SINGLE, MFA}),
        (foresee(Factor.TOTP, password=Demand.NEVER), State.SIGNED_IN, SINGLE, {SINGLE, MFA}),
        (foresee(Factor.PASSKEY), State.FACTOR, STRONG, {SINGLE, MFA, STRONG}),
        (foresee(can_mail=True, password=Demand.ALWAYS), State.FACTOR, MFA, {SINGLE, MFA}),
        (foresee(password=Demand.ALWAYS), State.ENROL, MFA, {SINGLE, MFA}),
        (foresee(password=Demand.ALWAYS, enrol_after_first_factor=False), State.NOWHERE, SINGLE, set()),
        (foresee(methods=(Method.PASSKEY,)), State.SIGNED_IN, STRONG, {SINGLE, MFA, STRONG}),
        (foresee(methods=(Method.X509,)), State.SIGNED_IN, SINGLE, {SINGLE}),
    ],
)
async def test_a_way_leads_where_the_sign_in_itself_would(foresight, leads_to, proves, reaches):
    (way,) = await foresight.ways(ADA)
    assert (way.leads_to, way.proves) == (leads_to, proves)
    assert {each for each in Assurance if way.can_reach(each)} == reaches


async def test_only_methods_that_are_offered_are_ways():
    assert await foresee(methods=()).ways(ADA) == ()
    found = await foresee(methods=(Method.PASSWORD, Method.KERBEROS)).ways(ADA)
    assert [way.method for way in found] == [Method.PASSWORD, Method.KERBEROS]


async def test_a_group_that_needs_a_factor_is_asked_for_one():
    foresight = foresee(require_groups=("staff",))
    (way,) = await foresight.ways(replace(ADA, groups=("staff",)))
    assert way.leads_to is State.ENROL
    foresight.apply(MFASettings())
    assert (
        await foresight.after(replace(ADA, groups=("staff",)), Method.PASSWORD)
    ).leads_to is State.SIGNED_IN


async def test_a_method_is_no_second_factor_after_itself():
    (way,) = await foresee(can_mail=True, methods=(Method.MAGIC_LINK,), magiclink=Demand.ALWAYS).ways(ADA)
    assert way.leads_to is State.ENROL
