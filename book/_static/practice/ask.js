// One question: asked, graded, kept.  The first answer counts; what follows is for learning.
(function (practice) {
  "use strict";

  const {el, trusted, replace, typesetMath} = practice.dom;
  const MARKS = {right: "✓", rounded: "✓", partly: "~"};
  const WORDS = {
    right: "Right.",
    rounded: "Right, but rounded.",
    partly: "Partly right.",
    wrong: "Not right.",
    known: "Not right.",
    undefined: "Not defined everywhere.",
    unreadable: "This cannot be read.",
  };
  const COUNTS = {1: "again", 2: "hard", 3: "good", 4: "easy"};
  const PASSED = ["right", "rounded"];

  function merged(data, variant) {
    return Object.assign({}, data.common, data.variants[variant], {variant});
  }

  // Time on the question, less the time in which its tab was hidden.
  function stopwatch() {
    let total = 0;
    let since = null;
    function hold() {
      if (since !== null) { total += performance.now() - since; since = null; }
    }
    function start() {
      if (since === null && !document.hidden) { since = performance.now(); }
    }
    let started = false;
    document.addEventListener("visibilitychange", function () {
      if (document.hidden) { hold(); } else if (started) { start(); }
    });
    return {
      start: function () { started = true; start(); },
      seconds: function () { hold(); start(); return Math.round(total / 100) / 10; },
    };
  }

  // Asks in `host`.  `options`: source; begin (time runs at once); standing (the words of variant 0
  // that are in the page already); done(review).
  function ask(host, data, options) {
    let offset = 0;
    let focused = false;
    show();

    function show() {
      const repetition = practice.state.reviewsOf(data.id).length;
      const question = merged(data, (repetition + offset) % data.variants.length);
      const turn = new Turn(host, data, question, repetition, options, another);
      turn.draw(focused);
    }

    // After an answer the next repetition has numbers of its own; without one, the next variant.
    function another(answered) {
      offset = answered ? 0 : offset + 1;
      focused = true;
      options = Object.assign({}, options, {standing: null});
      show();
    }
  }

  class Turn {
    constructor(host, data, question, repetition, options, another) {
      Object.assign(this, {host, data, question, repetition, options, another});
      this.watch = stopwatch();
      this.hints = 0;
      this.answered = false;
      this.review = null;
    }

    draw(focus) {
      const question = this.question;
      const standing = question.variant === 0 && this.options.standing;
      const prompt = standing || trusted("div", {class: "practice-prompt"}, question.prompt);
      this.told = el("ol", {class: "practice-hints"});
      this.verdict = el("div", {class: "practice-verdict", role: "status"});
      this.worked = el("div", {class: "practice-worked"});
      this.next = el("p", {class: "practice-quiet practice-next", "aria-live": "polite"});
      const kind = practice.aloud[question.kind] || practice.kinds[question.kind];
      this.form = el("form", {class: "practice-form"});
      this.made = kind(question, this);
      replace(this.form, this.made.node, this.made.buttons || this.buttons());
      this.form.addEventListener("submit", (event) => {
        event.preventDefault();
        if (this.made.grade) { this.check(); }
      });
      this.form.addEventListener("focusin", () => this.watch.start());
      replace(this.host, this.line(), prompt, this.form,
        this.told, this.verdict, this.worked, this.next);
      if (this.options.begin || focus) { this.watch.start(); }
      typesetMath(this.host);
      if (focus) { this.focus(); }
    }

    focus() {
      const first = this.form.querySelector("input, select, textarea, button");
      if (first) { first.focus({preventScroll: false}); }
    }

    line() {
      const count = this.data.variants.length;
      const parts = [];
      if (count > 1) { parts.push("No. " + (this.question.variant + 1) + " of " + count); }
      parts.push(this.repetition === 0 ? "new to you" : "answered "
        + (this.repetition === 1 ? "once" : this.repetition + " times"));
      return el("p", {class: "practice-quiet practice-line"}, parts.join(" · "));
    }

    button(words, attributes) {
      return el("button", Object.assign({type: "button", class: "practice-button"}, attributes), words);
    }

    buttons() {
      this.submit = this.button("Check", {type: "submit", class: "practice-button is-main"});
      this.hintButton = this.hinting();
      this.shower = this.button("Show the answer", {
        title: "counts as wrong", onclick: () => this.giveUp(),
      });
      this.more = this.moreButton();
      this.more.hidden = this.data.variants.length === 1;
      return el("div", {class: "practice-buttons"},
        this.submit, this.hintButton, this.shower, this.more,
        el("span", {class: "practice-quiet practice-cost"},
          "A hint makes a right answer count as hard; the third, like the answer, as wrong."));
    }

    moreButton() {
      const words = this.data.variants.length === 1 ? "Once more" : "Another one";
      return this.button(words, {onclick: () => this.another(this.answered)});
    }

    hinting() {
      const all = this.question.hints.length;
      const button = this.button("Hint 1 of " + all, {onclick: () => {
        this.watch.start();
        this.told.append(trusted("li", {}, this.question.hints[this.hints]));
        this.hints += 1;
        typesetMath(this.told);
        button.textContent = "Hint " + (this.hints + 1) + " of " + all;
        if (this.hints === all) { button.hidden = true; this.submit.focus(); }
      }});
      button.hidden = !all;
      return button;
    }

    check() {
      const answer = this.made.read();
      if (answer === null) {
        this.say(null, [{text: this.made.lacks}]);
        return;
      }
      const graded = this.made.grade(answer);
      this.say(graded.verdict, graded.says);
      if (graded.verdict === "unreadable") { return; }
      this.keep(graded.verdict, answer);
      if (PASSED.includes(graded.verdict)) {
        this.solve();
      } else {
        this.submit.textContent = "Check again";
      }
    }

    giveUp() {
      this.say(null, [{text: "The answer is below. This counts as wrong."}]);
      this.keep("wrong", null);
      this.solve();
      this.worked.focus();
    }

    // Whatever comes after the first answer changes nothing of what is kept.
    keep(verdict, answer, more) {
      if (this.answered) { return; }
      this.answered = true;
      const seconds = this.watch.seconds();
      const {ticks = [], rubric = null} = more || {};
      const rating = practice.records.ratingOf(
        verdict, {hints: this.hints, seconds, limit: this.question.seconds, rubric});
      this.review = {
        id: practice.records.newId(),
        family: this.data.id,
        variant: this.question.variant,
        repetition: this.repetition,
        at: new Date().toISOString(),
        rating, verdict, hints: this.hints, seconds,
        source: "page", answer, ticks,
      };
      practice.state.addReview(this.review);
      this.tellNext(rating);
      if (this.more) { this.more.hidden = false; }
      if (this.options.done) { this.options.done(this.review); }
    }

    tellNext(rating) {
      const counted = "Counts as " + COUNTS[rating];
      this.next.textContent = counted + ".";
      practice.schedule.ready().then(() => {
        const card = practice.schedule.cardsOf(practice.state.reviewsOf(this.data.id))
          .get(this.data.id);
        const fault = practice.state.fault();
        this.next.textContent = counted + "; " + practice.schedule.inWords(card.due) + "."
          + (fault ? " " + fault : "");
      });
    }

    say(verdict, says) {
      const kind = PASSED.includes(verdict) ? "right" : verdict ? "wrong" : "note";
      replace(this.verdict,
        verdict && el("strong", {}, el("span", {"aria-hidden": "true"}, (MARKS[verdict] || "✗") + " "),
          WORDS[verdict]), verdict && " ",
        says.map(function (one) {
          return one.html ? trusted("span", {}, one.html) : one.text;
        }));
      this.verdict.className = "practice-verdict is-" + kind;
      typesetMath(this.verdict);
    }

    // The worked answer, with what was asked for on top.
    solve() {
      this.form.classList.add("is-solved");
      for (const button of [this.submit, this.hintButton, this.shower]) {
        if (button) { button.hidden = true; }
      }
      const right = this.question.right;
      replace(this.worked,
        el("p", {class: "practice-legend"}, "The answer"),
        right && trusted("div", {class: "practice-right"}, right),
        trusted("div", {}, this.question.explanation));
      this.worked.setAttribute("tabindex", "-1");
      typesetMath(this.worked);
    }
  }

  practice.ask = ask;
})(window.lossedu.practice);
