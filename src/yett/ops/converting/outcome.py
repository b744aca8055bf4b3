"""What came of a conversion, in numbers and in words."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Outcome:
    """Every line that was not blank is in exactly one of `written`, `rejected` and `without_form`."""

    lines: int = 0
    written: int = 0
    without_form: int = 0
    """Read, but the target has no form for it: an access log holds nothing but requests."""
    timeless: int = 0
    """Written with a time that the line itself did not have."""
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    dialects: Counter[str] = field(default_factory=Counter)
    kept_in: list[str] = field(default_factory=list)
    """The files with the lines that were rejected."""
    damaged: list[str] = field(default_factory=list)
    """What is wrong with files that could only be read in part."""

    def told(self, seconds: float) -> str:
        """The summary, a few lines."""
        rate = f", {self.lines / seconds:,.0f} a second" if seconds >= 0.1 else ""
        of = ", ".join(f"{count:,} {name}" for name, count in self.dialects.most_common())
        parts = [f"{self.lines:,} lines read{rate}; {self.written:,} written" + (f" ({of})" if of else "")]
        if self.timeless:
            parts.append(
                f"{self.timeless:,} had no time of their own; `time.source` in the record says where it is from"
            )
        if self.without_form:
            parts.append(f"{self.without_form:,} have no form in the other dialect and were left out")
        if self.rejected:
            parts.append(f"{self.rejected:,} could not be read and are kept in {', '.join(self.kept_in)}:")
            parts += [f"  {count:,} {reason}" for reason, count in self.reasons.most_common(10)]
        parts += self.damaged
        return "\n".join(parts)
