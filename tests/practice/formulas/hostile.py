"""Texts that nobody should type: made by chance from the signs of formulas, and by intent."""

from collections.abc import Iterator

from lossedu.practice.random_numbers import RandomNumbers

NAMES = ("p", "gamma", "y_hat", "x1")
PIECES = (
    *NAMES,
    *("p", "p", "2", "0", "1", "0.5", "1e30", "1e-30", "9", "e", "pi", "12", "^", "**", "²", "⁻¹"),
    *("+", "-", "*", "/", "−", "·", "÷", "(", ")", "(", ")", "[", "]", "|", ",", " ", ".", "_"),
    *("√", "exp(", "log(", "sqrt(", "sigmoid(", "softplus(", "tanh(", "max(", "min(", "sign("),
    *("step(", "abs(", "logit(", "acos(", "tan(", "sinh(", "log1p(", "expm1(", "log2(", "log "),
    *("γ", "σ(", "ŷ", "\u0302", "\u200b", "\u202e", "\x00", "\n", "\ud800", "😀", "𝑝", "٣"),
    *("e", "E", "=", "\\", "%", "'", '"', "`", "$", "{", "}", "<", ">", ";", ":", "__"),
    *("constructor", "nan", "inf", "lambda"),
)


def random_texts(seed: int, count: int) -> Iterator[str]:
    """Texts of up to sixty pieces."""
    numbers = RandomNumbers(seed)
    for _ in range(count):
        yield "".join(numbers.choice(PIECES) for _ in range(1 + numbers.below(60)))


def random_formulas(seed: int, count: int) -> Iterator[str]:
    """Texts that can be read: grown from the root, with values of all sizes."""
    numbers = RandomNumbers(seed)
    for _ in range(count):
        yield _grown(numbers, 1 + numbers.below(6))


def _grown(numbers: RandomNumbers, depth: int) -> str:
    if depth == 0 or numbers.below(8) == 0:
        return numbers.choice([*NAMES, "p", "2", "0", "1", "0.5", "1e29", "1e-29", "pi", "e", "-3"])
    kind = numbers.below(8)
    one = _grown(numbers, depth - 1)
    if kind == 0:
        names = [piece for piece in PIECES if piece.endswith("(") and len(piece) > 2]
        name = numbers.choice(names)
        rest = f", {_grown(numbers, depth - 1)}" if name in ("max(", "min(") else ""
        return f"{name}{one}{rest})"
    other = _grown(numbers, depth - 1)
    return f"({one}){numbers.choice(['+', '-', '*', '/', '^', ' - ', '*', ''])}({other})"


