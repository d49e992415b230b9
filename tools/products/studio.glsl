// The studio: a seamless backdrop, a soft box above left, a strip right, shadows, occlusion, reflections, tone.
// A picture defines: float map(vec3), void surface(vec3 p, vec3 n, vec3 v, out Surface s), and the constants
// BACK_TOP, BACK_LOW, FLOOR_TINT, EYE, LOOK, ZOOM.
uniform vec2 resolution;
out vec4 colour;
vec3 TOP = pow(BACK_TOP, vec3(2.2)), LOW = pow(BACK_LOW, vec3(2.2));
vec3 KEY = normalize(vec3(-0.55, 0.95, 0.45));

float world(vec3 p) { return min(map(p), p.y); }
vec3 normalAt(vec3 p) {
  vec2 e = vec2(0.0011, -0.0011);
  return normalize(e.xyy * map(p + e.xyy) + e.yyx * map(p + e.yyx) + e.yxy * map(p + e.yxy) + e.xxx * map(p + e.xxx));
}
float march(vec3 o, vec3 d, float far) {
  float t = 0.0;
  for (int i = 0; i < 120; i++) {
    float h = map(o + d * t); if (h < 0.0009 * (1.0 + t * 0.2)) return t; t += h * 0.86; if (t > far) break;
  }
  return -1.0;
}
float shade(vec3 o, vec3 d) {
  float result = 1.0, t = 0.03;
  for (int i = 0; i < 34; i++) {
    float h = map(o + d * t); result = min(result, 0.5 + 0.5 * h / (0.13 * t)); if (result < 0.0) break; t += clamp(h, 0.035, 0.3); if (t > 6.0) break;
  }
  result = max(result, 0.0); return result * result * (3.0 - 2.0 * result);
}
float openness(vec3 p, vec3 n) {
  float lost = 0.0, weight = 1.0;
  for (int i = 1; i <= 5; i++) { float h = 0.02 + 0.13 * float(i); lost += (h - world(p + n * h)) * weight; weight *= 0.72; }
  return clamp(1.0 - 0.85 * lost, 0.0, 1.0);
}
float box_(vec2 p, vec2 c, vec2 s, float soft) { vec2 q = abs(p - c) - s; return smoothstep(soft, -soft, max(q.x, q.y)); }
vec3 studio(vec3 d) {
  vec3 light = mix(LOW * 0.6, TOP * 0.8, smoothstep(-0.3, 0.7, d.y));
  if (d.y > 0.02) {
    vec2 q = d.xz / d.y;
    light += vec3(5.2, 5.0, 4.7) * box_(q, vec2(-0.62, 0.42), vec2(0.42, 0.36), 0.10);
  }
  light += vec3(1.5, 1.55, 1.7) * smoothstep(0.10, 0.02, abs(d.x - 0.86)) * smoothstep(-0.1, 0.2, d.y) * smoothstep(0.9, 0.5, d.y);
  return light;
}
vec3 lit(vec3 p, vec3 v) {
  vec3 n = normalAt(p); Surface s; surface(p, n, v, s);
  n = normalize(n + s.bump);
  float ndl = dot(n, KEY), wrap = s.soft;
  float direct = max((ndl + wrap) / (1.0 + wrap), 0.0);
  float sh = shade(p + n * 0.012, KEY), ao = openness(p, n);
  vec3 shadow = mix(vec3(sh), pow(vec3(sh), vec3(1.0) / (1.0 + 1.6 * s.inner)), 0.8);
  float up = 0.5 + 0.5 * n.y;
  vec3 ambient = mix(LOW * 0.6, vec3(1.0), up) * 0.36 * mix(0.25 + 0.75 * s.inner * 0.6, 1.0, ao);
  vec3 bounce = LOW * 0.30 * max(0.35 - 0.65 * n.y, 0.0) * ao;
  vec3 c = s.base * (direct * shadow * 1.55 * vec3(1.0, 0.97, 0.92) + ambient + bounce);
  // light that went through: from behind, and at the edges
  float through = pow(clamp(dot(v, KEY) * 0.5 + 0.5, 0.0, 1.0), 2.0) + 0.6 * pow(1.0 - max(dot(n, -v), 0.0), 2.0);
  c += s.inner * s.base * (0.22 + 0.5 * through) * mix(0.45, 1.0, ao);
  vec3 r = reflect(v, n);
  float fresnel = 0.04 + 0.96 * pow(1.0 - max(dot(n, -v), 0.0), 5.0);
  float blocked = mix(0.35, 1.0, ao) * mix(0.4, 1.0, smoothstep(-0.2, 0.2, r.y));
  c += studio(r) * fresnel * s.gloss * blocked;
  c += s.gloss * pow(max(dot(r, KEY), 0.0), 180.0) * 1.6 * sh;
  return c;
}
vec3 backdrop(vec2 uv, vec3 o, vec3 d) {
  vec3 far = mix(LOW, TOP, smoothstep(-0.6, 0.75, uv.y));
  far += 0.07 * exp(-2.2 * dot(uv - vec2(-0.35, 0.45), uv - vec2(-0.35, 0.45)));
  if (d.y > -0.02) return far;
  vec3 p = o + d * (-o.y / d.y);
  float sh = shade(p + vec3(0, 0.01, 0), KEY), ao = openness(p, vec3(0, 1, 0));
  float fade = smoothstep(14.0, 6.0, length(p.xz));
  float dark = mix(1.0, mix(0.50, 1.0, sh) * mix(0.42, 1.0, ao), fade);
  return far * mix(FLOOR_TINT, vec3(1.0), dark);
}
void main() {
  vec3 total = vec3(0);
  vec3 w = normalize(LOOK - EYE), u = normalize(cross(w, vec3(0, 1, 0))), v = cross(u, w);
  for (int j = 0; j < SAMPLES; j++) for (int i = 0; i < SAMPLES; i++) {
    vec2 uv = (2.0 * (gl_FragCoord.xy - 0.5 + (vec2(i, j) + 0.5) / float(SAMPLES)) - resolution) / resolution.y;
    vec3 d = normalize(uv.x * u + uv.y * v + ZOOM * w);
    float t = march(EYE, d, 16.0);
    vec3 c = t < 0.0 ? backdrop(uv, EYE, d) : lit(EYE + d * t, d);
    if (t >= 0.0) c = c * (1.0 + c * 0.16) / (1.0 + c * 0.36);  // a soft shoulder for the highlights
    c = pow(clamp(c, 0.0, 1.0), vec3(1.0 / 2.2));
    total += c;
  }
  total /= float(SAMPLES * SAMPLES);
  float grey = dot(total, vec3(0.299, 0.587, 0.114));
  colour = vec4(clamp(mix(vec3(grey), total, 1.10), 0.0, 1.0), 1.0);
}
