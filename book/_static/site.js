// Names for those who cannot see, and numbers that stay whole.
(function () {
  "use strict";
  window.addEventListener("load", function () {
    // Bibliography entries are no list items, so their box is no list.
    document.querySelectorAll(".citation-list[role=list]").forEach(function (box) {
      box.removeAttribute("role");
    });
    // The arrows of the table of contents have no words of their own.
    document.querySelectorAll("li > details > summary").forEach(function (arrow) {
      const link = arrow.closest("li").querySelector("a");
      if (link && !arrow.textContent.trim()) {
        arrow.setAttribute("aria-label", "Pages below " + link.textContent.trim());
      }
    });
    // A computed number stays on one line with its error, unit or thousands.
    document.querySelectorAll(".pasted-text").forEach(function (value) {
      if (value.textContent.length <= 24) { value.style.whiteSpace = "nowrap"; }
    });
  });
})();

// One button opens or closes all folded code of a page; the next page remembers.
(function () {
  "use strict";
  const KEY = "lossedu-code-folds";
  function remembered() {
    try { return localStorage.getItem(KEY) === "open"; } catch (_) { return false; }
  }
  function remember(open) {
    try { localStorage.setItem(KEY, open ? "open" : "closed"); } catch (_) { /* this page alone */ }
  }
  function add() {
    const folds = document.querySelectorAll("details.code-fold");
    const bar = document.querySelector(".article-header-buttons");
    if (!folds.length || !bar) { return; }
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-sm pst-navbar-icon code-folds-button";
    button.innerHTML = '<span class="long"></span><span class="short">Code</span>';
    function set(open) {
      const words = (open ? "Close" : "Open") + " all code";
      folds.forEach(function (fold) { fold.open = open; });
      button.querySelector(".long").textContent = words;
      button.setAttribute("aria-label", words);
      button.dataset.open = open;
    }
    button.addEventListener("click", function () {
      const open = button.dataset.open !== "true";
      set(open);
      remember(open);
    });
    set(remembered());
    bar.prepend(button);
  }
  document.addEventListener("DOMContentLoaded", add);
})();

// The key / opens search, as on many sites; not while somebody types.
document.addEventListener("keydown", function (event) {
  "use strict";
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) { return; }
  if (event.target.closest("input, textarea, select, [contenteditable]")) { return; }
  const button = document.querySelector(".search-button__button");
  const field = document.querySelector(".bd-search input[name=q]");
  if (button) { button.click(); } else if (field) { field.focus(); } else { return; }
  event.preventDefault();
});

// Search shows sentences, not the source of formulas, code behind folds or the words on buttons.
(function () {
  "use strict";
  const hidden = "svg, script, style, noscript, button, summary, .math, .code-fold, .headerlink, .toggle-button, .explorable .controls";
  function quiet() {
    if (typeof Search === "undefined") { return; }
    const original = Search.htmlToText;
    Search.htmlToText = function (source, anchor) {
      const page = new DOMParser().parseFromString(source, "text/html");
      page.querySelectorAll(hidden).forEach(function (element) { element.remove(); });
      return original(page.documentElement.outerHTML, anchor).replace(/\s+/g, " ");
    };
  }
  document.addEventListener("DOMContentLoaded", quiet);
})();

// Paper is white: what is printed from a dark page is the light one.
(function () {
  "use strict";
  let theme = null;
  window.addEventListener("beforeprint", function () {
    theme = document.documentElement.dataset.theme;
    document.documentElement.dataset.theme = "light";
  });
  window.addEventListener("afterprint", function () {
    if (theme) { document.documentElement.dataset.theme = theme; }
  });
})();

// A number stays whole at the end of a line: 11 000, 0.29 ± 0.05, and a formula with its full stop.
(function () {
  "use strict";
  const THOUSANDS = /\d+(?: \d{3}(?!\d))+/g;
  const joined = (number) => /^\d{4}/.test(number) ? number : number.replaceAll(" ", "\u00a0");
  function whole(words) {
    return words.replace(THOUSANDS, joined).replace(/ ± /g, "\u00a0±\u00a0").replace(/(\d|^) %/g, "$1\u00a0%");
  }
  function keep(paragraph) {
    const walker = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode, text = whole(node.data);
      if (text !== node.data && !node.parentElement.closest("code, pre, .math, script, style")) { node.data = text; }
    }
    paragraph.querySelectorAll("span.math").forEach(function (formula) {
      const next = formula.nextSibling;
      const stop = next && next.nodeType === Node.TEXT_NODE && /^[.,;:?!)\u201d]+/.exec(next.data);
      if (!stop) { return; }
      const together = document.createElement("span");
      together.style.whiteSpace = "nowrap";
      formula.replaceWith(together);
      together.append(formula, stop[0]);
      next.data = next.data.slice(stop[0].length);
    });
  }
  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("main p, main li").forEach(function (paragraph) {
      if (!paragraph.querySelector("p, li") && !paragraph.closest(".explorable, .practice, nav")) { keep(paragraph); }
    });
  });
})();
