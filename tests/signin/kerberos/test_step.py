async def paths(build, **more):
    counter = await build(**more)
    return {route.path for route in counter.step.routes}, counter.step.address


async def test_what_is_switched_off_has_no_page(build):
    assert await paths(build, enabled=False) == (set(), "")
    only_tickets, address = await paths(build, password=False)
    assert only_tickets == {"/signin/kerberos", "/api/signin/kerberos"}
    assert address == "/signin/kerberos"
    everything, _ = await paths(build)
    assert {"/signin/kerberos/password", "/signin/kerberos/change"} <= everything
