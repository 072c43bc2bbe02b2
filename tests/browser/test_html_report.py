"""The HTML report in a real browser: it loads, filters, opens findings, leads to their evidence, asks nobody, and runs nothing of the checked project."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from browser_page import Watched
from hostile_project import FILES, HOSTILE, write

from backend_lint.api import Evidence, Finding, Severity
from backend_lint.card import Card
from backend_lint.engine.result import Condition, Reported, Result
from backend_lint.report.html import render


def report_of(root: Path, *arguments: str) -> Path:
    target = root.parent / f"{root.name}.html"
    command = [sys.executable, "-m", "backend_lint", "check", "--no-cache", "--exit-zero", "--output", f"html={target}", "--format", "concise", *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report_of(write(tmp_path_factory.mktemp("plain"), FILES))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report_of(write(tmp_path_factory.mktemp("hostile"), FILES, HOSTILE))


def test_findings_are_filtered_by_each_of_their_sides(watched: Watched, report: Path) -> None:
    page = watched.page
    page.goto(report.as_uri())
    shown = page.locator("#list .f:visible")
    whole = shown.count()
    assert whole >= 4
    assert page.locator("#count").inner_text() == f"{whole} findings"
    page.fill("#q", "BANK.py")
    watched.until("document.getElementById('count').textContent.includes(' of ')")
    assert 0 < shown.count() < whole
    assert all("bank.py" in text for text in shown.all_inner_texts())
    page.click("button[type=reset]")
    watched.until(f"document.getElementById('count').textContent === '{whole} findings'")
    for name in ("family", "rule", "reach"):
        value = page.locator(f"#by-{name} option").nth(1).inner_text()
        page.select_option(f"#by-{name}", value)
        watched.until("document.getElementById('count').textContent.includes(' of ')")
        assert shown.count() > 0
        assert {row.get_attribute(f"data-{name}") for row in shown.all()} == {value}
        page.select_option(f"#by-{name}", "")
        watched.until(f"document.getElementById('count').textContent === '{whole} findings'")
    page.fill("#by-path", "shop/api")
    watched.until("document.getElementById('count').textContent.includes(' of ')")
    assert {row.get_attribute("data-path") for row in shown.all()} == {"shop/api.py"}
    page.fill("#by-path", "")
    for box in page.locator("[name=severity]").all():
        box.uncheck()
    watched.until("document.getElementById('count').textContent.startsWith('0 of')")
    assert shown.count() == 0


def test_a_finding_opens_with_the_keyboard_and_its_evidence_leads_on(watched: Watched, report: Path) -> None:
    page = watched.page
    page.goto(report.as_uri())
    finding = page.locator(".f[data-rule=blocking-call-in-async]")
    finding.locator("summary").focus()
    page.keyboard.press("Enter")
    body = finding.locator(".body")
    body.wait_for()
    text = body.inner_text()
    assert "shop/orders.py:5" in text and "return bank.charge(order)" in text, "the other side of the join is shown as code"
    assert body.locator("mark").first.inner_text().strip()
    body.get_by_role("link", name="outbound-call-without-timeout there").click()
    other = page.locator(".f[data-rule=outbound-call-without-timeout][data-path='shop/bank.py']")
    # the browser tells of a new address a moment after the click
    chosen = """document.querySelector(".f[data-rule=outbound-call-without-timeout][data-path='shop/bank.py']")"""
    watched.until(f"{chosen}.open && {chosen}.querySelector('summary') === document.activeElement")
    other.get_by_role("link", name="Why, and when this is wrong").click()
    rule = page.locator("#rule-outbound-call-without-timeout")
    watched.until("document.getElementById('rule-outbound-call-without-timeout').open")
    assert "When this is wrong" in rule.inner_text()


def test_what_a_link_names_is_shown_though_a_filter_hides_it(watched: Watched, report: Path) -> None:
    page = watched.page
    page.goto(report.as_uri())
    one = page.locator(".f").first.get_attribute("id")
    page.fill("#q", "nothing says this")
    watched.until("document.getElementById('count').textContent.startsWith('0 of')")
    page.evaluate(f"location.hash = '{one}'")
    watched.until(f"document.getElementById('{one}').open && !document.getElementById('{one}').hidden")


def test_routes_schema_and_layers_are_there(watched: Watched, report: Path) -> None:
    page = watched.page
    page.goto(report.as_uri())
    routes = page.locator("#routes-table tbody tr")
    assert routes.count() == 2
    assert "POST /pay/{order}" in routes.all_inner_texts()[1] + routes.all_inner_texts()[0]
    page.fill("[data-rows=routes-table]", "/pay")
    watched.until("document.querySelectorAll('#routes-table tbody tr:not([hidden])').length === 1")
    page.locator("#diagram").scroll_into_view_if_needed()
    boxes = page.locator("#diagram svg.er g")
    boxes.first.wait_for()
    names = [box.locator(".name").text_content() for box in boxes.all()]
    assert {"shop_customer", "shop_order"} <= set(names)
    assert page.locator("#diagram svg.er path").count() >= 1, "the foreign key is an arrow"
    boxes.nth(names.index("shop_order")).click()
    opened = page.locator("details.table[open]")
    assert "shop_order" in opened.inner_text() and "customer_id" in opened.inner_text()
    page.select_option("#er-columns", "all")
    assert "state" in page.locator("#diagram").inner_text() or page.locator("#diagram text", has_text="state").count() == 1


def test_hostile_names_stay_text(watched: Watched, hostile: Path) -> None:
    page = watched.page
    page.goto(hostile.as_uri())
    page.wait_for_load_state("load")
    for row in page.locator(".f").all():
        row.locator("summary").click()
    for row in page.locator("details.table").all():
        row.locator("summary").click()
    page.locator("#diagram").scroll_into_view_if_needed()
    page.locator("#diagram svg.er").wait_for()
    page.wait_for_timeout(200)
    assert page.locator("img, iframe, object, embed, link, base").count() == 0
    assert page.locator("script").count() == 2
    assert page.evaluate("Array.from(document.querySelectorAll('*')).every(one => !Array.from(one.attributes).some(a => a.name.startsWith('on')))")
    assert "<script>alert(1)</script>" in page.locator("#routes-table").inner_text()
    assert page.locator(".f", has_text="onerror=alert").count() >= 1, "the file with the hostile name is named as it is"


def test_the_policy_holds_even_if_something_were_injected(watched: Watched, report: Path, tmp_path: Path) -> None:
    page = watched.page
    injected = report.read_text().replace("<main>", '<main><script>window.owned = 1</script><img src="https://evil.example/x" onerror="window.owned = 2">', 1)
    (tmp_path / "injected.html").write_text(injected)
    page.goto((tmp_path / "injected.html").as_uri())
    page.wait_for_timeout(200)
    assert page.evaluate("window.owned") is None
    assert all("Content Security Policy" in one or "evil.example" in one for one in watched.wrong) and watched.wrong
    # Chromium says that it refused: that is what was asked for
    watched.wrong.clear()


@pytest.mark.parametrize("kind", ["routes", "schema", "layers", "calls"])
def test_pages_of_maps_are_of_the_same_make(kind: str, watched: Watched, tmp_path: Path) -> None:
    root = write(tmp_path / "project", FILES, HOSTILE)
    command = [sys.executable, "-m", "backend_lint", "map", kind, "--no-cache", "--format", "html", "-q"]
    done = subprocess.run(command, cwd=root, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    (tmp_path / "map.html").write_bytes(done.stdout)
    page = watched.page
    page.goto((tmp_path / "map.html").as_uri())
    assert page.locator("h1").inner_text() == kind.capitalize()
    assert page.locator("img").count() == 0
    if kind == "schema":
        page.locator("#diagram svg.er g").first.wait_for()


def test_on_paper_every_shown_finding_is_whole(watched: Watched, report: Path) -> None:
    page = watched.page
    page.goto(report.as_uri())
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".f:not([open])").count() == 0
    assert "return bank.charge(order)" in page.locator("#list").inner_text()
    assert not page.locator("nav, .controls").first.is_visible()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)", "black on white whatever the screen prefers"
    assert len(page.pdf()) > 10_000
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator(".f[open]").count() == 0


def test_a_screen_reader_finds_its_way(watched: Watched, report: Path) -> None:
    page = watched.page
    page.goto(report.as_uri())
    levels = page.evaluate("Array.from(document.querySelectorAll('h1, h2, h3, h4')).map(one => Number(one.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1
    assert page.locator("main, header, footer, nav[aria-label]").count() == 4
    unnamed = "Array.from(document.querySelectorAll('input, select, button')).filter(one => !one.labels?.length && !one.textContent.trim()).length"
    assert page.evaluate(unnamed) == 0, "every control has a label"
    assert page.evaluate("Array.from(document.querySelectorAll('svg[role=img]')).every(one => one.querySelector('title') || one.ariaLabel)")
    assert page.evaluate("new Set(Array.from(document.querySelectorAll('[id]'), one => one.id)).size === document.querySelectorAll('[id]').length")
    assert page.locator("#count").get_attribute("aria-live") == "polite"


def contrast(page_colours: tuple[str, str]) -> float:
    def luminance(colour: str) -> float:
        channels = [int(part) / 255 for part in colour.removeprefix("rgb(").rstrip(")").split(",")]
        linear = [one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    first, second = sorted(map(luminance, page_colours), reverse=True)
    return (first + 0.05) / (second + 0.05)


def test_text_is_readable_in_light_and_dark(watched: Watched, report: Path) -> None:
    page = watched.page
    page.goto(report.as_uri())
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    for selector in ("body", ".sev.warning", ".sub", ".count", ".card span", "footer", ".unknown", "nav a"):
        colour = page.locator(selector).first.evaluate("one => getComputedStyle(one).color")
        assert contrast((colour, ground)) >= 4.5, f"{selector}: {colour} on {ground}"


def test_ten_thousand_findings_stay_smooth(watched: Watched, tmp_path: Path) -> None:
    severities = list(Severity)
    page_of = "It is wrong.\n\n## What it does\n\nReports it."
    rules = {
        f"rule-{number}": Card(f"rule-{number}", f"family-{number % 8}", severities[number % 3], "high", "default", "0.1", "none", (), "It is wrong.", page_of)
        for number in range(40)
    }
    findings = tuple(
        Reported(
            Finding(
                rule=f"rule-{number % 40}",
                path=f"shop/part{number % 700}/views.py",
                line=number % 900 + 1,
                column=5,
                end_line=number % 900 + 1,
                end_column=40,
                message=f"call {number} of `requests.get` waits for ever, give it a timeout",
                severity=severities[number % 40 % 3],
                symbol=f"View{number}.get",
                evidence=tuple(Evidence(f"shop/part{number % 31}/models.py", 3 + step, "declared here") for step in range(3)),
            ),
            f"{number:032x}",
            ((number % 900 + 1, "    answer = requests.get(url, headers=headers)"),),
            True,
            ("    owner = models.ForeignKey(User)",) * 3,
        )
        for number in range(10_000)
    )
    result = Result(findings, (), rules, (Condition("findings.error", 3334.0, 0.0, "failed"),), False, files=700, lines=200_000)
    started = time.perf_counter()
    text = render(result, "large")
    assert time.perf_counter() - started < 10
    target = tmp_path / "large.html"
    target.write_text(text)
    assert target.stat().st_size < 20_000_000
    page = watched.page
    started = time.perf_counter()
    page.goto(target.as_uri())
    watched.until("document.getElementById('list').children.length === 10000")
    assert time.perf_counter() - started < 10, "a page that takes ten seconds is closed again"
    took = page.evaluate(
        """async () => {
            const settled = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
            const input = document.getElementById('q'), count = document.getElementById('count');
            const times = [];
            for (const wanted of ['call 99', 'timeout', 'part31', '']) {
                input.value = wanted;
                const before = performance.now();
                input.dispatchEvent(new Event('input', {bubbles: true}));
                await new Promise((done) => new MutationObserver((_, watcher) => { watcher.disconnect(); done(); }).observe(count, {childList: true}));
                await settled();
                times.push(performance.now() - before);
            }
            return times;
        }"""
    )
    assert max(took) < 1000, f"filtering took {took} ms"
    frames = page.evaluate(
        """async () => {
            let worst = 0, last = performance.now();
            for (let step = 0; step < 40; step++) {
                scrollBy(0, 600);
                await new Promise((done) => requestAnimationFrame(done));
                const now = performance.now(); worst = Math.max(worst, now - last); last = now;
            }
            return worst;
        }"""
    )
    assert frames < 700, f"one frame took {frames} ms"
    assert page.locator(".f:visible").count() > 250, "more findings come as somebody scrolls"
    print(f"filter {took} ms, worst frame {frames} ms, {target.stat().st_size:,} bytes")  # noqa: T201 - shown with -s
