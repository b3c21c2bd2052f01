// The self-assessment: eight skills, five levels, kept with the day on which each was said.
(function (practice) {
  "use strict";

  const {el, replace, newId} = practice.dom;

  // The last rating of each skill.
  function latest(grid) {
    return new Map(grid.map(function (one) { return [one.skill, one]; }));
  }

  function row(skill, words, levels) {
    const name = newId();
    const said = el("span", {class: "practice-quiet", role: "status"});
    const boxes = Object.entries(levels).map(function ([level, meaning]) {
      const box = el("input", {type: "radio", name, value: level, onchange: function () {
        practice.state.rate(skill, Number(level));
      }});
      return {box, label: el("label", {}, box, el("span", {}, level + " · " + meaning))};
    });
    return {
      node: el("fieldset", {class: "practice-skill", "data-skill": skill},
        el("legend", {}, words),
        el("div", {class: "practice-levels"}, boxes.map(function (one) { return one.label; })), said),
      show: function (rating) {
        boxes.forEach(function (one) {
          one.box.checked = Boolean(rating) && one.box.value === String(rating.level);
        });
        said.textContent = rating ? "rated on " + rating.at.slice(0, 10) : "not rated yet";
      },
    };
  }

  function open() {
    const place = document.getElementById("practice-self-assessment");
    if (!place || !practice.index) { return; }
    const {skills, levels} = practice.index;
    const rows = new Map(Object.entries(skills).map(function ([skill, words]) {
      return [skill, row(skill, words, levels)];
    }));
    const fault = el("p", {class: "practice-fault", role: "status"});
    const summary = el("p", {class: "practice-summary", role: "status"});
    replace(place, fault, Array.from(rows.values(), function (one) { return one.node; }), summary);
    practice.state.listen(function (progress, problem) {
      const ratings = latest(progress.grid);
      fault.textContent = problem;
      rows.forEach(function (one, skill) { one.show(ratings.get(skill)); });
      summary.textContent = ratings.size + " of " + rows.size + " skills are rated.";
    });
    place.dataset.ready = "true";
  }

  practice.assessment = {latest};
  document.addEventListener("DOMContentLoaded", open);
})(window.lossedu.practice);