def crafted() -> Iterator[str]:
    """Texts that attack a limit, a look-up, an evaluator, or whatever shows the answer."""
    yield from ("(" * n for n in (1, 29, 30, 31, 100, 399, 400, 10**6))
    yield from (")" * n for n in (1, 31, 400))
    yield from ("(" * n + "p" + ")" * n for n in (29, 30, 31, 99, 10**5))
    yield from ("[(" * n + "p" + ")]" * n for n in (15, 16))
    yield from ("-" * n + "p" for n in (30, 31, 199, 399))
    yield from ("+" * n + "p" for n in (30, 31, 199))
    yield from ("|" * n for n in (1, 2, 3, 200))
    yield from ("|" * n + "p" + "|" * n for n in (1, 2, 20))
    yield from (f"{'exp(' * n}p{')' * n}" for n in (2, 3, 5, 29, 30, 31, 80))
    yield from (f"{'sinh(' * n}9p{')' * n}" for n in (2, 3, 29))
    yield from (f"{'sqrt(' * n}p{')' * n}" for n in (29, 31))
    yield from (f"{'log(' * n}p{')' * n}" for n in (2, 5, 29))
    yield from ("9" + "^9" * n for n in (1, 2, 50, 190))
    yield from (f"{'9^(' * n}9{')' * n}" for n in (2, 3, 10, 29, 31))
    yield from (f"{'(' * n}9{'^12)' * n}" for n in (2, 3, 10, 29, 31))
    yield from (f"{'(' * n}0.1{'^12)' * n}" for n in (2, 3, 10, 29))
    yield from (f"{'(' * n}1{'^12)' * n}" for n in (2, 29))
    yield from ("9" * n for n in (15, 17, 18, 35, 400, 10**5))
    yield from ("0" * n for n in (17, 34, 35, 400))
    yield from ("0." + "0" * n + "1" for n in (10, 30, 32, 33, 300))
    yield from (f"1e{n}" for n in (29, 30, 99, 100, 308, 309, 400, 10**9, 10**80))
    yield from (f"1e-{n}" for n in (29, 30, 31, 308, 324, 400, 10**9))
    yield from (
        "1e" + "0" * 300 + "1",
        "1e+-1",
        "1e--1",
        "1E5",
        "1e",
        "1e^2",
        "1_000",
        "0x10",
        "0b1",
    )
    yield from (
        "p^" + sign + n for sign in ("", "-", "+", "--") for n in ("12", "13", "1e9", "0.5")
    )
    yield from ("p" * n for n in (2, 200, 201, 400, 401))
    yield from (sign.join(["p"] * n) for sign in "+-*/" for n in (100, 101, 200))
    yield from (" " * n for n in (1, 400, 401, 10**6))
    yield from (f"max({','.join(['p'] * n)})" for n in (0, 1, 2, 8, 9, 99, 150))
    yield from (
        "sin(1e29 p)",
        "tan(pi/2)",
        "tan(1e15)",
        "cos(1e29)^12",
        "1/(1e-29)^12",
        "acos(1.0)",
    )
    yield from ("exp(690)", "exp(691)", "exp(-690)", "exp(-691)", "exp(690)exp(690)", "1/exp(-690)")
    yield from (
        "0^0",
        "0^-1",
        "0^p",
        "(-1)^p",
        "(-1)^0.5",
        "(-8)^(1/3)",
        "1^(1e29)",
        "(1-1e-17)^1e9",
    )
    yield from (
        "log(p-p)",
        "sqrt(-(p-p))",
        "sign(p-p)",
        "1/sign(p-p)",
        "(p-p)/(p-p)",
        "logit(1-p+p)",
    )
    yield from ("__proto__", "constructor", "toString", "valueOf", "hasOwnProperty", "prototype")
    yield from ("__proto__.x", "p.constructor", "p['a']", "p[0]", "p.__class__", "this", "window")
    yield from ("().__class__.__bases__", "__import__('os').system('id')", "eval(p)", "exec(p)")
    yield from ("lambda: 0", "lambda p: p", "import os", "os.system", "open('x')", "print(p)")
    yield from (
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "javascript:1",
        "`${p}`",
    )
    yield from (
        "${p}",
        "{p}",
        "{0}",
        "{what}",
        "%s",
        "%(p)s",
        "\\u0070",
        "\\input{x}",
        "$p$",
        "&lt;",
    )
    yield from (
        "nan",
        "NaN",
        "inf",
        "Infinity",
        "-inf",
        "undefined",
        "null",
        "None",
        "true",
        "False",
    )
    yield from (
        "oo",
        "zoo",
        "I",
        "i",
        "j",
        "1j",
        "E",
        "S(1)",
        "N",
        "Symbol('p')",
        "p!",
        "p!!",
        "p'",
    )
    yield from ("p\x00", "p\n", "\np", "p\r\n+1", "p\u2028", "p\u2029+1", "\ufeffp", "p\u200bp")
    yield from (
        "p\u202e",
        "\ud800",
        "\udc00p",
        "😀",
        "𝑝",
        "p̂",
        "٣",
        "３",
        "²",
        "p²²",
        "p⁻",
        "⁻p",
        "p⁻⁻¹",
    )
    yield from (
        "p_",
        "_",
        "__",
        "p__",
        "p_1_",
        "γ_",
        "γ__",
        "γγγγ",
        "x₁₂₃",
        "p\u0302\u0302",
        "\u0302",
    )
    yield from (
        "p;q",
        "p:q",
        "p?1:2",
        "p=>p",
        "p==p",
        "p=p",
        "p&&p",
        "p||p",
        "p|p",
        "|p|p|",
        "p//p",
    )
    yield from (
        "/*p*/",
        "//p",
        "#p",
        "p--",
        "p++",
        "p+=1",
        "p***2",
        "p*^2",
        "p^*2",
        "p^^2",
        "p**^2",
    )
    yield from (
        "1,2",
        "1,000,000",
        ",",
        ",,",
        "p,",
        "(,)",
        "max(,)",
        "max(1,)",
        "()",
        "[]",
        "(]",
        "[)",
    )
    yield from (
        ".",
        "..",
        "...",
        "1..2",
        "1.2.3",
        ".5.",
        "5.",
        "5..",
        "1e.5",
        ".e5",
        "e",
        "ee",
        "e5",
    )
