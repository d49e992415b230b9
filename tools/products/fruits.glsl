// Shapes and helpers that several pictures share. Distances are in units of about a fruit.
const float PI = 3.14159265;
float hash1(float n) { return fract(sin(n) * 43758.5453); }
float hash3(vec3 p) { p = fract(p * 0.3183099 + .1); p *= 17.0; return fract(p.x * p.y * p.z * (p.x + p.y + p.z)); }
float noise(vec3 x) {
  vec3 i = floor(x), f = fract(x); f = f * f * (3.0 - 2.0 * f);
  return mix(mix(mix(hash3(i), hash3(i + vec3(1,0,0)), f.x), mix(hash3(i + vec3(0,1,0)), hash3(i + vec3(1,1,0)), f.x), f.y),
             mix(mix(hash3(i + vec3(0,0,1)), hash3(i + vec3(1,0,1)), f.x), mix(hash3(i + vec3(0,1,1)), hash3(i + vec3(1,1,1)), f.x), f.y), f.z);
}
float fbm(vec3 p) { return 0.5 * noise(p) + 0.25 * noise(p * 2.03) + 0.125 * noise(p * 4.1) + 0.0625 * noise(p * 8.3); }
mat3 turn(float x, float y, float z) {  // rotation: first about z, then x, then y
  float a = sin(x), b = cos(x), c = sin(y), d = cos(y), e = sin(z), f = cos(z);
  return mat3(d, 0, -c, 0, 1, 0, c, 0, d) * mat3(1, 0, 0, 0, b, a, 0, -a, b) * mat3(f, e, 0, -e, f, 0, 0, 0, 1);
}
float smin(float a, float b, float k) { float h = max(k - abs(a - b), 0.0) / k; return min(a, b) - h * h * k * 0.25; }
float capsule(vec3 p, vec3 a, vec3 b, float r) {
  vec3 pa = p - a, ba = b - a; float h = clamp(dot(pa, ba) / dot(ba, ba), 0.0, 1.0); return length(pa - ba * h) - r;
}
float ellipsoid(vec3 p, vec3 r) { float k0 = length(p / r), k1 = length(p / (r * r)); return k0 * (k0 - 1.0) / k1; }
float roundBox(vec3 p, vec3 b, float r) { vec3 q = abs(p) - b + r; return length(max(q, 0.0)) + min(max(q.x, max(q.y, q.z)), 0.0) - r; }
// A leaf that lies along +x from the origin, `long` units, cupped and veined; y is up.
float leaf(vec3 p, float len, float wide, float bend) {
  float t = clamp(p.x / len, 0.0, 1.0);
  p.y += bend * t * t - 0.35 * abs(p.z) * (0.4 + t) + 0.012 * sin(26.0 * (p.x - abs(p.z)));
  float half_ = wide * pow(max(4.0 * t * (1.0 - t), 0.0), 0.75) * (1.15 - 0.5 * t);
  vec2 d = vec2(max(abs(p.z) - half_, max(-p.x, p.x - len)), abs(p.y) - 0.012);
  return (length(max(d, 0.0)) + min(max(d.x, d.y), 0.0) - 0.006) * 0.55;
}
// A stem: a bent tube from a over b to c.
float stem(vec3 p, vec3 a, vec3 b, vec3 c, float r) {
  vec3 A = b - a, B = a - 2.0 * b + c; float best = 1e9; vec3 last = a;
  for (int i = 1; i <= 8; i++) { float t = float(i) / 8.0; vec3 here = a + 2.0 * A * t + B * t * t; best = min(best, capsule(p, last, here, r)); last = here; }
  return best;
}
// The direction of the nearest of n points spread evenly over a sphere (after Keinert and others, 2015).
vec3 nearestSpot(vec3 p, float n) {
  float phi = min(atan(p.y, p.x), PI), cosT = p.z;
  float k = max(2.0, floor(log(n * PI * 2.2360679 * (1.0 - cosT * cosT)) / log(2.618034)));
  float Fk = pow(1.618034, k) / 2.2360679;
  vec2 F = vec2(floor(Fk + 0.5), floor(Fk * 1.618034 + 0.5));
  vec2 ka = 2.0 * F / n, kb = 2.0 * PI * (fract((F + 1.0) * 0.618034) - 0.618034);
  mat2 iB = mat2(ka.y, -ka.x, kb.y, -kb.x) / (ka.y * kb.x - ka.x * kb.y);
  vec2 c = floor(iB * vec2(phi, cosT - 1.0 + 1.0 / n));
  float d = 8.0; vec3 best = vec3(0);
  for (int s = 0; s < 4; s++) {
    vec2 uv = vec2(float(s & 1), float(s >> 1));
    float i = clamp(dot(F, uv + c), 0.0, n - 1.0), ph = 2.0 * PI * fract(i * 0.618034), ct = 1.0 - (2.0 * i + 1.0) / n, st = sqrt(max(0.0, 1.0 - ct * ct));
    vec3 q = vec3(cos(ph) * st, sin(ph) * st, ct); float e = dot(q - p, q - p);
    if (e < d) { d = e; best = q; }
  }
  return best;
}
// Strawberry: unit size, the calyx at +y. Returns distance, and in `spot` how near a seed is (0 at its middle).
float strawberryBody(vec3 p, out float spot) {
  float y = clamp(p.y, -1.25, 0.85);
  float wide = mix(0.42, 1.0, smoothstep(-1.35, 0.45, y));
  vec3 q = vec3(p.x / wide, p.y * 0.84 + 0.02, p.z / wide);
  float l = length(q); vec3 n = q / max(l, 1e-4);
  float d = (l - 0.86) * mix(0.55, 0.8, wide);
  spot = 1.0;
  if (d < 0.12) {
    vec3 s = nearestSpot(n.zxy, 190.0).yzx; vec3 away = n - s; away.y *= 0.72;
    spot = length(away) * 8.0;
    d += 0.034 * exp(-spot * spot * 4.2) - 0.028 * exp(-spot * spot * 14.0) - 0.012 * (noise(p * 3.0) - 0.5);
  }
  return d;
}
float calyx(vec3 p) {
  float a = atan(p.z, p.x), step_ = 2.0 * PI / 9.0, id = floor(a / step_ + 0.5);
  float t = -id * step_ + 0.12 * (hash1(id + 3.0) - 0.5);
  vec3 q = vec3(cos(t) * p.x - sin(t) * p.z, p.y - 0.80, sin(t) * p.x + cos(t) * p.z);
  float h = hash1(id * 7.1 + 1.0);
  float d = leaf(vec3(q.x, q.y - 0.05, q.z), 0.66 + 0.2 * h, 0.16, 0.42 - 0.75 * h * h);
  return min(d, stem(p, vec3(0, 0.78, 0), vec3(0, 1.15, 0.02), vec3(0.14, 1.42, 0.05), 0.042));
}
