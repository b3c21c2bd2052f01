// What a reader fills in, by kind of question.  A kind makes {node, read, grade}: `read` gives the
// answer as the terminal keeps it, or null with what is missing in `lacks`.
(function (practice) {
  "use strict";

  const {el, trusted, newId, replace, typesetMath} = practice.dom;
  const grade = practice.grade;
  const PREVIEW_DELAY = 150;

  function plain(html) {
    const node = trusted("span", {}, html);
    return node.textContent.trim();
  }

  function field(label, attributes, ...beside) {
    const id = newId();
    const input = el("input", Object.assign({
      type: "text", id, autocomplete: "off", autocapitalize: "off", spellcheck: "false",
      class: "practice-input",
    }, attributes));
    const line = el("div", {class: "practice-field"}, input, ...beside);
    return {input, node: [el("label", {for: id}, label), line]};
  }

  function numberField(answer) {
    const digits = answer.digits
      ? answer.digits + " significant digit" + (answer.digits > 1 ? "s" : "")
      : "a number";
    const unit = answer.unit ? el("span", {class: "practice-unit"}, answer.unit) : null;
    const made = field("Your answer, " + digits, {inputmode: "text"}, unit);
    return Object.assign(made, {read: function () { return made.input.value.trim() || null; }});
  }

  function number(question) {
    const made = numberField(question.answer);
    return {
      node: made.node, read: made.read, lacks: "Write a number first.",
      grade: function (answer) { return grade.number(question.answer, question.misconceptions, answer); },
    };
  }

  // The formula as it is read, while it is typed; where reading stopped, if it did.
  function preview(input, names) {
    const node = el("div", {class: "practice-preview", id: newId()});
    input.setAttribute("aria-describedby", node.id);
    let waiting = null;
    function show() {
      const typed = input.value;
      input.removeAttribute("aria-invalid");
      if (!typed.trim()) { replace(node); return; }
      try {
        const tree = window.lossedu.formulas.parse(typed, names);
        replace(node, el("span", {class: "math notranslate nohighlight"},
          "\\(\\displaystyle " + window.lossedu.formulas.latex(tree) + "\\)"));
        typesetMath(node);
      } catch (error) {
        if (!("position" in error)) { throw error; }
        replace(node, stopped(typed, error));
      }
    }
    input.addEventListener("input", function () {
      clearTimeout(waiting);
      waiting = setTimeout(show, PREVIEW_DELAY);
    });
    return node;
  }

  function stopped(typed, error) {
    const signs = Array.from(typed);
    const position = Math.min(error.position, signs.length);
    return el("span", {},
      el("code", {class: "practice-typed"}, signs.slice(0, position).join(""),
        el("mark", {}, signs[position] || "\u00a0"), signs.slice(position + 1).join("")),
      " ", el("span", {}, error.says));
  }

  // How a formula is typed, folded.
  function spelling() {
    return el("details", {class: "practice-spelling"},
      el("summary", {}, "How to type a formula"),
      el("dl", {}, window.lossedu.formulas.language.map(function ([what, examples, says]) {
        return [el("dt", {}, what, ": ", el("code", {}, examples)), el("dd", {}, says)];
      })));
  }

  function formulaField(answer) {
    const names = Object.keys(answer.symbols);
    const made = field(["Your formula in ", names.map(function (name, k) {
      return [k ? ", " : "", el("code", {}, name)];
    })], {inputmode: "text"});
    const meanings = names.filter(function (name) { return answer.symbols[name]; });
    made.node.push(
      meanings.length ? el("ul", {class: "practice-symbols"}, meanings.map(function (name) {
        return el("li", {}, el("code", {}, name), ": ", trusted("span", {}, answer.symbols[name]));
      })) : null,
      preview(made.input, names), spelling());
    return Object.assign(made, {read: function () { return made.input.value.trim() || null; }});
  }

  function formula(question) {
    const made = formulaField(question.answer);
    return {
      node: made.node, read: made.read, lacks: "Write a formula first.",
      grade: function (answer) { return grade.formula(question.answer, question.misconceptions, answer); },
    };
  }

  function options(answer, legend) {
    const name = newId();
    const boxes = answer.options.map(function (option, k) {
      const box = el("input", {type: answer.several ? "checkbox" : "radio", name, value: k});
      const words = trusted("span", {}, option.text);
      return {box, row: el("label", {class: "practice-row"}, box, words)};
    });
    return {
      node: el("fieldset", {class: "practice-set"}, el("legend", {}, legend),
        boxes.map(function (one) { return one.row; })),
      read: function () {
        const chosen = boxes.map(function (one, k) { return one.box.checked ? k : -1; })
          .filter(function (k) { return k >= 0; });
        return chosen.length ? chosen : null;
      },
    };
  }

  function choiceOf(answer, asked) {
    const made = options(answer,
      (asked || "") + (answer.several ? "Choose all that apply" : "Choose one"));
    return {
      node: made.node,
      read: function () {
        const chosen = made.read();
        return chosen && !answer.several ? chosen[0] : chosen;
      },
      lacks: "Choose an option first.",
      grade: function (chosen) { return grade.choice(answer, [].concat(chosen)); },
    };
  }

  function choice(question) { return choiceOf(question.answer); }

  function debug(question) { return choiceOf(question.answer.causes, "What is the cause? "); }

  function readAPlot(question) {
    return question.answer.asked === "number" ? number(question) : choice(question);
  }

  function order(question) {
    const items = question.answer.items;
    const live = el("p", {class: "practice-quiet", "aria-live": "polite"});
    const list = el("ol", {class: "practice-order"});
    const rows = items.map(function (item, k) {
      const words = plain(item);
      const row = el("li", {class: "practice-row", draggable: "true", "data-position": k},
        trusted("span", {class: "practice-words"}, item),
        mover("up", -1, "↑", words), mover("down", 1, "↓", words));
      row.addEventListener("dragstart", function (event) {
        row.classList.add("is-dragged");
        event.dataTransfer.setData("text/plain", "");
        event.dataTransfer.effectAllowed = "move";
      });
      row.addEventListener("dragend", function () { row.classList.remove("is-dragged"); });
      return row;
    });
    list.append(...rows);
    list.addEventListener("dragover", function (event) {
      const moved = list.querySelector(".is-dragged");
      const over = event.target.closest(".practice-order > li");
      if (!moved || !over) { return; }
      event.preventDefault();
      const box = over.getBoundingClientRect();
      const after = event.clientY > box.top + box.height / 2;
      if (over !== moved) { over[after ? "after" : "before"](moved); }
    });
    function mover(way, step, arrow, words) {
      return el("button", {
        type: "button", class: "practice-move", "aria-label": "Move " + way + ": " + words,
        onclick: function (event) { move(event.currentTarget, step, words); },
      }, arrow);
    }
    function move(button, step, words) {
      const row = button.closest("li");
      const other = step < 0 ? row.previousElementSibling : row.nextElementSibling;
      if (!other) { return; }
      other[step < 0 ? "before" : "after"](row);
      button.focus();
      const place = Array.from(list.children).indexOf(row) + 1;
      live.textContent = words + ": now " + place + " of " + items.length;
    }
    return {
      node: [el("p", {class: "practice-legend"}, "Put them into order, the first on top"), list, live],
      read: function () {
        return Array.from(list.children, function (row) { return Number(row.dataset.position); });
      },
      grade: function (arranged) { return grade.order(question.answer, arranged); },
    };
  }

  function match(question) {
    const {left, right} = question.answer;
    const lettered = right.some(function (words) { return words.includes("class=\"math"); });
    const letters = right.map(function (_, k) { return String.fromCharCode(65 + k); });
    const selects = left.map(function (words, k) {
      return el("select", {class: "practice-select", "aria-label": "Partner of: " + plain(words)},
        el("option", {value: ""}, "choose …"),
        right.map(function (other, position) {
          return el("option", {value: position}, lettered ? letters[position] : plain(other));
        }));
    });
    // Nobody can open a list on paper: there the partners stand lettered, and a letter is written.
    const legend = el("ol", {class: "practice-letters" + (lettered ? "" : " is-for-paper"), type: "A"},
      right.map(function (words) { return trusted("li", {}, words); }));
    const rows = left.map(function (words, k) {
      return el("div", {class: "practice-row practice-pair"},
        trusted("span", {class: "practice-words"}, words), selects[k],
        el("span", {class: "practice-blank", "aria-hidden": "true"}));
    });
    return {
      node: [el("p", {class: "practice-legend"}, "Give each its partner"), legend, rows],
      read: function () {
        const chosen = selects.map(function (one) { return one.value; });
        return chosen.includes("") ? null : chosen.map(Number);
      },
      lacks: "Give each a partner first.",
      grade: function (matched) { return grade.match(question.answer, matched); },
    };
  }

  function errata(question) {
    const answer = question.answer;
    const name = newId();
    const radios = answer.key.map(function (_, k) {
      return el("input", {type: "radio", name, value: k + 1});
    });
    const lines = answer.key.map(function (words, k) {
      return el("label", {class: "practice-row"}, radios[k],
        el("span", {class: "practice-line-number"}, k + 1), trusted("span", {}, words));
    });
    const fields = {formula: formulaField, number: numberField};
    const made = answer.right && fields[answer.right.asked](answer.right);
    if (made) { made.node[0].prepend("What belongs there? "); }
    return {
      node: [el("fieldset", {class: "practice-set"}, el("legend", {}, "Which line is wrong?"), lines),
        made && made.node],
      read: function () {
        const chosen = radios.find(function (one) { return one.checked; });
        const right = made ? made.read() : "";
        if (!chosen || right === null) { return null; }
        return made ? {line: Number(chosen.value), right} : Number(chosen.value);
      },
      lacks: made ? "Choose the wrong line, and write what belongs there." : "Choose a line first.",
      grade: function (given) { return grade.errata(answer, question.misconceptions, given); },
    };
  }

  practice.kinds = {
    number, formula, choice, order, match, errata, "read-a-plot": readAPlot,
    incident: choice, debug,
  };
})(window.lossedu.practice);
