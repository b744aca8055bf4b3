from collections import Counter

from yett.ops.converting.outcome import Outcome


def test_everything_is_told_that_happened():
    outcome = Outcome(
        lines=1210,
        written=1200,
        without_form=3,
        timeless=2,
        rejected=7,
        reasons=Counter({"not JSON": 5, "empty": 2}),
        dialects=Counter({"gafaelfawr": 1000, "apache": 200}),
        kept_in=["old.log.rejected"],
        damaged=["old.log is damaged from here on: cut off"],
    )
    assert outcome.told(2.0).splitlines() == [
        "1,210 lines read, 605 a second; 1,200 written (1,000 gafaelfawr, 200 apache)",
        "2 had no time of their own; `time.source` in the record says where it is from",
        "3 have no form in the other dialect and were left out",
        "7 could not be read and are kept in old.log.rejected:",
        "  5 not JSON",
        "  2 empty",
        "old.log is damaged from here on: cut off",
    ]


def test_nothing_is_told_that_did_not():
    assert Outcome().told(0.0) == "0 lines read; 0 written"
