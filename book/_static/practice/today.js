// The practice page: what is due today, what is new, and the set that is being answered.
(function (practice) {
  "use strict";

  const {el, replace, newId} = practice.dom;
  const FILTERS = ["skill", "level", "topic", "kind"];
  const filter = {};
  let place = null;
  let cards = new Map();
  const parts = {};

  function minutes(seconds) {
    const whole = Math.ceil(seconds / 60);
    return whole + " min";
  }

  function count(number, one, many) {
    return number + " " + (number === 1 ? one : many);
  }

  function button(words, onclick, main) {
    return el("button", {type: "button", onclick,
      class: "practice-button" + (main ? " is-main" : "")}, words);
  }

  function choices(name) {
    const index = practice.index;
    if (name === "topic") {
      const topics = new Set(index.families.flatMap(function (one) { return one.topics; }));
      return Array.from(topics).sort().map(function (topic) { return [topic, topic]; });
    }
    return Object.entries({skill: index.skills, level: index.levels, kind: index.kinds}[name])
      .map(function ([value, words]) {
        return [value, name === "level" ? value + ", " + words : name === "kind" ? value : words];
      });
  }

  // practice.html#skill=focal begins with a filter, #ask=NAME with a question.
  function wanted() {
    return new URLSearchParams(window.location.hash.slice(1));
  }

  function filters() {
    FILTERS.forEach(function (name) { filter[name] = wanted().get(name) || ""; });
    return el("div", {class: "practice-filters"}, FILTERS.map(function (name) {
      const id = newId();
      const select = el("select", {id, class: "practice-select", onchange: function () {
        filter[name] = select.value;
        draw();
      }}, el("option", {value: ""}, "all"), choices(name).map(function ([value, words]) {
        return el("option", {value, selected: value === filter[name]}, words);
      }));
      return el("div", {}, el("label", {for: id}, name.replace(/^./, function (first) {
        return first.toUpperCase();
      })), select);
    }));
  }

  // A list of families under the skill that each belongs to first.
  function listed(families, words) {
    return practice.choosing.bySkill(families).map(function (group) {
      return el("section", {class: "practice-group"}, el("h3", {}, group.words),
        el("ul", {}, group.families.map(function (one) {
          const card = cards.get(one.id);
          return el("li", {},
            el("button", {type: "button", class: "practice-title",
              onclick: function () { begin([one]); }}, one.title),
            el("span", {class: "practice-quiet"},
              one.kind + ", level " + one.level + ", " + minutes(one.seconds)
              + (card && card.due > practice.schedule.today()
                ? ", " + practice.schedule.inWords(card.due) : "")));
        })));
    }).concat(families.length ? [] : [el("p", {class: "practice-quiet"}, words)]);
  }

  function welcome() {
    return el("div", {class: "practice-welcome"},
      el("p", {}, "Each question is graded here, in your browser, and has new numbers each time."),
      el("p", {}, "What you answer comes again when you are about to forget it, and sooner what "
        + "you got wrong."),
      el("p", {}, "Nothing leaves your browser; export what it keeps to take it elsewhere."));
  }

  function draw() {
    const {choosing, schedule, index, state} = practice;
    cards = schedule.cardsOf(state.now().reviews);
    const families = choosing.kept(index.families, filter);
    const due = choosing.due(families, cards, schedule.today(), state.now().settings.date);
    const unseen = choosing.unseen(families, cards);
    const fresh = choosing.fresh(families, cards, state.now().grid);
    const later = families.filter(function (one) {
      return cards.has(one.id) && !due.includes(one);
    });
    const first = !cards.size;
    replace(parts.welcome, first && welcome());
    parts.summary.textContent = first
      ? count(index.families.length, "question waits", "questions wait") + " for you."
      : count(due.length, "question is", "questions are") + " due today, "
        + count(unseen.length, "is", "are") + " new to you, "
        + count(later.length, "comes", "come") + " later.";
    replace(parts.buttons,
      due.length > 0 && button("Answer what is due", function () { begin(due); }, true),
      fresh.length > 0 && button(first ? "Begin with " + count(fresh.length, "question", "questions")
        : count(fresh.length, "new one", "new ones"), function () { begin(fresh); }, !due.length));
    replace(parts.due, first ? null : [el("h2", {}, "Due today"),
      listed(due, "Nothing is due" + (later.length ? ": " + nextDay() : "") + ".")]);
    replace(parts.unseen, el("h2", {}, "New to you"),
      el("details", {open: parts.unseen.querySelector("details[open]") !== null},
        el("summary", {}, count(unseen.length, "question", "questions")),
        listed(unseen, "You have answered all of these.")));
    replace(parts.later, later.length ? [el("h2", {}, "Later"),
      el("details", {open: parts.later.querySelector("details[open]") !== null},
        el("summary", {}, count(later.length, "question", "questions")), listed(later, ""))] : null);
  }

  function nextDay() {
    const days = Array.from(cards.values(), function (card) { return card.due; });
    return "the next is " + practice.schedule.inWords(Math.min(...days));
  }

  // Asks some families, one after the other; what was wrong comes once more at the end.
  function begin(families) {
    const queue = families.map(function (one) { return {one, again: false}; });
    const results = [];
    let number = 0;
    parts.overview.hidden = true;
    show();

    function show() {
      const {one, again} = queue[number];
      const heading = el("h2", {tabindex: "-1", class: "practice-heading"}, one.title);
      const page = one.chapter.split("#")[0];
      const title = practice.index.chapters[page];
      const host = el("div", {class: "practice-host"});
      const on = el("div", {class: "practice-buttons practice-on"});
      replace(parts.session,
        el("p", {class: "practice-quiet"}, (number + 1) + " of " + queue.length + " · "
          + practice.index.skills[one.skills[0]] + " · level " + one.level + " · "
          + minutes(one.seconds) + (again ? " · once more" : "")),
        heading, el("div", {class: "admonition drill practice-one"}, host),
        title && el("p", {class: "practice-quiet"}, "Read: ",
          el("a", {href: "../" + one.chapter.replace(/^([^#]*)/, "$1.html")}, title)), on);
      replace(on, button("Skip", next), button("Stop here", finish));
      heading.focus();
      practice.load(one.id).then(function (data) {
        practice.ask(host, data, {begin: true, done: function (review) {
          if (review.rating === 1 && !again) { queue.push({one, again: true}); }
          results.push(review);
          replace(on, button(number + 1 < queue.length ? "Next" : "Finish", next, true),
            button("Stop here", finish));
        }});
      }).catch(function () {
        replace(host, el("p", {}, "This question could not be loaded."));
      });
    }

    function next() {
      number += 1;
      if (number < queue.length) { show(); } else { finish(); }
    }

    function finish() {
      parts.overview.hidden = false;
      const right = results.filter(function (review) { return review.rating > 1; }).length;
      replace(parts.session, results.length ? el("p", {class: "practice-done", tabindex: "-1"},
        right + " of " + count(results.length, "answer was", "answers were") + " right.") : null);
      draw();
      const end = parts.session.querySelector(".practice-done");
      (end || parts.buttons.querySelector("button") || parts.summary).focus();
    }
  }

  function files() {
    const said = el("p", {class: "practice-quiet", role: "status"});
    const input = el("input", {type: "file", accept: "application/json,.json", id: newId(),
      class: "practice-file", onchange: function () {
        const file = input.files[0];
        if (!file) { return; }
        practice.state.takeFile(file).then(function (added) {
          said.textContent = count(added, "review was", "reviews were") + " new.";
          draw();
        }, function (error) { said.textContent = error.message; })
          .finally(function () { input.value = ""; });
      }});
    return el("section", {class: "practice-data"}, el("h2", {}, "Your progress"),
      el("p", {}, "It is kept in this browser alone. The same file works here and with ",
        el("code", {}, "lossedu drill import"), "; what is imported is added to what is here."),
      el("div", {class: "practice-buttons"}, button("Export", practice.state.download),
        el("label", {for: input.id, class: "practice-button"}, "Import"), input,
        button("Forget everything", forget)), said);
  }

  function forget() {
    const all = practice.state.now().reviews.length;
    if (window.confirm("Delete " + count(all, "review", "reviews") + " from this browser?")) {
      practice.state.forget();
      draw();
    }
  }

  function open() {
    place = document.getElementById("practice-today");
    if (!place || !practice.index) { return; }
    Object.assign(parts, {
      fault: el("p", {class: "practice-fault", role: "status"}),
      session: el("div", {class: "practice-session"}),
      welcome: el("div"),
      summary: el("p", {class: "practice-summary", tabindex: "-1"}),
      buttons: el("div", {class: "practice-buttons"}),
      due: el("div"), unseen: el("div"), later: el("div"),
    });
    parts.overview = el("div", {}, parts.welcome, parts.summary, parts.buttons, filters(),
      parts.due, parts.unseen, parts.later, files());
    replace(place, parts.fault, parts.session, parts.overview);
    practice.schedule.ready().then(function () {
      practice.state.listen(function (progress, fault) {
        parts.fault.textContent = fault;
        if (!parts.overview.hidden) { draw(); }
      });
      const one = practice.index.byId.get(wanted().get("ask"));
      if (one) { begin([one]); }
      place.dataset.ready = "true";
    });
  }

  document.addEventListener("DOMContentLoaded", open);
})(window.lossedu.practice);
