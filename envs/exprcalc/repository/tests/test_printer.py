from exprcalc.nodes import Binary, Name, Number, Unary
from exprcalc.parser import parse
from exprcalc.printer import bracket, format_number, outline, show, strength


def again(text: str) -> str:
    return show(parse(text))


def test_format_number():
    assert format_number(3.0) == "3"
    assert format_number(-2.0) == "-2"
    assert format_number(0.5) == "0.5"
    assert format_number(1e15) == "1000000000000000.0"
    assert format_number(1e14) == "100000000000000"


def test_strength():
    assert strength(parse("a + b")) < strength(parse("a * b"))
    assert strength(parse("a * b")) < strength(parse("-a"))
    assert strength(parse("-a")) < strength(parse("a ^ b"))
    assert strength(parse("a ^ b")) < strength(parse("a!"))
    assert strength(parse("a!")) < strength(parse("a"))
    assert strength(parse("a ? b : c")) < strength(parse("a < b"))
    assert strength(Number(-1.0)) == strength(parse("-a"))
    assert strength(Number(0.0)) == strength(parse("f(x)"))


def test_bracket():
    assert bracket(parse("a + b"), 3) == "a + b"
    assert bracket(parse("a + b"), 4) == "(a + b)"


def test_brackets_only_where_needed():
    assert again("(a * b) + c") == "a * b + c"
    assert again("(a + b) * c") == "(a + b) * c"
    assert again("a - (b - c)") == "a - (b - c)"
    assert again("(a - b) - c") == "a - b - c"
    assert again("a / (b * c)") == "a / (b * c)"


def test_powers():
    assert again("(a ^ b) ^ c") == "(a ^ b) ^ c"
    assert again("a ^ (b ^ c)") == "a ^ b ^ c"
    assert again("(-a) ^ 2") == "(-a) ^ 2"
    assert again("-(a ^ 2)") == "-a ^ 2"


def test_signs_and_factorials():
    assert again("-(a + b)") == "-(a + b)"
    assert again("(a + b)!") == "(a + b)!"
    assert again("(-a)!") == "(-a)!"
    assert again("a!!") == "a!!"


def test_negative_numbers():
    assert show(Binary("^", Number(-2.0), Name("x"))) == "(-2) ^ x"
    assert show(Binary("-", Name("x"), Number(-2.0))) == "x - -2"
    assert show(Unary("!", Number(-2.0))) == "(-2)!"


def test_choices_and_calls():
    assert again("(a ? b : c) ? d : e") == "(a ? b : c) ? d : e"
    assert again("a ? b : (c ? d : e)") == "a ? b : c ? d : e"
    assert again("a < b ? 1 : 2") == "a < b ? 1 : 2"
    assert again("f( a,b+1 )") == "f(a, b + 1)"


def test_text_reads_back_as_the_same_tree():
    for text in ("a-(b+c)*-d^2", "x<1?-y!:max(z,2)//3", "(a==b)!=(c%d)"):
        assert parse(again(text)) == parse(text)


def test_outline():
    lines = outline(parse("a + 2 * b")).split("\n")
    assert lines == ["+", "  a", "  *", "    2", "    b"]
    assert outline(parse("-f(x)")).split("\n") == ["-", "  f()", "    x"]
    assert outline(parse("a ? 1 : 2")).split("\n") == ["?", "  a", "  1", "  2"]
    assert outline(Name("x"), 2) == "    x"
