"""The curve over Python's own numbers, slow and open: what the library is compared with (RFC 8032, section 5.1)."""

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
NEUTRAL = (0, 1)


def add(one, other):
    (x, y), (v, w) = one, other
    k = D * x * y * v * w % P
    return (x * w + y * v) * pow(1 + k, -1, P) % P, (y * w + x * v) * pow(1 - k, -1, P) % P


def times(factor, point):
    total = NEUTRAL
    while factor:
        if factor & 1:
            total = add(total, point)
        point = add(point, point)
        factor >>= 1
    return total


def with_y(y, sign):
    """The point; None when there is none with this y."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    return (x if x % 2 == sign else P - x), y


def encode(point):
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = with_y(4 * pow(5, -1, P) % P, 0)


def _of_order_8():
    for y in range(2, 100):
        point = with_y(y, 0)
        if point and times(4, found := times(L, point)) != NEUTRAL:
            return found
    raise AssertionError("half of all points have such a part")


SMALL = tuple(times(k, _of_order_8()) for k in range(8))
"""The eight points whose order divides 8, the neutral one first."""


def number(raw):
    return int.from_bytes(raw, "little")


def scalar(value):
    return (value % L).to_bytes(32, "little")


def interpolated(values):
    """The value at 0 of the polynomial through these, by number."""
    total = 0
    for i, value in values.items():
        weight = 1
        for j in values:
            if j != i:
                weight = weight * j * pow(j - i, -1, L) % L
        total += weight * number(value)
    return scalar(total)


NOT_POINTS = {
    **{f"small order {k}": encode(point) for k, point in enumerate(SMALL)},
    **{f"mixed order {k}": encode(add(BASE, point)) for k, point in enumerate(SMALL) if k},
    "neutral with a sign": (1 | 1 << 255).to_bytes(32, "little"),
    # y and y + p name the same point; only y is canonical.
    **{
        f"not canonical {y}{'-' if sign else ''}": (y + P | sign << 255).to_bytes(32, "little")
        for y in range(19)
        for sign in (0, 1)
    },
    "not on the curve": (2).to_bytes(32, "little"),
    "all ones": b"\xff" * 32,
    "short": encode(BASE)[:-1],
    "long": encode(BASE) + b"\0",
    "empty": b"",
    "text": "5866666666666666666666666666666",
    "nothing": None,
}

NOT_SCALARS = {
    "the order": L.to_bytes(32, "little"),
    "above the order": (L + 1).to_bytes(32, "little"),
    "twice the order": (2 * L).to_bytes(32, "little"),
    "a high bit": (5 | 1 << 255).to_bytes(32, "little"),
    "all ones": b"\xff" * 32,
    "short": bytes(31),
    "long": bytes(33),
    "empty": b"",
    "nothing": None,
}
