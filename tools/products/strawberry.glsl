struct Surface { vec3 base; float gloss; float soft; float inner; vec3 bump; };
const vec3 BACK_TOP = vec3(1.0, 0.86, 0.84), BACK_LOW = vec3(0.98, 0.74, 0.72), FLOOR_TINT = vec3(0.42, 0.05, 0.05);
const vec3 EYE = vec3(0.0, 3.7, 9.6), LOOK = vec3(0.0, 1.13, 0.0); const float ZOOM = 3.65;
const int N = 7;
const vec4 AT[N] = vec4[](vec4(-1.55, 0.70, 0.55, 1.0), vec4(0.35, 0.74, 0.95, 1.06), vec4(1.95, 0.68, 0.15, 0.92), vec4(-0.55, 0.92, -1.0, 1.0),
                          vec4(1.15, 0.86, -1.25, 0.98), vec4(-2.45, 0.60, -0.75, 0.84), vec4(0.30, 2.22, -0.25, 0.95));
const vec3 LAID[N] = vec3[](vec3(-0.75, 0.35, 0.35), vec3(-0.95, 0.30, -0.30), vec3(-0.5, -0.5, -0.75), vec3(-0.35, 0.3, 0.5), vec3(-0.3, -0.3, -0.5), vec3(-0.9, 0.9, 0.3), vec3(-0.28, 0.2, 0.32));
int which; vec3 here; float spotHere; int part;
void each(vec3 p, int i, inout float d) {
  vec3 q = (p - AT[i].xyz); float r = AT[i].w, far = length(q) - 1.75 * r;
  if (far > 0.7) { if (far < d) d = far; return; }
  mat3 m = turn(LAID[i].x, LAID[i].y, LAID[i].z); q = (q * m) / r; q.y = q.y;
  float spot; float a = strawberryBody(q, spot) * r, b = calyx(q) * r;
  if (a < d) { d = a; which = i; here = q; spotHere = spot; part = 0; }
  if (b < d) { d = b; which = i; here = q; part = 1; }
}
float map(vec3 p) { float d = 1e9; for (int i = 0; i < N; i++) each(p, i, d); return d; }
void surface(vec3 p, vec3 n, vec3 v, out Surface s) {
  map(p); s.bump = vec3(0);
  if (part == 1) {
    float vein = smoothstep(0.03, 0.0, abs(fract(length(here.xz) * 9.0) - 0.5)) * 0.2;
    s.base = mix(vec3(0.10, 0.30, 0.03), vec3(0.30, 0.52, 0.10), noise(here * 6.0)) * (0.9 + vein); s.gloss = 0.35; s.soft = 0.45; s.inner = 0.35; return;
  }
  float ripe = smoothstep(0.98, 0.70, here.y + 0.20 * noise(here * 4.0));
  vec3 red = mix(vec3(0.78, 0.05, 0.03), vec3(0.52, 0.004, 0.010), smoothstep(0.7, -0.9, here.y) * 0.7 + 0.3 * noise(here * 2.0));
  s.base = mix(vec3(0.95, 0.60, 0.36), red, ripe);
  s.base = mix(s.base, s.base * 0.62, 0.6 * exp(-spotHere * spotHere * 4.0));
  float seed = smoothstep(0.40, 0.28, spotHere);
  s.base = mix(s.base, vec3(0.86, 0.56, 0.14), seed);
  s.gloss = 1.05; s.soft = 0.3; s.inner = 0.30 * (1.0 - seed);
}
