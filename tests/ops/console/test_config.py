from yett.ops.console import ConsoleSettings, check_console


def test_every_network_that_is_none_is_told():
    found = list(check_console(ConsoleSettings(networks=("10.0.0.0/8", "10.0.0.1/8", "x"))))
    assert [(each.key, each.value) for each in found] == [
        ("console.networks", "10.0.0.1/8"),
        ("console.networks", "x"),
    ]
    assert not list(check_console(ConsoleSettings(networks=("::1", "192.0.2.7"))))
