"""Pictures of what the program prints, from real runs: SVG of the terminal by rich, and the HTML report as a real browser shows it.

usage: python docs/screenshots.py [--check]

Pictures of the terminal are the same on every machine, and a test holds them to the program; those of the browser need Chromium and Playwright.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TREE), str(TREE / "docs")]

from console import _environment  # noqa: E402 - beside this file

IMAGES = TREE / "docs" / "images"
EXAMPLE = TREE / "docs" / "example"
_WIDTH = 124
SHOTS = {
    "fixes.svg": "backend-lint --profile strict --show-fixes shop/api.py shop/notify.py",
}
_NOTIFY = '''import requests


def notify(order_id: int) -> None:
    """Tells the warehouse."""
    requests.post("https://warehouse.example/orders", json={"order": order_id})  # one a minute
'''
_FONTS = re.compile(r"\s*@font-face \{[^}]*\}")


def terminal_pictures() -> dict[Path, str]:
    """The pictures as they should be, by their file."""
    from rich.console import Console
    from rich.text import Text

    found = {}
    with tempfile.TemporaryDirectory(prefix="backend-lint-docs-") as scratch:
        project = Path(scratch) / "project"
        shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("__pycache__"))
        environment = {key: value for key, value in _environment(Path(scratch)).items() if key != "NO_COLOR"}
        for name, command in SHOTS.items():
            if "notify" in command:
                (project / "shop" / "notify.py").write_text(_NOTIFY, encoding="utf-8")
            done = subprocess.run(["sh", "-c", f"{command} --color always"], cwd=project, env=environment, capture_output=True, text=True)
            assert done.returncode in (0, 1), done.stderr
            with open(Path(scratch) / "out", "w", encoding="utf-8") as nowhere:
                shown = Console(record=True, width=_WIDTH, file=nowhere, force_terminal=True, color_system="standard", legacy_windows=False)
                shown.print(Text.from_ansi(f"\x1b[1m$ {command}\x1b[0m\n{done.stdout}".rstrip("\n")))
            # no address is asked for a font: a picture must not need the network
            found[IMAGES / name] = _FONTS.sub("", shown.export_svg(title="backend-lint")).rstrip() + "\n"
    return found


def report_picture(target: Path, scheme: str) -> None:
    """The HTML report of the example in Chromium."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory(prefix="backend-lint-docs-") as scratch:
        project = Path(scratch) / "shop"
        shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("__pycache__"))
        (project / "shop" / "notify.py").write_text(_NOTIFY, encoding="utf-8")
        page_file = Path(scratch) / "report.html"
        command = [sys.executable, "-m", "backend_lint", "check", "--profile", "strict", "--exit-zero", "--output", f"html={page_file}", "-q"]
        subprocess.run(command, cwd=project, env=_environment(Path(scratch)), check=True, capture_output=True)
        with sync_playwright() as tools:
            browser = tools.chromium.launch(executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"])
            page = browser.new_page(color_scheme="dark" if scheme == "dark" else "light", viewport={"width": 1180, "height": 900})
            page.goto(page_file.as_uri())
            page.locator(".f[data-rule=blocking-call-in-async] summary").click()
            page.evaluate("scrollTo(0, 0)")
            page.screenshot(path=str(target))
            browser.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a picture of the terminal is stale")
    arguments = parser.parse_args()
    pictures = terminal_pictures()
    stale = [path for path, text in pictures.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    if arguments.check:
        print("\n".join(str(path.relative_to(TREE)) for path in stale))  # noqa: T201
        return 1 if stale else 0
    IMAGES.mkdir(exist_ok=True)
    for path in stale:
        path.write_text(pictures[path], encoding="utf-8")
    for scheme in ("light", "dark"):
        report_picture(IMAGES / f"report-{scheme}.png", scheme)
    return 0


if __name__ == "__main__":
    sys.exit(main())
