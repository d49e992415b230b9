struct Surface { vec3 base; float gloss; float soft; float inner; vec3 bump; };
const vec3 BACK_TOP = vec3(1.0, 0.94, 0.88), BACK_LOW = vec3(0.96, 0.80, 0.72), FLOOR_TINT = vec3(0.32, 0.04, 0.05);
const vec3 EYE = vec3(0.0, 3.3, 10.2), LOOK = vec3(-0.1, 1.5, 0.0); const float ZOOM = 3.5;
const int N = 7;
const vec4 AT[N] = vec4[](vec4(-1.45, 0.88, 0.9, 0.92), vec4(0.45, 0.93, 1.15, 0.97), vec4(2.1, 0.84, 0.45, 0.88), vec4(-2.55, 0.82, -0.65, 0.86), vec4(-0.55, 0.90, -0.75, 0.93), vec4(1.3, 0.88, -1.0, 0.9), vec4(-0.35, 2.22, 0.15, 0.92));
const vec3 TIP[N] = vec3[](vec3(-0.9, 3.9, -0.1), vec3(0.9, 3.7, 0.1), vec3(1.6, 3.5, -0.2), vec3(-2.4, 3.2, -0.8), vec3(-0.95, 4.0, -0.5), vec3(1.45, 3.5, -0.5), vec3(0.85, 3.85, 0.0));
int which; vec3 here; int part;
float map(vec3 p) {
  float all_ = length(p - vec3(-0.2, 2.0, 0.1)) - 4.2; if (all_ > 0.8) return all_;  // far from everything
  float d = 1e9;
  for (int i = 0; i < N; i++) {
    vec3 q = p - AT[i].xyz; float r = AT[i].w;
    vec3 up = normalize(vec3(0.35 * (hash1(float(i) + 1.0) - 0.5), 1.0, 0.5 * hash1(float(i) + 9.0)));
    float far = length(q) - 1.1 * r;
    if (far > 0.7) { if (far < d) d = far; }
    else {
      float y = dot(q, up) / r; vec3 flat_ = q / r - up * y; float w = length(flat_);
      float b = length(vec3(w, y * 1.06, 0.0)) - 1.0 + 0.30 * exp(-w * w * 7.5) * smoothstep(0.0, 0.8, y) + 0.02 * smoothstep(0.25, 0.0, abs(flat_.x)) * smoothstep(-0.2, 0.9, flat_.z);
      b *= r * 0.8; if (b < d) { d = b; which = i; here = q / r; part = 0; }
    }
    vec3 a = AT[i].xyz + up * r * 0.66, c = TIP[i];
    if (capsule(p, a, c, 0.5) < 0.35) {
      float e = stem(p, a, mix(a, c, 0.5) + vec3(0.22 * (a.x - c.x), 0.15, 0.1), c, 0.042 + 0.03 * smoothstep(0.35, 0.0, length(p - c))) * 0.9;
      if (e < d) { d = e; part = 1; here = p - a; }
    } else d = min(d, max(capsule(p, a, c, 0.5), 0.1));
  }
  float e = min(leaf((p - vec3(0.85, 3.75, 0.0)) * turn(-0.5, 0.25, -0.12), 1.9, 0.52, 0.5), leaf((p - vec3(-0.92, 3.9, -0.1)) * turn(-0.45, 2.8, -0.05), 1.75, 0.48, 0.55));
  if (e < d) { d = e; part = 2; here = p; }
  for (int i = 0; i < 14; i++) {
    vec4 b = AT[i % N]; float k = float(i);
    vec3 o = normalize(vec3(1.5 * (hash1(k + 0.3) - 0.5), 0.15 + 0.9 * hash1(k + 4.0), 0.9)); float w = 0.035 + 0.055 * hash1(k + 8.0);
    float f = length(p - b.xyz - o * b.w * 0.955) - w; if (f < d) { d = f; part = 3; }
  }
  return d;
}
void surface(vec3 p, vec3 n, vec3 v, out Surface s) {
  map(p); s.bump = vec3(0);
  if (part == 1) { s.base = mix(vec3(0.36, 0.46, 0.10), vec3(0.40, 0.20, 0.06), smoothstep(0.3, 2.6, length(here))); s.gloss = 0.4; s.soft = 0.4; s.inner = 0.2; return; }
  if (part == 2) { s.base = mix(vec3(0.07, 0.27, 0.03), vec3(0.20, 0.46, 0.07), noise(p * 4.0)); s.gloss = 0.55; s.soft = 0.45; s.inner = 0.4; return; }
  if (part == 3) { s.base = vec3(0.34, 0.015, 0.03) + smoothstep(0.3, -0.8, n.y) * vec3(0.5, 0.10, 0.10); s.gloss = 2.4; s.soft = 0.2; s.inner = 0.5; return; }
  float mottle = fbm(here * 3.2 + float(which) * 5.0);
  s.base = mix(vec3(0.17, 0.003, 0.012), vec3(0.46, 0.012, 0.022), smoothstep(0.2, 0.72, mottle + 0.12 * here.y));
  s.base += vec3(0.10, 0.02, 0.015) * smoothstep(0.80, 0.92, noise(here * 34.0));
  s.gloss = 2.1; s.soft = 0.25; s.inner = 0.30;
}
