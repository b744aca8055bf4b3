import os
import threading

import pytest
from tests.events.outputs.lines import some

from yett.events.outputs import DescriptorCarrier, Refused, Unreachable


@pytest.fixture
def pipe():
    ends = list(os.pipe())
    yield ends
    for end in ends:
        if end is not None:
            os.close(end)


def carrier_of(descriptor, timeout=0.05):
    return DescriptorCarrier(descriptor, "stdout", list, timeout=timeout)


def test_a_batch_is_one_write(tmp_path, monkeypatch):
    with (tmp_path / "out").open("wb") as file:
        carrier = carrier_of(file.fileno())
        real, sizes = os.write, []
        monkeypatch.setattr(os, "write", lambda descriptor, data: sizes.append(1) or real(descriptor, data))
        carrier.carry(some(100))
        carrier.close()
    assert len(sizes) == 1
    assert (tmp_path / "out").read_bytes().splitlines() == some(100)


def test_a_reader_that_went_away_is_said_so(pipe):
    os.close(pipe[0])
    pipe[0] = None
    carrier = carrier_of(pipe[1])
    with pytest.raises(Refused, match="gone") as caught:
        carrier.carry(some(3))
    assert (caught.value.taken, caught.value.whole) == (0, True)
    carrier.close()


def test_a_closed_descriptor_is_survived():
    reader, writer = os.pipe()
    os.close(reader)
    os.close(writer)
    with pytest.raises(Refused):
        carrier_of(writer).carry(some(1))


def test_a_reader_that_stalls_gets_every_line_once_and_whole_when_it_goes_on(pipe):
    reader, writer = pipe
    carrier = carrier_of(writer)
    waiting = some(3000)
    with pytest.raises(Unreachable) as caught:
        carrier.carry(waiting)
    assert 0 < caught.value.taken < 3000
    waiting = waiting[caught.value.taken :]
    with pytest.raises(Unreachable) as caught:
        carrier.carry(waiting)
    assert caught.value.taken == 0
    assert os.get_blocking(writer)  # whoever shares the pipe sees no change
    got = bytearray()

    def read():
        while got.count(b"\n") < 3000:
            got.extend(os.read(reader, 4096))

    thread = threading.Thread(target=read)
    thread.start()
    while waiting:
        try:
            carrier.carry(waiting)
            waiting = []
        except Unreachable as problem:
            waiting = waiting[problem.taken :]
    carrier.carry(())
    thread.join(10)
    assert bytes(got).splitlines() == some(3000)
    carrier.close()
