// Questions that no machine grades: answers aloud, designs, code.  The reader compares and marks.
(function (practice) {
  "use strict";

  const {el, trusted, newId, replace, typesetMath} = practice.dom;
  const VERDICT = {strong: "right", lean: "partly", no: "wrong"};
  const NAMES = {strong: "Strong", lean: "Lean", no: "No"};

  function clock(seconds) {
    const left = Math.max(0, Math.ceil(seconds));
    return Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0");
  }

  function ticks(legend, texts, className) {
    const boxes = texts.map(function (words) {
      const box = el("input", {type: "checkbox"});
      return {box, row: el("label", {class: "practice-row"}, box, trusted("span", {}, words))};
    });
    return {
      node: texts.length ? el("fieldset", {class: "practice-set " + className},
        el("legend", {}, legend), boxes.map(function (one) { return one.row; })) : null,
      read: function () {
        return boxes.map(function (one, k) { return one.box.checked ? k : -1; })
          .filter(function (k) { return k >= 0; });
      },
    };
  }

  // What was said, what should not have been, and the mark that follows unless the reader differs.
  function marking(question, turn) {
    const said = ticks("Tick what you said", question.must_say, "is-said");
    const flags = ticks("Tick what you said of these, too: red flags", question.red_flags, "is-flag");
    const name = newId();
    const marks = ["no", "lean", "strong"].map(function (mark) {
      const box = el("input", {type: "radio", name, value: mark});
      return {mark, box, row: el("label", {class: "practice-row"}, box,
        el("span", {}, el("strong", {}, NAMES[mark] + ": "),
          trusted("span", {}, question.rubric[mark] || "")))};
    });
    let own = false;
    function suggest() {
      if (own) { return; }
      const mark = practice.grade.spoken(question, {said: said.read(), flags: flags.read()});
      marks.forEach(function (one) { one.box.checked = one.mark === mark; });
    }
    function save() {
      const mark = marks.find(function (one) { return one.box.checked; }).mark;
      const answer = {said: said.read(), flags: flags.read()};
      turn.say(null, [{text: "Marked " + NAMES[mark].toLowerCase() + ", by yourself."}]);
      turn.keep(VERDICT[mark], answer, {rubric: mark, ticks:
        answer.said.map(function (k) { return question.must_say_words[k]; }).concat(
          answer.flags.map(function (k) { return question.red_flags_words[k]; }))});
      saving.disabled = true;
      turn.more.hidden = false;
      turn.more.focus();
    }
    const saving = turn.button("Keep this mark", {class: "practice-button is-main", onclick: save});
    const node = el("div", {class: "practice-marking"}, said.node, flags.node,
      el("fieldset", {class: "practice-set"},
        el("legend", {}, "Your mark; the ticks suggest one"),
        marks.map(function (one) { return one.row; })),
      el("div", {class: "practice-buttons"}, saving, turn.more));
    node.addEventListener("change", function (event) {
      own = own || event.target.type === "radio";
      suggest();
    });
    suggest();
    return node;
  }

  function compare(question, turn, form) {
    turn.more = turn.moreButton();
    turn.more.hidden = true;
    const heading = el("p", {class: "practice-legend", tabindex: "-1"}, "A model answer");
    replace(form, heading,
      trusted("div", {class: "practice-model"}, question.answer.model_answer),
      marking(question, turn));
    replace(turn.worked, trusted("div", {}, question.explanation));
    typesetMath(turn.host);
    heading.focus();
  }

  function spoken(question, turn) {
    const limit = question.answer.seconds;
    const digits = el("span", {class: "practice-clock", role: "timer"}, clock(limit));
    const bar = el("progress", {class: "practice-time", max: limit, value: limit,
      "aria-label": "Time left"});
    const end = turn.button("I am done", {onclick: done});
    end.hidden = true;
    const begin = turn.button("Start the clock", {class: "practice-button is-main", onclick: start});
    const live = el("p", {class: "practice-quiet", "aria-live": "polite"},
      "Answer aloud, in " + limit + " seconds.");
    let ticking = null;
    let started = 0;
    function start() {
      turn.watch.start();
      started = performance.now();
      begin.hidden = true;
      end.hidden = false;
      end.focus();
      live.textContent = "Speak now.";
      ticking = setInterval(tick, 250);
    }
    function tick() {
      if (!digits.isConnected) { clearInterval(ticking); return; }
      const left = limit - (performance.now() - started) / 1000;
      digits.textContent = clock(left);
      bar.value = Math.max(0, left);
      if (left <= 0 && live.textContent === "Speak now.") {
        live.textContent = "Time is up. Come to an end.";
      }
    }
    function done() {
      clearInterval(ticking);
      compare(question, turn, turn.form);
    }
    return {
      node: [live, el("div", {class: "practice-timer"}, digits, bar)],
      buttons: el("div", {class: "practice-buttons"}, begin, end),
    };
  }

  function design(question, turn) {
    const steps = question.answer.steps.map(function (step) {
      const id = newId();
      return el("li", {}, el("label", {for: id}, trusted("strong", {}, step.title), " ",
        trusted("span", {}, step.prompt)), el("textarea", {id, rows: 3, class: "practice-input"}));
    });
    const done = turn.button("Compare with a model answer", {
      class: "practice-button is-main",
      onclick: function () {
        const own = turn.form.querySelector(".practice-steps");
        own.querySelectorAll("textarea").forEach(function (area) { area.readOnly = true; });
        const form = el("div");
        turn.form.replaceChildren(own, form);
        compare(question, turn, form);
      },
    });
    return {
      node: [el("p", {class: "practice-quiet"},
        "Four steps, " + Math.round(question.seconds / 60) + " minutes. What you write stays here "
        + "until you leave, and is not kept."),
      el("ol", {class: "practice-steps"}, steps)],
      buttons: el("div", {class: "practice-buttons"}, done),
    };
  }

  // Code runs in the notebook or the terminal; here the reader says how it went.
  function code(question, turn) {
    const name = "lossedu drill topic " + question.topic;
    turn.more = turn.moreButton();
    turn.more.hidden = true;
    function mark(verdict) {
      turn.say(verdict, [{text: "On your word: no machine has checked it here."}]);
      turn.keep(verdict, null);
      turn.submit.hidden = notYet.hidden = true;
      turn.solve();
    }
    turn.submit = turn.button("The check passes", {
      class: "practice-button is-main", onclick: function () { mark("right"); }});
    const notYet = turn.button("Not yet: show the solution", {onclick: function () { mark("wrong"); }});
    turn.hintButton = turn.hinting();
    return {
      node: [question.code && !turn.options.standing
        ? trusted("div", {class: "practice-code"}, question.code) : null,
      el("p", {class: "practice-quiet"}, "Solve it in the chapter's notebook or with ",
        el("code", {}, name), ", which run the check. Here you mark yourself.")],
      buttons: el("div", {class: "practice-buttons"},
        turn.submit, notYet, turn.hintButton, turn.more),
    };
  }

  practice.aloud = {spoken, design, code};
})(window.lossedu.practice);
