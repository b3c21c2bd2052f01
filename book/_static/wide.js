// What is wider than its place: formulas break or are set smaller, tables become cards on a phone,
// and what scrolls in its own box can be reached with the keyboard.
(function () {
  "use strict";
  const BOXES = ".math, mjx-container, pre, .wide-table, .pst-scrollable-table-container, .output_area, .highlight, figure.plot .wide";
  const TABLES = ".wide-table, .pst-scrollable-table-container";
  const FORMULAS = 'mjx-container[display="true"]';
  const SMALLEST = 0.7, BREAKS_BELOW = 0.85, LONG = 45;
  const FEW_COLUMNS = 2, MANY_ROWS = 12, MANY_COLUMNS = 4;
  const print = window.matchMedia("print"), phone = window.matchMedia("(max-width: 40rem)");
  const RELATION = /^(=|<|>|\\(?:le|ge|leq|geq|approx|equiv|propto|iff|implies)(?![a-z]))/;
  const SPACE = /^\\qquad(?![a-z])/;
  const originals = new Map();

  // Where a formula may break: outside of all brackets, before what `starts` says.
  function pieces(tex, starts) {
    const found = [""], open = [];
    let rest = tex;
    while (rest) {
      const word = /^(\\(left|right)\s*(\\[a-zA-Z|{}]+|.)|\\(begin|end)\{\w+\*?\}|\\[a-zA-Z]+|\\.|[\s\S])/.exec(rest)[0];
      if (!open.length && starts(rest, found[found.length - 1])) { found.push(""); }
      if (/^(\{|\(|\[|\\left|\\begin|\\\{)/.test(word)) {
        open.push(word);
      } else if (/^(\}|\)|\]|\\right|\\end|\\\})/.test(word)) {
        while (open.length && open.pop() === "|") { /* a bar that was none of a pair */ }
      } else if (word === "|") {
        if (open[open.length - 1] === "|") { open.pop(); } else { open.push("|"); }
      }
      found[found.length - 1] += word;
      rest = rest.slice(word.length);
    }
    return found.map(function (piece) { return piece.trim(); }).filter(Boolean);
  }

  function atRelations(tex) {
    const cut = pieces(tex, function (rest) { return RELATION.test(rest) || SPACE.test(rest); });
    // What stands behind a space says when, and stays together.
    const first = cut.findIndex(function (piece) { return SPACE.test(piece); });
    const found = first < 0 ? cut : [...cut.slice(0, first), cut.slice(first).join(" ")];
    // A short left side stays on the line of what it is equal to.
    if (found.length > 1 && found[0].length < 12) { found.splice(0, 2, found[0] + " " + found[1]); }
    return found;
  }

  function atSums(line) {
    if (line.length < LONG) { return [line]; }
    return pieces(line, function (rest, before) {
      return /^[+-]/.test(rest) && /[\w})\]]\s*$/.test(before);
    });
  }

  // The formula in lines, one a relation and, if need be, one a term; "" if nothing breaks.
  function inLines(tex, sums) {
    const whole = /^\\begin\{gathered\}([\s\S]*)\\\\ *(\\small[\s\S]*)\\end\{gathered\}$/.exec(tex.trim());
    const line = whole ? whole[1] : tex;
    const lines = [];
    atRelations(line).forEach(function (side, k) {
      (sums ? atSums(side) : [side]).forEach(function (term, n) {
        const indent = n ? "\\qquad {}" : k ? "\\quad {}" : "";
        lines.push("& " + indent + term.replace(SPACE, ""));
      });
    });
    if (lines.length < 2) { return ""; }
    const broken = "\\begin{aligned} " + lines.join(" \\\\ ") + " \\end{aligned}";
    return whole ? "\\begin{gathered} " + broken + " \\\\ " + whole[2] + " \\end{gathered}" : broken;
  }

  function share(formula) { return formula.clientWidth / formula.scrollWidth; }

  function restore() {
    originals.forEach(function (original, broken) { broken.replaceWith(original); });
    originals.clear();
    document.querySelectorAll(FORMULAS).forEach(function (formula) {
      formula.dataset.size = formula.dataset.size || formula.style.fontSize || "100%";
      formula.style.fontSize = formula.dataset.size;
    });
  }

  function typeset(item, original, tex) {
    const {em, ex, containerWidth, scale} = item.metrics;
    const formula = window.MathJax.startup.document.convert(
      tex, {display: true, em, ex, containerWidth, scale});
    formula.dataset.size = original.dataset.size;
    formula.style.fontSize = original.dataset.size;
    return formula;
  }

  // All are measured before one is changed: a page is laid out once a round, not once a formula.
  function breakLines(items) {
    const shown = new Map(items.map(function (item) { return [item, item.typesetRoot]; }));
    for (const sums of [false, true]) {
      const least = sums ? SMALLEST : BREAKS_BELOW;
      items.filter(function (item) { return share(shown.get(item)) < least; }).forEach(function (item) {
        const tex = inLines(item.math, sums);
        if (!tex) { return; }
        const broken = typeset(item, item.typesetRoot, tex);
        originals.delete(shown.get(item));
        shown.get(item).replaceWith(broken);
        originals.set(broken, item.typesetRoot);
        shown.set(item, broken);
      });
    }
  }

  // A formula much wider than its place breaks; one a little wider is set smaller; one that would
  // be too small to read keeps its size and scrolls.  Paper does not scroll: there all are made to fit.
  function fit() {
    restore();
    const page = window.MathJax && window.MathJax.startup && window.MathJax.startup.document;
    if (page) {
      const wide = Array.from(page.math).filter(function (item) {
        const root = item.typesetRoot;
        return item.display && root && root.isConnected && root.clientWidth && share(root) < BREAKS_BELOW;
      });
      breakLines(wide);
      if (wide.length) { page.documentStyleSheet(); }
    }
    const least = print.matches ? 0 : SMALLEST;
    Array.from(document.querySelectorAll(FORMULAS), function (formula) {
      return [formula, share(formula)];
    }).filter(function (pair) { return pair[1] > least && pair[1] < 1; }).forEach(function (pair) {
      pair[0].style.fontSize = "calc(" + pair[0].dataset.size + " * " + (0.98 * pair[1]).toFixed(3) + ")";
    });
  }

  // On a phone each row of a table that does not fit is a card, whose lines say what they hold.
  // To compare many rows in many columns, one scrolls.
  function cards() {
    const boxes = Array.from(document.querySelectorAll(TABLES));
    boxes.forEach(function (box) { box.classList.remove("as-cards"); });
    boxes.filter(function (box) {
      return phone.matches && box.scrollWidth > box.clientWidth + 1;
    }).filter(function (box) {
      const table = box.querySelector("table");
      return table && labelled(table);
    }).forEach(function (box) { box.classList.add("as-cards"); });
  }

  function labelled(table) {
    const heads = table.tHead ? Array.from(table.tHead.rows[0].cells) : [];
    const rows = Array.from(table.tBodies).flatMap(function (body) { return Array.from(body.rows); });
    const isPlain = rows.every(function (row) {
      return row.cells.length === heads.length && !row.querySelector("[colspan], [rowspan]");
    });
    if (!isPlain || heads.length <= FEW_COLUMNS || (rows.length > MANY_ROWS && heads.length > MANY_COLUMNS)) { return false; }
    const roles = [[table, "table"], ...rows.map(function (row) { return [row, "row"]; })];
    rows.forEach(function (row) {
      Array.from(row.cells).forEach(function (cell, k) {
        cell.dataset.label = heads[k].textContent.trim();
        roles.push([cell, cell.tagName === "TH" ? "rowheader" : "cell"]);
      });
    });
    // As blocks they would be no table any more for those who hear it.
    roles.forEach(function (pair) { pair[0].setAttribute("role", pair[1]); });
    return true;
  }

  function mark() {
    fit();
    cards();
    document.querySelectorAll(BOXES).forEach(function (box) {
      if (box.scrollWidth > box.clientWidth + 1) { box.setAttribute("tabindex", "0"); }
    });
  }

  window.addEventListener("load", function () {
    mark();
    if (window.MathJax && window.MathJax.startup && window.MathJax.startup.promise) {
      window.MathJax.startup.promise.then(mark);
    }
  });
  // A phone that hides its address bar is no narrower than before.
  let width = window.innerWidth;
  window.addEventListener("resize", function () {
    if (window.innerWidth !== width) {
      width = window.innerWidth;
      mark();
    }
  });
  print.addEventListener("change", fit);
})();
