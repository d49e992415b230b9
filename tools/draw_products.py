"""Draw the six demo products' pictures: small ray-marched still lifes, rendered by headless Chromium's WebGL.

    python tools/draw_products.py OUT [--size 1200] [--only strawberry,cherry] [--samples 1] [--finer 1.4]

Each fruit is a signed distance function in tools/products/*.glsl, on the shared studio of tools/products/studio.glsl.
Piles are packed here, with a fixed seed, so that the same call draws the same picture. Needs the development
requirement playwright and a Chromium at CHROMIUM (default /usr/bin/chromium); a software renderer is enough (some
minutes on two cores). The pictures are committed, so nobody who only runs the product needs this.
"""

import argparse
import base64
import io
import math
import os
import random
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent / "products"
Sphere = tuple[float, float, float, float]
PICTURES = ("strawberry", "cherry", "mango", "blueberry", "grape", "gift-box")
DRAW = """async ([fragment, size, tile]) => {
  const canvas = document.createElement('canvas'); canvas.width = canvas.height = size;
  const gl = canvas.getContext('webgl2', {preserveDrawingBuffer: true, antialias: false});
  const shader = (kind, source) => {
    const made = gl.createShader(kind); gl.shaderSource(made, source); gl.compileShader(made);
    if (!gl.getShaderParameter(made, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(made));
    return made; };
  const program = gl.createProgram();
  gl.attachShader(program, shader(gl.VERTEX_SHADER,
    '#version 300 es\\nin vec2 corner; void main() { gl_Position = vec4(corner, 0, 1); }'));
  gl.attachShader(program, shader(gl.FRAGMENT_SHADER, fragment));
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
  gl.useProgram(program);
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 3, -1, -1, 3]), gl.STATIC_DRAW);
  gl.enableVertexAttribArray(0); gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
  gl.uniform2f(gl.getUniformLocation(program, 'resolution'), size, size);
  gl.enable(gl.SCISSOR_TEST);
  const pixel = new Uint8Array(4);
  for (let y = 0; y < size; y += tile) for (let x = 0; x < size; x += tile) {
    gl.scissor(x, y, tile, tile); gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.readPixels(x, y, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);  // a tile at a time: no watchdog is woken
    await new Promise(resolve => setTimeout(resolve, 0)); }
  return canvas.toDataURL('image/png').split(',')[1]; }"""


def pile(count: int, radius: float, spread: float, seed: int, vary: float = 0.1, squash: float = 0.7) -> list[Sphere]:
    """Drop `count` spheres where they come to lie lowest and nearest to the middle, and return (x, y, z, r) of each."""
    dice = random.Random(seed)
    lying: list[Sphere] = []
    for _ in range(count):
        r = radius * (1 + dice.uniform(-vary, vary))
        spots = []
        for _ in range(300):
            angle, away = dice.uniform(0, math.tau), spread * math.sqrt(dice.random())
            x, z = away * math.cos(angle), away * math.sin(angle) * squash
            y = r
            for ox, oy, oz, other in lying:
                flat, reach = math.hypot(x - ox, z - oz), (r + other) * 0.985
                if flat < reach:
                    y = max(y, oy + math.sqrt(reach * reach - flat * flat))
            spots.append((y + 0.35 * away, x, y, z))
        _, x, y, z = min(spots)
        lying.append((x, y, z, r))
    return lying


def bunch(seed: int) -> list[Sphere]:
    """A bunch of grapes that lies on its side: a pile that is long in x and grows thin towards one end."""
    dice = random.Random(seed)
    lying: list[Sphere] = []
    for _ in range(44):
        r = 0.36 * (1 + dice.uniform(-0.06, 0.08))
        spots = []
        for _ in range(400):
            x = dice.uniform(-1.95, 1.75)
            wide = 1.02 * (1 - ((x + 0.55) / 2.7) ** 2) if x > -0.55 else 1.02 * (1 - ((x + 0.55) / 1.75) ** 2)
            z = dice.uniform(-wide, wide)
            y = r
            for ox, oy, oz, other in lying:
                flat, reach = math.hypot(x - ox, z - oz), (r + other) * 0.93
                if flat < reach:
                    y = max(y, oy + math.sqrt(reach * reach - flat * flat))
            spots.append((y + 0.12 * abs(x + 0.4) + 0.1 * abs(z), x, y, z))
        _, x, y, z = min(spots)
        lying.append((x, y, z, r))
    return lying


def array(name: str, spheres: list[Sphere]) -> str:
    rows = ", ".join("vec4({:.4f}, {:.4f}, {:.4f}, {:.4f})".format(*sphere) for sphere in spheres)
    count, label = len(spheres), name.upper()
    return f"const int {label}_COUNT = {count};\nconst vec4 {label}[{count}] = vec4[]({rows});\n"


PILES = {
    "blueberry": lambda: array("pile", pile(34, 0.46, 2.1, 7)),
    "grape": lambda: array("pile", bunch(5)),
}


def fragment(name: str, samples: int) -> str:
    """The shader of one picture: version, piles, studio, fruit, in the order in which GLSL wants them."""
    head = f"#version 300 es\nprecision highp float;\n#define SAMPLES {samples}\n"
    data = PILES[name]() if name in PILES else ""
    fruits = (HERE / "fruits.glsl").read_text()
    scene = (HERE / f"{name}.glsl").read_text()
    return head + data + fruits + scene + (HERE / "studio.glsl").read_text()


def draw(page: Page, name: str, size: int, samples: int, finer: float) -> Image.Image:
    encoded = page.evaluate(DRAW, [fragment(name, samples), round(size * finer), 80])
    drawn = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB")
    return drawn.resize((size, size), Image.Resampling.LANCZOS) if finer != 1 else drawn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", type=int, default=1200)
    parser.add_argument("--samples", type=int, default=1, help="per pixel and direction")
    parser.add_argument("--finer", type=float, default=1.4, help="drawn that much larger and scaled down")
    parser.add_argument("--only", default=",".join(PICTURES))
    asked = parser.parse_args()
    switches = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    switches += ["--ignore-gpu-blocklist", "--disable-gpu-watchdog"]
    with sync_playwright() as driver:
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = driver.chromium.launch(executable_path=chromium, args=switches)
        page = browser.new_page()
        page.set_default_timeout(0)
        for name in asked.only.split(","):
            picture = draw(page, name, asked.size, asked.samples, asked.finer)
            picture.save(asked.out / f"{name}.jpg", quality=86, optimize=True, progressive=True)
        browser.close()


if __name__ == "__main__":
    main()
