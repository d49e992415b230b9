struct Surface { vec3 base; float gloss; float soft; float inner; vec3 bump; };
const vec3 BACK_TOP = vec3(0.90, 0.93, 1.0), BACK_LOW = vec3(0.72, 0.78, 0.95), FLOOR_TINT = vec3(0.06, 0.07, 0.24);
const vec3 EYE = vec3(0.0, 3.4, 8.6), LOOK = vec3(0.0, 0.74, 0.0); const float ZOOM = 3.55;
int which; vec3 here; int part;
void each(vec3 p, int i, inout float d) {
  vec3 q = p - PILE[i].xyz; float r = PILE[i].w, far = length(q) - 1.02 * r;
  if (far > 0.16) { if (far < d) d = far; return; }
  float k = float(i);
  q = q * turn(0.35 + 1.0 * hash1(k + 2.0), 1.8 * (hash1(k) - 0.5), 1.1 * (hash1(k + 5.0) - 0.5)) / r;
  float a = atan(q.z, q.x), w = length(q.xz);
  float body = length(q * vec3(1.0, 1.07, 1.0)) - 1.0;
  float rim = 0.36 + 0.055 * cos(5.0 * a + k);
  if (q.y > 0.0) {
    float cup = smoothstep(rim, rim - 0.14, w);
    body += 0.24 * cup - 0.085 * exp(-pow((w - rim) / 0.055, 2.0)) * (0.75 + 0.25 * cos(5.0 * a + k));
  }
  body = body * r * 0.72;
  if (body < d) { d = body; which = i; here = q; part = 0; }
}
const vec4 DROPS[9] = vec4[](vec4(-0.55, 0.62, 0.6, 0.085), vec4(0.2, 0.8, 0.6, 0.06), vec4(0.5, 0.4, 0.8, 0.07), vec4(-0.3, 0.5, 0.85, 0.05), vec4(0.1, 0.3, 0.95, 0.075),
  vec4(-0.7, 0.3, 0.65, 0.06), vec4(0.7, 0.6, 0.4, 0.055), vec4(-0.1, 0.9, 0.4, 0.05), vec4(0.35, 0.1, 0.95, 0.05));
float map(vec3 p) {
  float all_ = length(p - vec3(0.0, 0.9, 0.0)) - 3.1; if (all_ > 0.8) return all_;  // far from everything
  float d = 1e9; part = 0;
  for (int i = 0; i < PILE_COUNT; i++) each(p, i, d);
  float e = min(leaf((p - vec3(1.25, 0.62, 1.55)) * turn(0.75, -0.35, 0.10), 1.5, 0.36, 0.30), leaf((p - vec3(-1.3, 0.60, 1.50)) * turn(0.75, 3.5, 0.12), 1.45, 0.34, 0.3));
  e = min(e, leaf((p - vec3(-0.35, 1.75, 0.1)) * turn(0.9, 2.75, 0.55), 1.2, 0.30, 0.35));
  if (e < d) { d = e; part = 1; here = p; }
  for (int i = 0; i < 18; i++) {
    vec4 b = PILE[i * 31 % PILE_COUNT]; vec4 o = DROPS[i % 9];
    float f = length(p - b.xyz - normalize(o.xyz) * b.w * 0.965) - o.w * 0.85; if (f < d) { d = f; part = 2; }
  }
  return d;
}
void surface(vec3 p, vec3 n, vec3 v, out Surface s) {
  map(p); s.bump = vec3(0);
  if (part == 1) { s.base = mix(vec3(0.08, 0.26, 0.05), vec3(0.22, 0.46, 0.10), noise(p * 5.0)); s.gloss = 0.5; s.soft = 0.4; s.inner = 0.35; return; }
  if (part == 2) { s.base = vec3(0.10, 0.13, 0.34) + 0.5 * smoothstep(0.2, -0.8, n.y) * vec3(0.35, 0.42, 0.8); s.gloss = 2.4; s.soft = 0.2; s.inner = 0.5; return; }
  float bloom = smoothstep(0.25, 0.75, fbm(here * 2.3 + float(which) * 7.0) * 1.15) * (0.75 + 0.25 * noise(here * 24.0));
  float cup = smoothstep(0.42, 0.22, length(here.xz)) * step(0.3, here.y);
  vec3 skin = mix(vec3(0.030, 0.035, 0.15), vec3(0.075, 0.03, 0.14), hash1(float(which) + 3.0));
  s.base = mix(skin, vec3(0.22, 0.29, 0.58), bloom * 0.85);
  s.base = mix(s.base, vec3(0.05, 0.035, 0.07), cup * 0.85);
  s.gloss = mix(0.9, 0.32, bloom); s.soft = 0.35; s.inner = 0.10;
}
