"""The script that draws the clips: capsules and an object on a canvas, no library.

Hand frame: +z along the fingers, +x out of the palm, y across. The camera is fixed and without
perspective; what is nearer is drawn later and lighter.
"""

SCRIPT = r"""
(() => {
"use strict";
const unit = v => { const n = Math.hypot(...v); return v.map(x => x / n); };
const cross = (a, b) => [a[1]*b[2]-a[2]*b[1], a[2]*b[0]-a[0]*b[2], a[0]*b[1]-a[1]*b[0]];
const dot = (a, b) => a[0]*b[0] + a[1]*b[1] + a[2]*b[2];
const toEye = unit([1, -0.75, 0.4]), right = unit(cross([0, 0, 1], toEye));
const up = cross(toEye, right), light = unit([0.7, -0.1, 0.8]);
const flat = p => [dot(p, right), -dot(p, up), dot(p, toEye)]; // across, down, towards the eye
const turn = (q, v) => { // quaternion wxyz
  const u = q.slice(1), t = cross(u, v).map(x => 2 * x), c = cross(u, t);
  return v.map((x, i) => x + q[0] * t[i] + c[i]);
};

function box(low, high) {
  const faces = [];
  for (let axis = 0; axis < 3; axis++) for (const side of [low, high]) {
    const a = (axis + 1) % 3, b = (axis + 2) % 3, points = [];
    for (const [i, j] of [[low, low], [high, low], [high, high], [low, high]]) {
      const p = []; p[axis] = side[axis]; p[a] = i[a]; p[b] = j[b]; points.push(p);
    }
    const normal = [0, 0, 0]; normal[axis] = side === low ? -1 : 1;
    faces.push({ points, normal, dark: 0 });
  }
  return faces;
}
function placed(faces, pose) {
  const at = pose.slice(0, 3), q = pose.slice(3);
  const all = faces.map(face => ({ dark: face.dark, normal: turn(q, face.normal),
    points: face.points.map(p => turn(q, p).map((x, i) => x + at[i])) }));
  const depth = face => face.points.reduce((sum, p) => sum + dot(p, toEye), 0) / face.points.length;
  return all.filter(face => dot(face.normal, toEye) > 0).sort((a, b) => depth(a) - depth(b));
}
function outline(points) { // convex hull of [x, y]
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const half = list => { const h = [];
    for (const p of list) {
      while (h.length > 1) {
        const [a, b] = h.slice(-2);
        if ((b[0]-a[0])*(p[1]-a[1]) - (b[1]-a[1])*(p[0]-a[0]) > 0) break;
        h.pop();
      }
      h.push(p);
    }
    return h.slice(0, -1); };
  return [...half(sorted), ...half(sorted.reverse())];
}

const palm = box([-0.0205, -0.057, -0.0475], [0.0205, 0.057, 0.0475]);
const palmPose = [-0.0095, 0, -0.0475, 1, 0, 0, 0];
function frame(clip) { // what the camera holds: the hand in all ticks, the palm, some margin
  const ends = [[Infinity, Infinity], [-Infinity, -Infinity]];
  const see = p => [0, 1].forEach(i => { ends[0][i] = Math.min(ends[0][i], p[i]);
    ends[1][i] = Math.max(ends[1][i], p[i]); });
  for (const face of placed(palm, palmPose)) face.points.forEach(p => see(flat(p)));
  for (const run of Object.values(clip.runs))
    for (const tick of run.points) tick.forEach(p => see(flat(p.map(x => x / 1000))));
  const span = Math.max(ends[1][0] - ends[0][0], ends[1][1] - ends[0][1]) + 0.03;
  return { middle: [0, 1].map(i => (ends[0][i] + ends[1][i]) / 2), span };
}

function draw(canvas, clip, run, faces, view, tick) {
  const c = canvas.getContext("2d"), size = canvas.width, scale = size / view.span;
  const xy = p => { const f = flat(p);
    return [size/2 + scale*(f[0]-view.middle[0]), size/2 + scale*(f[1]-view.middle[1]), f[2]]; };
  const path = list => { c.beginPath(); list.forEach((p, i) => i ? c.lineTo(p[0], p[1])
    : c.moveTo(p[0], p[1])); c.closePath(); };
  const t = Math.min(tick, run.points.length - 1);
  c.clearRect(0, 0, size, size); c.fillStyle = "#f4f6f8"; c.fillRect(0, 0, size, size);
  c.lineJoin = c.lineCap = "round"; c.setLineDash([]);
  for (const face of placed(palm, palmPose)) {
    path(face.points.map(xy)); c.fillStyle = "#e3e8ec"; c.fill();
    c.strokeStyle = "#c9d1d8"; c.lineWidth = 1.5; c.stroke();
  }
  const points = run.points[t].map(p => xy(p.map(x => x / 1000)));
  const depths = points.map(p => p[2]), low = Math.min(...depths), high = Math.max(...depths);
  const items = clip.links.map(([i, j, radius]) => ({ depth: (points[i][2] + points[j][2]) / 2,
    paint: () => {
      const shade = ((points[i][2] + points[j][2]) / 2 - low) / (high - low || 1);
      c.beginPath(); c.moveTo(points[i][0], points[i][1]); c.lineTo(points[j][0], points[j][1]);
      c.strokeStyle = "#3d4a56"; c.lineWidth = 2 * scale * radius; c.stroke();
      c.strokeStyle = `hsl(208 18% ${48 + 30 * shade}%)`; c.lineWidth = 2 * scale * radius - 4;
      c.stroke();
    } }));
  const pose = run.pose[t];
  items.push({ depth: flat(pose.slice(0, 3))[2], paint: () => {
    for (const face of placed(faces, pose)) {
      const bright = 0.62 + 0.38 * Math.max(0, dot(face.normal, light));
      path(face.points.map(xy));
      const base = face.dark ? [232, 130, 44] : [250, 178, 104];
      c.fillStyle = c.strokeStyle = `rgb(${base.map(x => Math.round(x * bright)).join(" ")})`;
      c.lineWidth = 0.8; c.fill(); c.stroke();
    }
  } });
  items.sort((a, b) => a.depth - b.depth).forEach(item => item.paint());
  goal(c, xy, path, placed(faces, run.goal[t]));
  const since = run.dropped.slice(Math.max(0, t - Math.round(clip.hz / 2)), t + 1);
  if (since.some(x => x)) {
    c.strokeStyle = c.fillStyle = "#c62828"; c.lineWidth = 12; c.strokeRect(0, 0, size, size);
    c.font = "bold 34px sans-serif"; c.fillText("dropped", 24, 52);
  }
  const drops = run.dropped.slice(0, t + 1).filter(x => x).length;
  c.fillStyle = "#3d4a56"; c.font = "22px sans-serif"; c.textAlign = "right";
  c.fillText(drops === 1 ? "1 drop so far" : `${drops} drops so far`, size - 20, size - 20);
  c.textAlign = "left";
}
function goal(c, xy, path, faces) { // one tone's tiles faintly, so that the goal's turn shows
  c.fillStyle = "rgb(0 60 120 / 0.10)";
  for (const face of faces) if (face.dark) { path(face.points.map(xy)); c.fill(); }
  path(outline(faces.flatMap(face => face.points.map(xy))));
  c.setLineDash([9, 7]); c.strokeStyle = "#003c78"; c.lineWidth = 2.5; c.stroke();
  c.setLineDash([]);
}

const clips = JSON.parse(document.getElementById("clips").textContent);
document.querySelectorAll("figure.clip").forEach((figure, index) => {
  const clip = clips[index], faces = clip.object, view = frame(clip);
  const button = figure.querySelector("button"), slider = figure.querySelector("input");
  const output = figure.querySelector("output"), last = Number(slider.max);
  let tick = 0, playing = false, from = 0;
  const show = () => {
    figure.querySelectorAll("canvas").forEach(canvas =>
      draw(canvas, clip, clip.runs[canvas.dataset.run], faces, view, tick));
    slider.value = tick; output.textContent = `${(tick / clip.hz).toFixed(1)} s`;
  };
  const stop = () => { playing = false; button.textContent = "Play"; };
  const step = now => {
    if (!playing) return;
    const next = Math.floor((now - from) / 1000 * clip.hz);
    if (next > last) { stop(); return; }
    if (next !== tick) { tick = Math.max(0, next); show(); }
    requestAnimationFrame(step);
  };
  button.addEventListener("click", () => {
    if (playing) { stop(); return; }
    if (tick >= last) tick = 0;
    playing = true; button.textContent = "Pause";
    from = performance.now() - 1000 * tick / clip.hz; requestAnimationFrame(step);
  });
  slider.addEventListener("input", () => { stop(); tick = Number(slider.value); show(); });
  show();
});
})();
"""
