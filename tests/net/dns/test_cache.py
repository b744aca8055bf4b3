from yett.net.dns.cache import Cache


def test_an_answer_is_known_for_its_time():
    cache = Cache(10)
    cache.put("a", 1, until=5.0)
    assert (cache.get("a", 4.9), cache.get("a", 5.0), cache.get("b", 0.0)) == (1, None, None)
    assert len(cache) == 0


def test_when_it_is_full_the_oldest_goes():
    cache = Cache(2)
    for name in ("a", "b", "a", "c"):
        cache.put(name, name, until=5.0)
    assert [cache.get(name, 0.0) for name in "abc"] == ["a", None, "c"]
    assert len(cache) == 2
