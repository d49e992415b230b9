struct Surface { vec3 base; float gloss; float soft; float inner; vec3 bump; };
const vec3 BACK_TOP = vec3(0.97, 0.98, 0.88), BACK_LOW = vec3(0.84, 0.90, 0.68), FLOOR_TINT = vec3(0.16, 0.24, 0.03);
const vec3 EYE = vec3(0.2, 4.3, 8.6), LOOK = vec3(0.22, 0.80, 0.0); const float ZOOM = 3.5;
int which; vec3 here; int part;
float map(vec3 p) {
  float all_ = length(p - vec3(0.2, 0.9, 0.1)) - 3.3; if (all_ > 0.8) return all_;  // far from everything
  float d = 1e9;
  for (int i = 0; i < PILE_COUNT; i++) {
    vec3 q = p - PILE[i].xyz; float r = PILE[i].w, k = float(i), far = length(q) - 1.2 * r;
    if (far > 0.5) { if (far < d) d = far; continue; }
    q = q * turn(1.2 * (hash1(k) - 0.5), 3.0 * hash1(k + 3.0), 1.2 * (hash1(k + 7.0) - 0.5)) / r;
    float b = (ellipsoid(q, vec3(1.0, 1.14, 1.0)) + 0.03 * exp(-dot(q.xz, q.xz) * 60.0) * step(0.0, q.y)) * r * 0.9;
    if (b < d) { d = b; which = i; here = q; part = 0; }
  }
  float e = stem(p, vec3(1.3, 0.75, 0.0), vec3(1.9, 1.25, -0.1), vec3(2.45, 1.25, 0.2), 0.075) * 0.9;
  e = min(e, stem(p, vec3(2.3, 0.9, 0.75), vec3(2.45, 1.25, 0.2), vec3(2.5, 1.7, -0.45), 0.095) * 0.9);
  if (e < d) { d = e; part = 1; }
  e = min(leaf((p - vec3(1.75, 1.25, -0.5)) * turn(-0.1, 2.3, 0.42), 1.75, 0.75, 0.45), leaf((p - vec3(1.6, 0.85, 0.8)) * turn(-0.3, -0.75, -0.16), 1.25, 0.48, 0.1));
  if (e < d) { d = e; part = 2; }
  for (int i = 0; i < 22; i++) {
    float k = float(i); vec4 b = PILE[(i * 2 + 1) % PILE_COUNT];
    vec3 o = normalize(vec3(1.5 * (hash1(k + 0.3) - 0.5), 0.25 + 0.9 * hash1(k + 4.0), 0.85)); float w = 0.02 + 0.04 * hash1(k + 8.0);
    float f = length(p - b.xyz - o * b.w * 1.0) - w; if (f < d) { d = f; part = 3; }
  }
  return d;
}
void surface(vec3 p, vec3 n, vec3 v, out Surface s) {
  map(p); s.bump = vec3(0);
  if (part == 1) { s.base = mix(vec3(0.30, 0.36, 0.10), vec3(0.34, 0.22, 0.09), noise(p * 7.0)); s.gloss = 0.3; s.soft = 0.4; s.inner = 0.2; return; }
  if (part == 2) { s.base = mix(vec3(0.06, 0.24, 0.03), vec3(0.20, 0.44, 0.06), noise(p * 4.0)); s.gloss = 0.5; s.soft = 0.45; s.inner = 0.4; return; }
  if (part == 3) { s.base = vec3(0.40, 0.50, 0.14) + smoothstep(0.3, -0.8, n.y) * vec3(0.45, 0.45, 0.25); s.gloss = 2.4; s.soft = 0.2; s.inner = 0.5; return; }
  float ripe = hash1(float(which) * 1.7 + 0.5);
  vec3 skin = mix(vec3(0.30, 0.46, 0.045), vec3(0.52, 0.60, 0.085), 0.6 * ripe + 0.6 * (fbm(here * 2.0) - 0.3));
  float edge = pow(max(dot(n, -v), 0.0), 1.5);
  s.base = mix(skin * vec3(1.18, 1.15, 1.3), skin * 0.86, edge);          // flesh: clearer at the rim
  float bloom = smoothstep(0.45, 0.75, fbm(here * 2.6 + float(which) * 3.0));
  s.base = mix(s.base, vec3(0.66, 0.74, 0.50), 0.30 * bloom);
  s.base += vec3(0.10, 0.08, 0.0) * smoothstep(0.0, -1.0, here.y);
  s.gloss = mix(1.15, 0.55, bloom); s.soft = 0.5; s.inner = 0.62;
}
