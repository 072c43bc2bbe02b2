"""The straight line through measured sizes, its picture and the estimate: the numbers of the page rest on them."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from benchmark_modules import benchmark

growth, speed = benchmark("growth"), benchmark("speed")
SIZES = [growth.Size(n * 100_000, 0.4 + n * 1.5, 0.2 + n, 50_000_000 + n * 40_000_000, n * 1_500_000) for n in (1, 2, 5, 10)]


def test_a_line_goes_through_its_points() -> None:
    line = growth.line([(1, 3), (2, 5), (4, 9)])
    assert (round(line.slope, 9), round(line.start, 9), round(line.fit, 9)) == (2, 1, 1)
    assert growth.line([(0, 0), (1, 1), (2, 0)]).fit < 0.1
    with pytest.raises(ValueError, match="two sizes"):
        growth.line([(1, 1), (1, 2)])


def test_the_estimate_follows_the_slopes() -> None:
    text = growth.estimate(SIZES, 50_000_000, 10)
    assert "Each further million lines costs 15.0 CPU seconds (10.0 of them for reading), 400 bytes a line at the peak and 15 bytes a line of facts" in text
    assert "50 million lines take 8 minutes of CPU to read, 50 s on 10 workers, 4 minutes to join and judge in one process, 20 GB there, and 0.8 GB" in text


def test_the_picture_is_whole_and_has_every_size() -> None:
    picture = ElementTree.fromstring(growth.picture(SIZES))
    circles = picture.findall("{http://www.w3.org/2000/svg}circle")
    assert len(circles) == 2 * len(SIZES)
    assert all(0 <= float(one.attrib["cx"]) <= growth.WIDTH and 0 <= float(one.attrib["cy"]) <= growth.HEIGHT for one in circles)


def test_rows_of_a_page_have_the_names_of_their_columns() -> None:
    page = "text\n\n| a | b |\n| --- | ---: |\n| x | 1 |\n\n| c |\n| --- |\n| 2 |\n"
    assert speed._rows(page) == [{"a": "x", "b": "1"}, {"c": "2"}]
