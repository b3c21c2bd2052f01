// What scrolls inside its own box must be reachable with the keyboard.
(function () {
  "use strict";
  const boxes = "div.math, mjx-container, pre, .wide-table, .pst-scrollable-table-container, .output_area, .highlight";
  function mark() {
    document.querySelectorAll(boxes).forEach(function (box) {
      if (box.scrollWidth > box.clientWidth + 1) {
        box.setAttribute("tabindex", "0");
      }
    });
  }
  window.addEventListener("load", function () {
    // Bibliography entries are no list items, so their box is no list.
    document.querySelectorAll(".citation-list[role=list]").forEach(function (box) {
      box.removeAttribute("role");
    });
    mark();
    if (window.MathJax && window.MathJax.startup && window.MathJax.startup.promise) {
      window.MathJax.startup.promise.then(mark);
    }
  });
  window.addEventListener("resize", mark);
})();
