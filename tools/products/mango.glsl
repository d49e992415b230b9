struct Surface { vec3 base; float gloss; float soft; float inner; vec3 bump; };
const vec3 BACK_TOP = vec3(1.0, 0.96, 0.84), BACK_LOW = vec3(1.0, 0.86, 0.58), FLOOR_TINT = vec3(0.42, 0.18, 0.02);
const vec3 EYE = vec3(0.0, 3.7, 9.4), LOOK = vec3(0.1, 1.15, 0.0); const float ZOOM = 3.4;
const int N = 3;
const vec4 AT[N] = vec4[](vec4(-1.35, 1.10, -0.55, 1.28), vec4(1.25, 1.06, -0.95, 1.22), vec4(-0.1, 2.2, -1.75, 1.12));
const vec3 LAID[N] = vec3[](vec3(0.2, 0.35, 0.95), vec3(-0.15, -0.4, -0.85), vec3(0.1, 0.1, 1.35));
int which; vec3 here; int part; float groove;
float whole(vec3 q) {
  q.x += 0.16 * q.y * q.y - 0.05;                                         // the beak
  float wide = mix(1.0, 0.80, smoothstep(-0.9, 1.2, q.y));
  return (ellipsoid(q, vec3(0.93 * wide, 1.26, 0.80 * wide)) + 0.05 * exp(-dot(q.xz, q.xz) * 22.0) * step(0.0, q.y)) * 0.82;
}
// A cheek, cut in squares and turned out: flesh stands in cubes on the bent skin. y is up.
float cheek(vec3 q, out float cut) {
  float bend = 0.30 * dot(q.xz * vec2(0.85, 1.0), q.xz * vec2(0.85, 1.0));
  float y = q.y + bend - 0.42;
  float rim = length(q.xz / vec2(1.32, 0.98)) - 1.0;
  vec2 grid = (q.xz * mat2(0.766, -0.643, 0.643, 0.766)) / (0.40 + 0.05 * y); vec2 f = abs(fract(grid) - 0.5);
  float edge = 0.5 - max(f.x, f.y);                                        // 0 in the middle of a cut
  float tone = 0.05 * (hash1(dot(floor(grid), vec2(1.0, 57.0))) - 0.5);
  vec2 cube = vec2(y - 0.28 - tone, (0.055 - edge) * 0.40) + 0.05;        // rounded at the upper edges
  float cubes = length(max(cube, 0.0)) + min(max(cube.x, cube.y), 0.0) - 0.05;
  cut = smoothstep(0.27, -0.16, y) * smoothstep(0.02, -0.04, rim);
  return max(max(min(cubes, y + 0.16), -(y + 0.34)), rim * 0.9) * 0.55;
}
float map(vec3 p) {
  float all_ = length(p - vec3(0.1, 1.5, 0.0)) - 3.9; if (all_ > 0.8) return all_;  // far from everything
  float d = 1e9;
  for (int i = 0; i < N; i++) {
    vec3 q = p - AT[i].xyz; float r = AT[i].w, far = length(q) - 1.4 * r;
    if (far > 0.7) { if (far < d) d = far; continue; }
    q = (q * turn(LAID[i].x, LAID[i].y, LAID[i].z)) / r; float b = whole(q) * r;
    if (b < d) { d = b; which = i; here = q; part = 0; }
  }
  for (int i = 0; i < 2; i++) {
    vec3 o = i == 0 ? vec3(-0.75, 0.62, 1.55) : vec3(1.45, 0.55, 1.35);
    vec3 q = p - o; float far = length(q) - 1.55;
    if (far > 0.6) { if (far < d) d = far; continue; }
    q = i == 0 ? q * turn(0.42, 0.35, 0.10) : q * turn(0.40, -0.45, -0.14) / 0.9; float cut;
    float b = cheek(q, cut) * (i == 0 ? 1.0 : 0.9); if (b < d) { d = b; part = 1; which = i; here = q; groove = cut; }
  }
  float e = min(leaf((p - vec3(0.45, 3.05, -1.4)) * turn(-0.55, 0.5, 0.10), 2.0, 0.40, 0.6), leaf((p - vec3(0.2, 3.1, -1.5)) * turn(-0.45, 2.4, 0.30), 1.9, 0.36, 0.5));
  if (e < d) { d = e; part = 2; }
  return d;
}
void surface(vec3 p, vec3 n, vec3 v, out Surface s) {
  map(p); s.bump = vec3(0);
  if (part == 2) { s.base = mix(vec3(0.05, 0.22, 0.03), vec3(0.16, 0.40, 0.06), noise(p * 4.0)); s.gloss = 0.55; s.soft = 0.4; s.inner = 0.35; return; }
  if (part == 1) {
    float y = here.y + 0.30 * dot(here.xz, here.xz) - 0.42; float rim = length(here.xz / vec2(1.32, 0.98));
    float skin = max(smoothstep(-0.26, -0.31, y), smoothstep(0.985, 1.0, rim) * smoothstep(0.02, -0.12, y));
    vec3 flesh = mix(vec3(0.95, 0.44, 0.012), vec3(0.98, 0.58, 0.035), noise(here * 5.0)); flesh = mix(flesh, vec3(0.90, 0.33, 0.004), 0.7 * groove);
    s.base = mix(flesh, vec3(0.90, 0.46, 0.05), skin); s.gloss = mix(1.0, 0.6, skin); s.soft = 0.5; s.inner = 0.5;
    s.bump = 0.06 * (vec3(noise(here * 22.0), noise(here * 22.0 + 9.0), noise(here * 22.0 + 17.0)) - 0.5); return;
  }
  float blush = smoothstep(0.25, 1.25, fbm(here * 1.2 + float(which) * 4.0) + 0.75 * dot(here, normalize(vec3(0.25, 0.75, 0.35))));
  s.base = mix(vec3(0.93, 0.50, 0.035), vec3(0.76, 0.10, 0.02), blush * 0.85);
  s.base = mix(s.base, vec3(0.62, 0.52, 0.06), 0.55 * smoothstep(-0.2, -1.2, here.y + 0.6 * fbm(here * 2.0)));
  s.base *= 1.0 + 0.22 * smoothstep(0.74, 0.86, noise(here * 38.0));
  s.gloss = 0.75; s.soft = 0.35; s.inner = 0.15;
}
