from pathlib import Path

from yett.ops.admin import AdminSettings, socket_path

DATA = Path("/var/lib/yett")


def test_the_socket_is_beside_the_data():
    assert socket_path(AdminSettings(), DATA, {}) == DATA / "admin.sock"


def test_without_data_it_is_where_running_programs_keep_such_things():
    assert socket_path(AdminSettings(), None, {}) == Path("/run/yett/admin.sock")


def test_the_setting_is_stronger_and_the_environment_strongest():
    settings = AdminSettings(socket_path=Path("/run/other.sock"))
    assert socket_path(settings, DATA, {}) == Path("/run/other.sock")
    assert socket_path(settings, DATA, {"YETT_ADMIN_SOCK": "/tmp/x"}) == Path("/tmp/x")
    assert socket_path(settings, DATA, {"YETT_ADMIN_SOCK": ""}) == Path("/run/other.sock")
