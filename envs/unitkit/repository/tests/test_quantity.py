import pytest

from unitkit.dimension import DimensionError
from unitkit.quantity import Quantity, close, largest, mean, ratio, steps, total

KM = Quantity(2, "km")
M = Quantity(500, "m")
HOUR = Quantity(1, "h")


def test_text():
    assert str(KM) == "2 km"
    assert repr(Quantity(0.5, "m*m")) == "Quantity(0.5, 'm^2')"
    assert str(Quantity(3.0)) == "3"


def test_base_and_kind():
    assert KM.base() == 2000
    assert Quantity(36, "km/h").base() == 10
    assert Quantity(36, "km/h").kind() == "speed"
    assert Quantity(5).kind() == "number"


def test_to():
    assert KM.to("m").value == 2000
    assert M.to("km").value == 0.5
    assert str(Quantity(10, "m/s").to("km/h")) == "36 km/h"
    assert str(Quantity(1, "mi").to("m")) == "1609.34 m"


def test_to_refuses_another_dimension():
    with pytest.raises(DimensionError, match="cannot convert length and time"):
        KM.to("s")


def test_add_and_subtract():
    assert str(KM + M) == "2.5 km"
    assert str(M + KM) == "2500 m"
    assert str(KM - M) == "1.5 km"
    assert str(M - KM) == "-1500 m"


def test_add_and_subtract_check_dimensions():
    with pytest.raises(DimensionError, match="cannot add length and time"):
        KM + HOUR
    with pytest.raises(DimensionError, match="cannot subtract time and length"):
        HOUR - KM


def test_signs():
    assert str(-KM) == "-2 km"
    assert str(abs(Quantity(-3, "s"))) == "3 s"


def test_multiply():
    assert str(KM * 3) == "6 km"
    assert str(Quantity(3, "N") * Quantity(2, "m")) == "6 N*m"
    assert (Quantity(3, "N") * Quantity(2, "m")).kind() == "energy"


def test_divide():
    assert str(KM / 4) == "0.5 km"
    assert str(KM / HOUR) == "2 km/h"
    assert str(Quantity(6, "km") / Quantity(3, "km/h")) == "2 h"


def test_power():
    assert str(Quantity(3, "m") ** 2) == "9 m^2"
    assert str(Quantity(2, "s") ** -1) == "0.5 1/s"


def test_equality_across_units():
    assert Quantity(1, "km") == Quantity(1000, "m")
    assert Quantity(0.1, "m") + Quantity(0.2, "m") == Quantity(30, "cm")
    assert Quantity(1, "km") != Quantity(1001, "m")
    assert Quantity(1, "km") != Quantity(1, "h")
    assert Quantity(1, "km") != 1000


def test_order():
    assert M < KM
    assert not KM < M
    assert not Quantity(1, "km") < Quantity(1000, "m")
    assert Quantity(1, "km") <= Quantity(1000, "m")
    assert not KM <= M
    with pytest.raises(DimensionError, match="cannot compare"):
        assert KM < HOUR


def test_rounding_noise_is_not_order():
    assert not Quantity(0.3, "m") < Quantity(0.1, "m") + Quantity(0.2, "m")


def test_close():
    assert close(1.0, 1.0 + 1e-12)
    assert close(0.0, 0.0)
    assert not close(1.0, 1.00001)
    assert not close(0.0, 1e-12)
    assert not close(-1.0, 1.0)


def test_total():
    assert str(total([KM, M, M], "km")) == "3 km"
    assert str(total([], "s")) == "0 s"


def test_mean():
    assert str(mean([KM, M], "m")) == "1250 m"
    with pytest.raises(ValueError):
        mean([], "m")


def test_ratio():
    assert ratio(KM, M) == 4
    assert ratio(M, KM) == 0.25
    with pytest.raises(DimensionError, match="nothing goes into zero"):
        ratio(KM, Quantity(0, "m"))
    with pytest.raises(DimensionError, match="cannot compare"):
        ratio(KM, HOUR)


def test_largest():
    assert largest([M, KM]) is KM
    first, second = Quantity(1, "km"), Quantity(1000, "m")
    assert largest([M, first, second]) is first
    assert largest([M]) is M


def test_steps():
    spaced = steps(Quantity(0, "m"), Quantity(1, "m"), 5)
    assert [each.value for each in spaced] == [0, 0.25, 0.5, 0.75, 1]
    assert [str(each) for each in steps(M, KM, 2)] == ["500 m", "2000 m"]
    with pytest.raises(ValueError):
        steps(M, KM, 1)
