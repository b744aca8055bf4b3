from tests.events import samples

from yett.events import console, keep_witness

line = console("[TEST] witnessed %s", advice="Nothing to do.")


def test_each_name_is_written_once_and_no_value_ever(tmp_path, capsys):
    stop = keep_witness({"YETT_EVENTS_HEARD": str(tmp_path)})
    for _ in range(3):
        samples.plain("private", 1)
        samples.quiet()
        line("private")
    names = next(tmp_path.iterdir()).read_text().splitlines()  # there at once, should the process be killed
    stop()
    samples.audited("ada")
    assert names == ["event sample.plain.plain", "event sample.quiet.quiet", "console [TEST] witnessed %s"]
    assert next(tmp_path.iterdir()).read_text().splitlines() == names
    capsys.readouterr()


def test_nothing_is_kept_unless_asked_for():
    assert keep_witness({}) is None
