// Brings the drills of a page to life, each shortly before it comes into view.
(function (practice) {
  "use strict";

  const {el, script} = practice.dom;
  const AHEAD = "1000px";
  const families = new Map();

  // Called by the script of a family.
  practice.take = function (data) { families.set(data.id, data); };

  // The questions of a family, whose script is loaded when they are first asked for.
  practice.load = function (id) {
    if (!/^[a-z0-9-]+$/.test(id)) { return Promise.reject(new Error("This is no family.")); }
    if (families.has(id)) { return Promise.resolve(families.get(id)); }
    return script(practice.settings.static + "practice/bank/" + id + ".js")
      .then(function () { return families.get(id); });
  };

  function standing(box) {
    return box.querySelector(":scope > .practice-prompt");
  }

  function mount(box) {
    practice.load(box.dataset.family).then(function (data) {
      const prompt = standing(box);
      const host = el("div", {class: "practice-host"});
      const kept = [box.querySelector(":scope > .admonition-title"), prompt,
        box.querySelector(":scope > .practice-link")];
      Array.from(box.children).forEach(function (child) {
        if (!kept.includes(child)) { child.remove(); }
      });
      prompt.before(host);
      practice.ask(host, data, {standing: prompt});
      box.dataset.ready = "true";
    }).catch(function () { /* what stands there without a script goes on standing there */ });
  }

  function begin() {
    const watcher = new IntersectionObserver(function (entries) {
      entries.filter(function (entry) { return entry.isIntersecting; }).forEach(function (entry) {
        watcher.unobserve(entry.target);
        mount(entry.target);
      });
    }, {rootMargin: AHEAD});
    document.querySelectorAll(".drill[data-family]").forEach(function (box) {
      watcher.observe(box);
    });
  }

  document.addEventListener("DOMContentLoaded", begin);
})(window.lossedu.practice);
