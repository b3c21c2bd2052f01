function (config, functions) {
  "use strict";
  const byId = (suffix) => document.getElementById(config.name + "-" + suffix);
  const root = document.getElementById(config.name);

  function options() {
    return config.sliders.map((name) => Number(byId(name).value));
  }

  function variant() {
    const boxes = root.querySelectorAll('.switch input');
    return boxes.length && !boxes[0].checked ? 1 : 0;
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

  function value(curve, x) {
    const f = functions[curve.f][variant()], given = options();
    return curve.kind === "root" ? crossing((p) => f(x, p, ...given)) : f(x, ...given);
  }

  function values(curve, at) {
    if (curve.kind !== "shares") { return at.map((x) => value(curve, x)); }
    const given = options(), form = variant();
    const amounts = at.map((x, k) => curve.parts.reduce(
      (sum, [f, count]) => sum + count[k] * Math.abs(functions[f][form](x, ...given)), 0));
    const total = amounts.reduce((a, b) => a + b, 0) || 1;
    return amounts.map((amount) => amount / total);
  }

  function trace(curve, panel) {
    const y = values(curve, panel.at);
    if (curve.kind === "shares") {
      return {type: "bar", x: panel.at, y, name: curve.label, marker: {color: curve.colour}};
    }
    return {type: "scatter", mode: "lines", x: panel.at, y, name: curve.label,
            line: {color: curve.colour, dash: curve.dash, width: 2.5, simplify: false}};
  }

  function layout(panel) {
    const style = getComputedStyle(root);
    const axis = {zeroline: false, gridcolor: "rgba(128,128,128,0.25)", automargin: true};
    return {
      title: {text: "<b>" + panel.title + "</b>", font: {size: 13}, x: 0.02, xanchor: "left"},
      font: {color: style.color, family: style.fontFamily, size: 12},
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      margin: {l: 50, r: 8, t: 36, b: 42}, barmode: "group",
      legend: {x: panel.legend === "left" ? 0.02 : 0.98, xanchor: panel.legend, y: 0.98, bgcolor: "rgba(0,0,0,0)"},
      xaxis: {...axis, title: {text: panel.xlabel}},
      yaxis: {...axis, title: {text: panel.ylabel}, range: panel.high === null ? undefined : [0, panel.high]},
    };
  }

  function say(reading) {
    const panel = config.panels[reading.panel], curve = panel.curves[reading.curve];
    let number = curve.kind === "shares"
      ? values(curve, panel.at).reduce((sum, y, k) => sum + (panel.at[k] < reading.at ? y : 0), 0)
      : value(curve, reading.at);
    number = reading.percent ? (100 * number).toFixed(0) + " %" : Number(number.toPrecision(3)).toString();
    return reading.text.replace("{}", number);
  }

  function redraw() {
    config.sliders.forEach((name) => {
      const slider = byId(name), box = byId(name + "-on"), off = box && !box.checked;
      slider.disabled = Boolean(off);
      byId(name + "-value").textContent = off ? "off" : slider.value;
    });
    config.panels.forEach((panel, k) => {
      const traces = panel.curves.map((curve) => trace(curve, panel));
      window.Plotly.react(byId("panel-" + k), traces, layout(panel),
                          {displayModeBar: false, responsive: true, staticPlot: true});
    });
    root.querySelector(".finding").textContent = config.readings.map(say).join(" ");
    root.dataset.ready = "true";
  }

  function start() {
    root.querySelectorAll("input").forEach((input) => input.addEventListener("input", redraw));
    new MutationObserver(redraw).observe(document.documentElement, {attributeFilter: ["data-theme"]});
    redraw();
  }

  if (window.Plotly) { start(); return; }
  const script = document.createElement("script");
  script.src = (document.documentElement.dataset.content_root || "./") + "_static/plotly.min.js";
  script.addEventListener("load", start);
  document.head.append(script);
}
