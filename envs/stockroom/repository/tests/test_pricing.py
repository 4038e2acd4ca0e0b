from stockroom.orders import Line
from stockroom.pricing import (
    Bundle,
    Tier,
    Voucher,
    best_tier,
    bundle_discount,
    included_tax,
    line_total,
    loyalty_points,
    shipping,
    tier_discount,
    voucher_discount,
)

TIERS = [Tier("bolt", 10, 5), Tier("bolt", 50, 10), Tier("nut", 1, 50)]


def test_best_tier():
    assert best_tier(Line("bolt", 9), TIERS) is None
    assert best_tier(Line("bolt", 10), TIERS) == Tier("bolt", 10, 5)
    assert best_tier(Line("bolt", 50), TIERS) == Tier("bolt", 50, 10)
    assert best_tier(Line("gear", 99), TIERS) is None


def test_best_tier_takes_the_first_of_equals():
    tiers = [Tier("bolt", 2, 5), Tier("bolt", 1, 5)]
    assert best_tier(Line("bolt", 3), tiers) == tiers[0]


def test_tier_discount():
    assert tier_discount(Line("bolt", 9), 100, TIERS) == 0
    assert tier_discount(Line("bolt", 10), 100, TIERS) == 50
    assert tier_discount(Line("bolt", 60), 25, TIERS) == 150


def test_bundle_discount():
    bundles = [Bundle("bolt", 3, 1)]
    assert bundle_discount(Line("bolt", 2), 100, bundles) == 0
    assert bundle_discount(Line("bolt", 3), 100, bundles) == 100
    assert bundle_discount(Line("bolt", 8), 100, bundles) == 200
    assert bundle_discount(Line("nut", 8), 100, bundles) == 0


def test_the_best_bundle_counts():
    bundles = [Bundle("bolt", 5, 2), Bundle("bolt", 3, 1)]
    assert bundle_discount(Line("bolt", 5), 100, bundles) == 200
    assert bundle_discount(Line("bolt", 9), 100, bundles) == 300


def test_line_total():
    assert line_total(Line("bolt", 4), 100, [], []) == 400
    assert line_total(Line("bolt", 10), 100, TIERS, []) == 950
    assert line_total(Line("bolt", 10), 100, TIERS, [Bundle("bolt", 5, 1)]) == 800
    assert line_total(Line("bolt", 50), 100, TIERS, [Bundle("bolt", 50, 1)]) == 4500


def test_voucher_discount():
    assert voucher_discount(1000, None) == 0
    assert voucher_discount(1000, Voucher("FIVE", cents=500)) == 500
    assert voucher_discount(300, Voucher("FIVE", cents=500)) == 300
    assert voucher_discount(1000, Voucher("TEN", rate=10)) == 100
    assert voucher_discount(1000, Voucher("BOTH", cents=50, rate=10)) == 150


def test_voucher_from_an_amount_on():
    voucher = Voucher("BIG", cents=500, least=2000)
    assert voucher_discount(1999, voucher) == 0
    assert voucher_discount(2000, voucher) == 500


def test_shipping():
    assert shipping(1000, 1) == 490
    assert shipping(1000, 10) == 490
    assert shipping(1000, 11) == 540
    assert shipping(1000, 14) == 690


def test_free_shipping():
    assert shipping(4999, 1) == 490
    assert shipping(5000, 1) == 0
    assert shipping(0, 0) == 0


def test_included_tax():
    assert included_tax(11900, 19) == 1900
    assert included_tax(10700, 7) == 700
    assert included_tax(1000, 19) == 160
    assert included_tax(1000, 0) == 0
    assert included_tax(3, 100) == 2


def test_loyalty_points():
    assert loyalty_points(99) == 0
    assert loyalty_points(1050) == 10
    assert loyalty_points(1050, 1) == 11
    assert loyalty_points(10000, 5) == 150
    assert loyalty_points(10000, 9) == 150
