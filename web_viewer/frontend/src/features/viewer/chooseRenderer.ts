/** Which renderer suits this machine. */

import { CanvasRenderer } from "./canvasRenderer";
import type { RadiographRenderer } from "./renderer";
import { WebglRenderer } from "./webglRenderer";

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;
const KEY = "kidray.gpu"; // what this workstation was found to have when a page was last opened
let asked = false;

/** Return a renderer for `canvas`; `wanted` is the reader's own choice (`?renderer=` in the address), if any. */
export function chooseRenderer(canvas: HTMLCanvasElement, wanted: string | null): RadiographRenderer {
  const webgl = wanted === "webgl2" || (wanted !== "canvas2d" && localStorage.getItem(KEY) === "real");
  return webgl ? new WebglRenderer(canvas) : new CanvasRenderer(canvas);
}

/** Find out once whether there is a real GPU, when the page has nothing better to do: asking takes a while. */
export function askForGpu(): void {
  if (asked) return;
  asked = true;
  const later = window.requestIdleCallback ?? ((ask: () => void) => setTimeout(ask, 1_000)); // Safari has none
  later(() => localStorage.setItem(KEY, hasRealGpu() ? "real" : "none"));
}

/** Return whether WebGL2 runs on a real GPU here; a CPU that plays GPU is slower than Canvas2D. */
function hasRealGpu(): boolean {
  const probe = document.createElement("canvas").getContext("webgl2");
  if (!probe) return false;
  const names = probe.getExtension("WEBGL_debug_renderer_info");
  const renderer = String(probe.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : probe.RENDERER));
  probe.getExtension("WEBGL_lose_context")?.loseContext();
  return !SOFTWARE.test(renderer);
}
