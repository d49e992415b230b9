struct Surface { vec3 base; float gloss; float soft; float inner; vec3 bump; };
const vec3 BACK_TOP = vec3(1.0, 0.95, 0.90), BACK_LOW = vec3(0.97, 0.84, 0.74), FLOOR_TINT = vec3(0.34, 0.10, 0.04);
const vec3 EYE = vec3(-1.1, 4.5, 9.6), LOOK = vec3(0.0, 1.2, 0.0); const float ZOOM = 3.75;
// kinds of fruit: 0 apple, 1 orange, 2 mango, 3 grape, 4 blueberry
const int N = 27;
const vec4 AT[N] = vec4[](vec4(-1.30, 1.55, -0.50, 0.66), vec4(0.02, 1.68, -0.52, 0.66), vec4(1.28, 1.58, -0.42, 0.70), vec4(-1.42, 1.25, 0.50, 0.50),
  vec4(0.62, 1.30, 0.55, 0.27), vec4(1.08, 1.32, 0.62, 0.28), vec4(1.55, 1.30, 0.58, 0.27), vec4(0.85, 1.55, 0.30, 0.28), vec4(1.32, 1.60, 0.36, 0.27), vec4(1.72, 1.50, 0.22, 0.26),
  vec4(1.05, 1.80, 0.12, 0.26), vec4(0.55, 1.52, 0.16, 0.26), vec4(1.50, 1.75, 0.08, 0.25), vec4(1.80, 1.22, 0.72, 0.24), vec4(0.82, 1.22, 0.80, 0.25), vec4(1.34, 1.24, 0.82, 0.26),
  vec4(-0.98, 1.38, 0.72, 0.17), vec4(-0.78, 1.30, 0.84, 0.16), vec4(-0.90, 1.62, 0.36, 0.17), vec4(-0.28, 1.26, 0.86, 0.16), vec4(0.30, 1.30, 0.82, 0.17), vec4(0.46, 1.42, 0.62, 0.15),
  vec4(-1.75, 1.32, 0.82, 0.16), vec4(-1.10, 1.22, 0.92, 0.15), vec4(0.08, 1.22, 0.90, 0.15), vec4(-0.62, 1.24, 0.94, 0.13), vec4(0.56, 1.22, 0.92, 0.14));
