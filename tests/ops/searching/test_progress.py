import io

from yett.ops.searching import Progress, progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Half:
    bytes_read = 5 << 20

    def size(self):
        return 10 << 20


def test_somebody_who_waits_is_told_how_far_it_is(monkeypatch):
    monkeypatch.setattr(progress, "_FIRST", 0.0)
    out = Terminal()
    told = Progress(out)
    assert told() is False
    told.follow(Half())
    assert told() is False
    assert "searched 5 of at most 10 MiB" in out.getvalue()
    told.end()
    assert out.getvalue().endswith("\r\033[K")


def test_a_short_search_and_a_pipe_get_nothing(monkeypatch):
    out = Terminal()
    told = Progress(out)
    told.follow(Half())
    told()
    told.end()
    assert out.getvalue() == ""
    monkeypatch.setattr(progress, "_FIRST", 0.0)
    pipe = io.StringIO()
    for each in (Progress(pipe), Progress(None)):
        each.follow(Half())
        each()
        each.end()
    assert pipe.getvalue() == ""
