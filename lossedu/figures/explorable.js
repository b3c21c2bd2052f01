function (config, functions) {
  "use strict";
  const byId = (suffix) => document.getElementById(config.name + "-" + suffix);
  const root = document.getElementById(config.name);
  // How wide each plot is: asked for once, since asking lays out the whole page.
  let widths = [];
  const HEIGHT = 230, EDGE = {left: 52, right: 16, top: 8, bottom: 40};

  // What the sliders say now, read once for all curves.
  function reading() {
    const boxes = root.querySelectorAll(".switch input");
    return {
      options: config.sliders.map((name) => Number(byId(name).value)),
      variant: boxes.length && !boxes[0].checked ? 1 : 0,
    };
  }

  // Where f crosses zero on (0, 1), by bisection on its sign.
  function crossing(f) {
    let low = 1e-9, high = 1 - 1e-9;
    for (let k = 0; k < 50; k += 1) {
      const middle = (low + high) / 2;
      if (f(middle) < 0) { low = middle; } else { high = middle; }
    }
    return (low + high) / 2;
  }

  function value(curve, x, now) {
    const f = functions[curve.f][now.variant];
    return curve.kind === "root" ? crossing((p) => f(x, p, ...now.options)) : f(x, ...now.options);
  }

  function values(curve, at, now) {
    if (curve.kind !== "shares") { return at.map((x) => value(curve, x, now)); }
    const amounts = at.map((x, k) => curve.parts.reduce(
      (sum, [f, count]) => sum + count[k] * Math.abs(functions[f][now.variant](x, ...now.options)), 0));
    const total = amounts.reduce((a, b) => a + b, 0) || 1;
    return amounts.map((amount) => amount / total);
  }

  // Round numbers, about so many, that a reader would have chosen.
  function ticks(low, high, about) {
    const rough = (high - low) / about, power = Math.pow(10, Math.floor(Math.log10(rough)));
    const step = power * [1, 2, 2.5, 5, 10].find((m) => m * power >= rough);
    const found = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k += 1) { found.push(k * step); }
    return found;
  }

  const minus = (digits) => digits.replaceAll("-", "\u2212");
  const written = (v) => minus(Number(v.toPrecision(6)).toString());
  const round = (v) => Math.round(v * 100) / 100;

  // The range of y: what the panel fixes, or what its curves need and a little more.
  function span(panel, drawn) {
    const finite = drawn.flat().filter(Number.isFinite);
    if (panel.high !== null) { return [0, panel.high]; }
    const bars = panel.curves.some((curve) => curve.kind === "shares");
    const low = Math.min(...finite, bars ? 0 : Infinity), high = Math.max(...finite);
    const spare = 0.05 * (high - low || Math.abs(high) || 1);
    return [bars ? low : low - spare, high + spare];
  }

  // Maps from data to pixels.
  function scales(panel, drawn, width) {
    const at = panel.at, bars = panel.curves.some((curve) => curve.kind === "shares");
    const half = bars ? (at[at.length - 1] - at[0]) / Math.max(at.length - 1, 1) / 2 : 0;
    const x = [at[0] - half, at[at.length - 1] + half], y = span(panel, drawn);
    const across = width - EDGE.left - EDGE.right, down = HEIGHT - EDGE.top - EDGE.bottom;
    return {
      x, y, across, down, half,
      px: (v) => round(EDGE.left + (v - x[0]) / (x[1] - x[0]) * across),
      py: (v) => round(EDGE.top + (y[1] - v) / (y[1] - y[0]) * down),
    };
  }

  function frame(panel, s) {
    const text = (x, y, words, more) => '<text x="' + round(x) + '" y="' + round(y) + '" ' + more + '>' + words + '</text>';
    const parts = [];
    for (const v of ticks(s.y[0], s.y[1], 5)) {
      parts.push('<path class="grid" d="M' + EDGE.left + ' ' + s.py(v) + 'h' + s.across + '"/>');
      parts.push(text(EDGE.left - 6, s.py(v) + 4, written(v), 'text-anchor="end"'));
    }
    for (const v of ticks(s.x[0], s.x[1], Math.min(5, Math.max(2, Math.floor(s.across / 60))))) {
      parts.push(text(s.px(v), HEIGHT - EDGE.bottom + 16, written(v), 'text-anchor="middle"'));
    }
    const middle = EDGE.top + s.down / 2;
    parts.push(text(EDGE.left + s.across / 2, HEIGHT - 6, panel.xlabel, 'text-anchor="middle"'));
    parts.push(text(12, middle, panel.ylabel, 'text-anchor="middle" transform="rotate(-90 12 ' + middle + ')"'));
    return parts.join("");
  }

  // One path a curve; it breaks where there is no number, and is cut far outside of the view.
  function line(curve, at, y, s) {
    const far = 4 * (s.y[1] - s.y[0]);
    let path = "", pen = "M";
    at.forEach((x, k) => {
      if (!Number.isFinite(y[k])) { pen = "M"; return; }
      path += pen + s.px(x) + " " + s.py(Math.max(s.y[0] - far, Math.min(s.y[1] + far, y[k])));
      pen = "L";
    });
    return '<path class="curve ' + curve.dash + '" style="stroke:' + curve.colour + '" d="' + path + '"/>';
  }

  function bars(curve, place, of, at, y, s) {
    const whole = 0.8 * 2 * s.half, wide = whole / of;
    return at.map((x, k) => {
      const left = s.px(x - whole / 2 + place * wide), top = s.py(y[k]);
      return '<rect style="fill:' + curve.colour + '" x="' + left + '" y="' + top + '" width="' +
        round(s.px(x + wide) - s.px(x)) + '" height="' + round(Math.max(0, s.py(0) - top)) + '"/>';
    }).join("");
  }

  function draw(panel, k, now) {
    const canvas = byId("panel-" + k), svg = canvas.querySelector("svg");
    const drawn = panel.curves.map((curve) => values(curve, panel.at, now));
    const width = Math.max(widths[k], 200), s = scales(panel, drawn, width);
    const shapes = panel.curves.map((curve, c) => curve.kind === "shares"
      ? bars(curve, c, panel.curves.length, panel.at, drawn[c], s) : line(curve, panel.at, drawn[c], s));
    svg.setAttribute("viewBox", "0 0 " + width + " " + HEIGHT);
    const cut = config.name + "-cut-" + k;
    svg.innerHTML = '<clipPath id="' + cut + '"><rect x="' + EDGE.left + '" y="' + (EDGE.top - 2) + '" width="' + s.across +
      '" height="' + (s.down + 4) + '"/></clipPath>' + frame(panel, s) +
      '<g clip-path="url(#' + cut + ')">' + shapes.join("") + "</g>";
    canvas.curves = drawn;
  }

  function say(reading, now) {
    const panel = config.panels[reading.panel], curve = panel.curves[reading.curve];
    let number = curve.kind === "shares"
      ? values(curve, panel.at, now).reduce((sum, y, k) => sum + (panel.at[k] < reading.at ? y : 0), 0)
      : value(curve, reading.at, now);
    number = reading.percent ? (100 * number).toFixed(0) + " %" : minus(Number(number.toPrecision(3)).toString());
    return reading.text.replace("{}", number);
  }

  function redraw() {
    const now = reading();
    config.sliders.forEach((name) => {
      const slider = byId(name), box = byId(name + "-on"), off = box && !box.checked;
      slider.disabled = Boolean(off);
      byId(name + "-value").textContent = off ? "off" : minus(slider.value);
    });
    config.panels.forEach((panel, k) => draw(panel, k, now));
    root.querySelector(".finding").textContent = config.readings.map((r) => say(r, now)).join(" ");
    root.dataset.ready = "true";
  }

  function measure() {
    widths = config.panels.map((_, k) => byId("panel-" + k).clientWidth);
    redraw();
  }

  root.querySelectorAll("input").forEach((input) => input.addEventListener("input", redraw));
  new ResizeObserver(measure).observe(root.querySelector(".panels"));
  measure();
}
