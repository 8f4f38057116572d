/** The two shaders of the WebGL2 renderer. */

export const VERTEX_SHADER = `#version 300 es
void main() {  // one triangle that covers the canvas
  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
  gl_Position = vec4(corner, 0.0, 1.0);
}`;

export const FRAGMENT_SHADER = `#version 300 es
precision highp float;
precision highp usampler2D;

uniform usampler2D radiograph;  // R16UI, with levels
uniform usampler2D greys;       // R8UI, 256 x 256: the grey of each wire value
uniform usampler2D overlay;     // R8UI: a bit per segment
uniform ivec2 imageSize;
uniform bool marked;            // whether there is an overlay
uniform vec2 canvasSize;
uniform vec3 backX;             // image x = dot(backX, (screen, 1))
uniform vec3 backY;
uniform int level;
uniform float unit;             // one CSS pixel, in image pixels
uniform float cssPixel;         // one CSS pixel, in device pixels
uniform int segments;
uniform int bits[8];
uniform vec3 colors[8];
uniform vec4 looks[8];          // fill, stroke, outline width in CSS pixels, dash in CSS pixels or 0
out vec4 color;

float valueAt(ivec2 at, ivec2 size) {
  return float(texelFetch(radiograph, clamp(at, ivec2(0), size - 1), level).r);
}

float greyAt(vec2 image) {
  ivec2 size = max(imageSize >> level, ivec2(1));
  vec2 at = image / float(1 << level) - 0.5;
  ivec2 cell = ivec2(floor(at));
  vec2 part = at - vec2(cell);
  float above = mix(valueAt(cell, size), valueAt(cell + ivec2(1, 0), size), part.x);
  float below = mix(valueAt(cell + ivec2(0, 1), size), valueAt(cell + ivec2(1, 1), size), part.x);
  int value = int(mix(above, below, part.y) + 0.5);
  return float(texelFetch(greys, ivec2(value & 255, value >> 8), 0).r) / 255.0;
}

uint maskAt(vec2 image) {
  ivec2 at = ivec2(floor(image));
  if (!marked || any(lessThan(at, ivec2(0))) || any(greaterThanEqual(at, imageSize))) return 0u;
  return texelFetch(overlay, at, 0).r;
}

bool borders(vec2 image, uint here, int bit, float reach) {
  for (int k = 0; k < 8; k++) {
    float angle = float(k) * 0.78539816;
    uint there = maskAt(image + reach * vec2(cos(angle), sin(angle)));
    if ((((here ^ there) >> bit) & 1u) == 1u) return true;
  }
  return false;
}

void main() {
  vec3 screen = vec3(gl_FragCoord.x, canvasSize.y - gl_FragCoord.y, 1.0);
  vec2 image = vec2(dot(backX, screen), dot(backY, screen));
  bool outside = any(lessThan(image, vec2(0.0))) || any(greaterThanEqual(image, vec2(imageSize)));
  vec3 shown = outside ? vec3(0.0) : vec3(greyAt(image));
  uint here = maskAt(image);
  for (int i = 0; i < segments; i++) {
    vec4 look = looks[i];
    if (((here >> bits[i]) & 1u) == 1u) shown = mix(shown, colors[i], look.x);
    if (!borders(image, here, bits[i], look.z * 0.5 * unit)) continue;
    bool gap = look.w > 0.0 && mod(floor((screen.x + screen.y) / (look.w * cssPixel)), 2.0) > 0.5;
    if (!gap) shown = mix(shown, colors[i], look.y);
  }
  color = vec4(shown, 1.0);
}`;
