/** Drawing on WebGL2 with integer textures: full 16 bits on the GPU, windowed by the same table as Canvas2D. */

import { inverted, matrixOf } from "./geometry";
import type { Pyramid } from "./pyramid";
import { DASH, EMPHASISED_WIDTH, OUTLINE_WIDTH, type RadiographRenderer, type Scene } from "./renderer";
import { FRAGMENT_SHADER, VERTEX_SHADER } from "./shaders";

const UNIT = { radiograph: 0, greys: 1, overlay: 2 } as const;
const MOST_SEGMENTS = 8;

export class WebglRenderer implements RadiographRenderer {
  readonly kind = "webgl2";
  private readonly gl: WebGL2RenderingContext;
  private readonly program: WebGLProgram;
  private readonly textures: Record<keyof typeof UNIT, WebGLTexture>;
  private readonly locations = new Map<string, WebGLUniformLocation | null>();
  private pyramid: Pyramid | null = null;
  private sent = 0; // levels on the GPU
  private sentWhole = false; // whether they come of all pixels
  private table: Uint8ClampedArray | null = null;

  constructor(private readonly canvas: HTMLCanvasElement) {
    const gl = canvas.getContext("webgl2", {
      alpha: false,
      antialias: false,
      depth: false,
      preserveDrawingBuffer: true, // what is shown can be read back
    });
    if (!gl) throw new Error("This browser offers no WebGL2.");
    this.gl = gl;
    this.program = linked(gl);
    this.textures = { radiograph: texture(gl), greys: texture(gl), overlay: texture(gl) };
    // biome-ignore lint/correctness/useHookAtTopLevel: WebGL's, not React's
    gl.useProgram(this.program);
    gl.bindVertexArray(gl.createVertexArray());
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    for (const [name, unit] of Object.entries(UNIT)) gl.uniform1i(this.at(name), unit);
    this.setOverlay(null);
  }

  setRadiograph(pyramid: Pyramid): void {
    const { gl } = this;
    const { width, height } = pyramid.size;
    const most = gl.getParameter(gl.MAX_TEXTURE_SIZE) as number;
    if (Math.max(width, height) > most) throw new RangeError(`This GPU draws at most ${most} pixels a side.`);
    gl.activeTexture(gl.TEXTURE0 + UNIT.radiograph);
    gl.deleteTexture(this.textures.radiograph);
    this.textures.radiograph = texture(gl);
    this.pyramid = pyramid;
    this.sent = 0;
    this.setOverlay(null);
  }

  setOverlay(mask: Uint8Array | null): void {
    const { gl } = this;
    const size = mask && this.pyramid ? this.pyramid.size : { width: 1, height: 1 };
    this.bind("overlay");
    gl.texImage2D(
      gl.TEXTURE_2D,
      0,
      gl.R8UI,
      size.width,
      size.height,
      0,
      gl.RED_INTEGER,
      gl.UNSIGNED_BYTE,
      mask ?? new Uint8Array(1),
    );
    gl.uniform1i(this.at("marked"), mask ? 1 : 0);
  }

  draw(scene: Scene): void {
    const { gl, canvas, pyramid } = this;
    gl.viewport(0, 0, canvas.width, canvas.height);
    if (!pyramid) {
      gl.clearColor(0, 0, 0, 1);
      gl.clear(gl.COLOR_BUFFER_BIT);
      return;
    }
    const level = pyramid.numberFor(scene.placement.scale);
    this.sendLevels(pyramid, level);
    this.sendTable(scene.table);
    this.place(pyramid, level, scene);
    this.style(scene);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  private sendLevels(pyramid: Pyramid, upTo: number): void {
    const { gl } = this;
    this.bind("radiograph");
    if (this.sentWhole !== pyramid.isWhole) this.sent = 0;
    this.sentWhole = pyramid.isWhole;
    for (; this.sent <= upTo; this.sent++) {
      const { width, height, values } = pyramid.level(this.sent);
      const kind = [gl.RED_INTEGER, gl.UNSIGNED_SHORT] as const;
      gl.texImage2D(gl.TEXTURE_2D, this.sent, gl.R16UI, width, height, 0, ...kind, values);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAX_LEVEL, this.sent);
    }
  }

  private sendTable(table: Uint8ClampedArray): void {
    if (this.table === table) return;
    const { gl } = this;
    this.table = table;
    this.bind("greys");
    const bytes = new Uint8Array(table.buffer, table.byteOffset, table.length);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8UI, 256, 256, 0, gl.RED_INTEGER, gl.UNSIGNED_BYTE, bytes);
  }

  private place(pyramid: Pyramid, level: number, { placement, pixelRatio }: Scene): void {
    const { gl, canvas } = this;
    const { width, height } = pyramid.size;
    const back = inverted(matrixOf(placement, canvas));
    gl.uniform2i(this.at("imageSize"), width, height);
    gl.uniform2f(this.at("canvasSize"), canvas.width, canvas.height);
    gl.uniform3f(this.at("backX"), back.a, back.c, back.e);
    gl.uniform3f(this.at("backY"), back.b, back.d, back.f);
    gl.uniform1i(this.at("level"), level);
    gl.uniform1f(this.at("unit"), pixelRatio / placement.scale);
    gl.uniform1f(this.at("cssPixel"), pixelRatio);
  }

  private style({ segments }: Scene): void {
    const { gl } = this;
    const drawn = segments.slice(0, MOST_SEGMENTS);
    gl.uniform1i(this.at("segments"), drawn.length);
    if (drawn.length === 0) return;
    gl.uniform1iv(
      this.at("bits"),
      drawn.map((segment) => segment.bit),
    );
    gl.uniform3fv(
      this.at("colors"),
      drawn.flatMap(({ color }) => color.map((channel) => channel / 255)),
    );
    gl.uniform4fv(
      this.at("looks"),
      drawn.flatMap((segment) => [
        segment.fill,
        segment.stroke,
        segment.emphasised ? EMPHASISED_WIDTH : OUTLINE_WIDTH,
        segment.dashed ? DASH : 0,
      ]),
    );
  }

  private bind(name: keyof typeof UNIT): void {
    this.gl.activeTexture(this.gl.TEXTURE0 + UNIT[name]);
    this.gl.bindTexture(this.gl.TEXTURE_2D, this.textures[name]);
  }

  private at(name: string): WebGLUniformLocation | null {
    if (!this.locations.has(name)) {
      this.locations.set(name, this.gl.getUniformLocation(this.program, name));
    }
    return this.locations.get(name) ?? null;
  }

  dispose(): void {
    const { gl } = this;
    for (const one of Object.values(this.textures)) gl.deleteTexture(one);
    gl.deleteProgram(this.program);
    this.pyramid = null;
  }
}

function texture(gl: WebGL2RenderingContext): WebGLTexture {
  const made = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, made);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST_MIPMAP_NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAX_LEVEL, 0);
  return made;
}

function linked(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  const sources = [
    [gl.VERTEX_SHADER, VERTEX_SHADER],
    [gl.FRAGMENT_SHADER, FRAGMENT_SHADER],
  ] as const;
  for (const [stage, source] of sources) {
    const shader = gl.createShader(stage);
    if (!shader) throw new Error("The GPU is not available.");
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
    throw new Error(`The GPU refused the shaders: ${gl.getProgramInfoLog(program) ?? "no reason given"}`);
  }
  return program;
}
