"""Draw the decorations of assets/images from tools/decorations/*.html, transparent, with headless Chromium.

    python tools/draw_decorations.py assets/images

Each page is one picture; its body's data-size is the size in pixels. Needs playwright, a Chromium at CHROMIUM (default
/usr/bin/chromium) and the fonts in assets/fonts. The pictures are committed; nobody who runs the product needs this.
"""

import os
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

PAGES = Path(__file__).parent / "decorations"


def main(out: Path) -> None:
    with sync_playwright() as driver:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for source in sorted(PAGES.glob("*.html")):
            page = browser.new_page()
            page.goto(source.as_uri())
            width, height = (int(side) for side in str(page.get_attribute("body", "data-size")).split("x"))
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate("document.fonts.ready")
            target = out / f"{source.stem}.png"
            page.screenshot(path=target, omit_background=True)
            Image.open(target).save(target, optimize=True)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
