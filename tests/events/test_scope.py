from yett.events import Scope, current_scope, enter_scope, is_in_scope, leave_scope


def test_a_scope_holds_until_it_is_left():
    assert not is_in_scope()
    token = enter_scope(Scope(request_id="r"))
    assert is_in_scope()
    assert current_scope().request_id == "r"
    leave_scope(token)
    assert not is_in_scope()


async def test_async_tests_run():
    assert not is_in_scope()
