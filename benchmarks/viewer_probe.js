// Runs before any viewer's own script, the same for all of them: notes when the largest canvas (or
// image) first shows a radiograph, and colour on it, and every frame in which a canvas was drawn on.
(() => {
  const SIDE = 160; // the canvas is looked at through this many pixels a side
  const LARGE = 300; // CSS pixels: not a thumbnail
  const seen = {};
  performance.setResourceTimingBufferSize(5000);
  const probe = document.createElement("canvas");
  probe.width = SIDE;
  probe.height = SIDE;
  const context = probe.getContext("2d", { willReadFrequently: true });
  window.benchmark = { seen, frames: [], ticks: [] };

  let drawn = null; // the canvas drawn on since the last frame
  const prototype = CanvasRenderingContext2D.prototype;
  for (const name of ["drawImage", "putImageData"]) {
    const own = prototype[name];
    prototype[name] = function (...given) {
      if (this !== context && this.canvas.isConnected && this.canvas.clientWidth > LARGE) drawn = this.canvas;
      return own.apply(this, given);
    };
  }

  function look(canvas) {
    context.drawImage(canvas, 0, 0, SIDE, SIDE);
    const { data } = context.getImageData(0, 0, SIDE, SIDE);
    let lit = 0;
    let coloured = 0;
    for (let i = 0; i < data.length; i += 4) {
      const most = Math.max(data[i], data[i + 1], data[i + 2]);
      if (most > 40) lit += 1;
      if (most - Math.min(data[i], data[i + 1], data[i + 2]) > 40) coloured += 1;
    }
    if (lit > 0.05 * SIDE * SIDE) seen.radiograph ??= performance.now();
    if (coloured > 0.001 * SIDE * SIDE) seen.overlay ??= performance.now();
  }

  function tick(now) {
    window.benchmark.ticks.push(now);
    if (drawn) {
      window.benchmark.frames.push(now);
      if (!seen.overlay) look(drawn);
      drawn = null;
    }
    if (!seen.preview && !seen.radiograph) {
      for (const image of document.images) {
        if (image.complete && image.naturalWidth > 0 && image.clientWidth > LARGE) seen.preview = performance.now();
      }
    }
    requestAnimationFrame(tick);
  }
  requestAnimationFrame(tick);
})();