int kind(int i) { return i == 0 ? 0 : (i == 1 || i == 3) ? 1 : i == 2 ? 2 : i < 16 ? 3 : 4; }
const vec4 RED[3] = vec4[](vec4(-0.60, 1.52, 0.42, 0.44), vec4(0.12, 1.46, 0.52, 0.42), vec4(-0.22, 1.72, 0.12, 0.40));
const vec3 LAID[3] = vec3[](vec3(-0.75, 0.3, 0.35), vec3(-0.85, -0.2, -0.35), vec3(-0.5, 0.2, 0.1));
int which; vec3 here; int part; float spotHere;
float bow(vec3 p) {
  vec3 q = p - vec3(0.0, 0.86, 1.36); q.y -= 0.14 * abs(q.x);
  vec3 s = vec3(abs(q.x) - 0.46, q.y, q.z); s.xy = mat2(0.94, 0.34, -0.34, 0.94) * s.xy * vec2(1.0, 1.0);
  float flare = 0.16 + 0.16 * smoothstep(-0.4, 0.4, s.x);
  float outer = ellipsoid(s, vec3(0.50, flare + 0.07, 0.19));
  float hole = length(vec2(s.x / 0.40 - 0.12, s.y / (flare * 0.72))) - 1.0;
  float loop = max(outer, -hole * 0.12) - 0.015 + 0.012 * sin(18.0 * atan(s.y, s.x + 0.5));
  float knot = roundBox(q, vec3(0.13, 0.15, 0.15), 0.09);
  vec3 t = vec3(abs(q.x), q.y, q.z + 0.06); float slant = t.x - 0.10 + 0.42 * t.y - 0.06 * sin(6.0 * t.y);
  float tail = max(max(abs(slant) - 0.12, abs(t.z + 0.02 * sin(8.0 * t.y)) - 0.025), max(t.y, -t.y - 0.72 + 0.5 * abs(slant))) * 0.7;
  return min(smin(loop, knot, 0.05), tail) * 0.75;
}
float map(vec3 p) {
  float all_ = length(p - vec3(0.0, 1.2, 0.0)) - 3.1; if (all_ > 0.8) return all_;  // far from everything
  float d = 1e9;
  float outer = roundBox(p - vec3(0.0, 0.62, 0.0), vec3(2.1, 0.62, 1.2), 0.07), innerBox = roundBox(p - vec3(0.0, 1.15, 0.0), vec3(1.99, 0.9, 1.09), 0.04);
  float b = max(outer, -innerBox); which = -1;
  if (b < d) { d = b; part = 0; here = p; }
  float rim = abs(p.y - 1.17) - 0.075; float band = max(max(outer - 0.02, rim), -innerBox);
  if (band < d) { d = band; part = 1; here = p; }
  float ribbon = max(max(outer - 0.016, abs(p.x) - 0.24), -innerBox);
  if (ribbon < d) { d = ribbon; part = 2; here = p; }
  float near = length(p - vec3(0.0, 0.75, 1.36)) - 1.15;
  float k = near > 0.5 ? near : bow(p); if (k < d) { d = k; part = 2; here = p; }
  for (int i = 0; i < N; i++) {
    vec3 q = (p - AT[i].xyz); float r = AT[i].w, far = length(q) - 1.25 * r; if (far > 0.4) { if (far < d) d = far; continue; }
    int what = kind(i); float f; q = q * turn(0.35, hash1(float(i)) * 3.0, what == 2 ? 1.1 : 0.3) / r;
    if (what == 0) { float w = length(q.xz); f = length(q * vec3(1.0, 1.08, 1.0)) - 1.0 + 0.32 * exp(-w * w * 9.0) * smoothstep(0.0, 0.7, q.y); f = min(f * 0.8, stem(q, vec3(0, 0.5, 0), vec3(0, 0.9, 0), vec3(0.15, 1.15, 0), 0.05)); }
    else if (what == 1) f = (length(q * vec3(1.0, 1.08, 1.0)) - 1.0 + 0.012 * noise(q * 22.0) + 0.05 * exp(-dot(q.xz, q.xz) * 40.0) * step(0.0, q.y)) * 0.9;
    else if (what == 2) f = ellipsoid(q, vec3(0.88, 1.2, 0.82));
    else if (what == 3) f = ellipsoid(q, vec3(1.0, 1.1, 1.0));
    else { float w = length(q.xz); f = (length(q) - 1.0 + 0.24 * smoothstep(0.36, 0.22, w) * step(0.0, q.y)) * 0.8; }
    f *= r; if (f < d) { d = f; part = 3 + what; which = i; here = q; }
  }
  for (int i = 0; i < 3; i++) {
    vec3 q = p - RED[i].xyz; float r = RED[i].w, far = length(q) - 1.75 * r; if (far > 0.4) { if (far < d) d = far; continue; }
    q = q * turn(LAID[i].x, LAID[i].y, LAID[i].z) / r; float spot; float a = strawberryBody(q, spot) * r, c = calyx(q) * r;
    if (a < d) { d = a; part = 8; here = q; spotHere = spot; which = i; } if (c < d) { d = c; part = 9; here = q; which = i; }
  }
  float e = min(leaf((p - vec3(0.15, 2.2, -0.6)) * turn(-0.6, 0.6, 0.35), 1.1, 0.30, 0.4), leaf((p - vec3(-0.1, 2.2, -0.6)) * turn(-0.5, 2.5, 0.35), 1.0, 0.28, 0.4));
  e = min(e, leaf((p - vec3(-1.75, 1.75, 0.0)) * turn(-0.5, 2.7, 0.25), 1.0, 0.28, 0.5));
  e = min(e, leaf((p - vec3(1.75, 1.75, -0.2)) * turn(-0.5, 0.35, 0.25), 1.0, 0.28, 0.5));
  if (e < d) { d = e; part = 9; here = p; }
  return d;
}
void surface(vec3 p, vec3 n, vec3 v, out Surface s) {
  map(p); s.bump = vec3(0); s.soft = 0.25; s.inner = 0.12; s.gloss = 0.5;
  if (part == 0) {
    s.base = vec3(0.46, 0.022, 0.030); s.gloss = 0.45; s.soft = 0.1; s.inner = 0.0; s.bump = 0.03 * (vec3(noise(p * 60.0), noise(p * 60.0 + 7.0), noise(p * 60.0 + 13.0)) - 0.5);
    vec2 q = abs(n.z) > 0.5 ? p.xy : p.zy; vec2 g = abs(fract(q * vec2(2.4, 2.4) * mat2(0.707, -0.707, 0.707, 0.707)) - 0.5);
    s.base = mix(s.base, vec3(0.80, 0.46, 0.13), 0.50 * smoothstep(0.025, 0.008, abs(max(g.x, g.y) - 0.44)) * step(p.y, 1.05)); return; }
  if (part == 1 || part == 2) {
    s.base = mix(vec3(0.62, 0.33, 0.07), vec3(0.78, 0.48, 0.14), 0.5 + 0.5 * sin((part == 2 ? p.x : p.y) * 40.0 + noise(p * 3.0) * 3.0) * 0.3); s.gloss = 1.6; s.soft = 0.2; s.inner = 0.0; return; }
  if (part == 3) { float streak = fbm(vec3(atan(here.z, here.x) * 6.0, here.y * 1.3, 2.0)); s.base = mix(vec3(0.50, 0.012, 0.018), vec3(0.86, 0.42, 0.07), smoothstep(0.58, 0.80, streak) * 0.75 + 0.5 * exp(-dot(here.xz, here.xz) * 8.0)); if (length(here.xz) < 0.16 && here.y > 0.62) s.base = vec3(0.22, 0.13, 0.04); s.gloss = 1.1; s.inner = 0.15; return; }
  if (part == 4) { s.base = mix(vec3(0.92, 0.30, 0.008), vec3(0.96, 0.40, 0.02), noise(here * 3.0)); s.base *= 1.0 - 0.2 * smoothstep(0.7, 0.9, noise(here * 22.0)); if (dot(here.xz, here.xz) < 0.012 && here.y > 0.0) s.base = vec3(0.18, 0.28, 0.05); s.gloss = 0.7; s.inner = 0.2; return; }
  if (part == 5) { float blush = smoothstep(0.1, 1.1, fbm(here * 1.4) + 0.6 * here.y); s.base = mix(vec3(0.94, 0.52, 0.03), vec3(0.80, 0.14, 0.02), blush); s.gloss = 0.8; return; }
  if (part == 6) { s.base = mix(vec3(0.34, 0.48, 0.05), vec3(0.54, 0.62, 0.10), hash1(float(which))); s.gloss = 1.1; s.soft = 0.5; s.inner = 0.6; return; }
  if (part == 7) { float bloom = smoothstep(0.25, 0.75, fbm(here * 2.3 + float(which) * 7.0)); s.base = mix(vec3(0.04, 0.04, 0.15), vec3(0.20, 0.26, 0.52), bloom); s.gloss = 0.5; return; }
  if (part == 9) { s.base = mix(vec3(0.07, 0.26, 0.03), vec3(0.24, 0.48, 0.08), noise(here * 5.0)); s.gloss = 0.45; s.soft = 0.45; s.inner = 0.35; return; }
  s.base = mix(vec3(0.93, 0.55, 0.32), vec3(0.66, 0.02, 0.02), smoothstep(0.98, 0.70, here.y + 0.2 * noise(here * 4.0)));
  s.base = mix(s.base, vec3(0.86, 0.56, 0.14), smoothstep(0.40, 0.28, spotHere)); s.gloss = 1.05; s.soft = 0.3; s.inner = 0.25;
}
