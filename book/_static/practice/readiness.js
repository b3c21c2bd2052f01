// Draws the readiness report; every number opens the answers behind it.
(function (practice) {
  "use strict";

  const {el, replace, newId} = practice.dom;
  const LONGEST = 120;
  let behind = null;

  function percent(value) { return Math.round(value * 100) + "%"; }

  function head(...names) {
    return el("thead", {}, el("tr", {}, names.map(function (name) {
      return el("th", {scope: "col"}, name);
    })));
  }

  function wide(table, name) {
    return el("div", {class: "wide-table", role: "region", tabindex: "0", "aria-label": name}, table);
  }

  // A number that opens the answers behind it, below the part of the report in which it stands.
  function number(text, reviews, title) {
    if (!reviews.length) { return String(text); }
    return el("button", {type: "button", class: "practice-count", "aria-label": text + ": " + title,
      onclick: function (event) { open(event.currentTarget, title, reviews); }}, String(text));
  }

  function open(button, title, reviews) {
    const heading = el("h3", {tabindex: "-1"}, title + ": " + reviews.length);
    const close = el("button", {type: "button", class: "practice-button", onclick: function () {
      behind.remove();
      button.focus();
    }}, "Close");
    replace(behind, heading, wide(el("table", {class: "table"},
      head("time", "question", "answer", "hints", "seconds"),
      el("tbody", {}, reviews.map(row))), "Answers"), close);
    button.closest("section").append(behind);
    heading.focus();
  }

  function row(review) {
    const known = practice.index.byId.get(review.family);
    return el("tr", {},
      el("td", {}, review.at.slice(0, 16).replace("T", " ")),
      el("td", {}, known ? known.title : review.family),
      el("td", {}, review.verdict + ", " + review.source, " ", el("code", {}, answerOf(review))),
      el("td", {}, String(review.hints)),
      el("td", {}, practice.report.whole(review.seconds)));
  }

  function answerOf(review) {
    if (review.ticks.length) { return review.ticks.join("; "); }
    const answer = review.answer;
    const text = typeof answer === "string" ? answer : answer === null ? "" : JSON.stringify(answer);
    return text.length <= LONGEST ? text : text.slice(0, LONGEST - 3) + "...";
  }

  function levelOf(level) {
    return level === null ? "not rated" : level + " · " + practice.index.levels[level];
  }

  function skills(report) {
    const {skills: names, levels, definitions} = practice.index;
    const columns = ["claimed", "shown", "accepted", "questions seen", "recall"];
    const rows = report.skills.map(function (line) {
      const name = names[line.skill];
      const short = line.claimed !== null && line.claimed > (line.shown || 1);
      const cells = [levelOf(line.claimed),
        [line.shown === null ? "nothing yet" : [
          number(line.shown, line.evidence, name + ": what shows the level"), " · ",
          levels[line.shown], " (" + line.kind + ")"],
        short && el("span", {class: "practice-gap"}, " below the claim")],
        [number(line.right.length, line.right, name + ": accepted"), " of ",
          number(line.answered.length, line.answered, name + ": answered")],
        line.seen + " of " + line.families,
        line.recall === null ? "–"
          : number(percent(line.recall), line.answered, name + ": answered")];
      return el("tr", {}, el("th", {scope: "row"}, name), cells.map(function (cell, k) {
        return el("td", {"data-label": columns[k]}, cell);
      }));
    });
    return el("section", {}, el("h2", {}, "Claimed and shown"),
      el("p", {class: "practice-quiet"}, definitions.shown, " ", definitions.recall),
      wide(el("table", {class: "table practice-report"},
        head("skill", ...columns),
        el("tbody", {}, rows)), "Claimed and shown"));
  }

  function listed(items, otherwise) {
    return items.length ? el("ul", {}, items.map(function (item) { return el("li", {}, item); }))
      : el("p", {}, otherwise);
  }

  function steps(report) {
    return el("section", {}, el("h2", {}, "Next five steps"), el("ol", {},
      report.actions.map(function (action) {
        return el("li", {}, action.why, action.reviews.length
          ? [" (", number(action.reviews.length, action.reviews, action.why), action.reviews.length === 1 ? " answer)" : " answers)"] : "",
        el("br"), el("code", {}, action.command), " ", link(action.command));
      })));
  }

  // Where the same is done in the book.
  function link(command) {
    const [what, name] = command.replace("lossedu drill ", "").split(" ");
    if (what === "today") { return el("a", {href: "practice.html"}, "practise here"); }
    if (what === "grid") { return el("a", {href: "self-assessment.html"}, "rate yourself here"); }
    if (what !== "topic") { return ""; }
    const key = practice.index.byId.has(name) ? "ask" : "skill";
    return el("a", {href: "practice.html#" + key + "=" + encodeURIComponent(name)}, "practise here");
  }

  function memory(report, on) {
    return [
      el("section", {}, el("h2", {}, "Recall on " + on), el("p", {},
        "Of " + report.cards + " questions seen, ",
        number(practice.report.whole(report.expected), report.reviews, "All answers"),
        " are expected to be recalled.")),
      el("section", {}, el("h2", {}, "Weakest"), listed(report.weakest.map(function (one) {
        return [one.title, ": recall ", number(percent(one.recall), one.reviews, one.title), ", ",
          one.wrong + " of " + one.reviews.length + " answers wrong"];
      }), "No answer was wrong.")),
      el("section", {}, el("h2", {}, "Slowest"), listed(report.slowest.map(function (one) {
        return [one.title, ": ",
          number(practice.report.whole(one.seconds) + " s", one.reviews, one.title),
          " where " + one.limit + " s are fluent"];
      }), "Nothing takes longer than it should.")),
    ];
  }

  function habits(report) {
    return [
      el("section", {}, el("h2", {}, "Hints"), el("p", {}, report.hints.map(function (reviews, count) {
        return [count ? ", " : "", number(reviews.length, reviews, "Answers with " + count + " hints"),
          " with " + (count || "no") + " hint" + (count === 1 ? "" : "s")];
      }), ".")),
      el("section", {}, el("h2", {}, "Red flags ticked"), listed(report.flags.map(function (flag) {
        return [flag.text, ": ", number(flag.reviews.length, flag.reviews, flag.text),
          flag.reviews.length === 1 ? " time" : " times"];
      }), "None.")),
    ];
  }

  function begin() {
    const place = document.getElementById("practice-readiness");
    if (!place || !practice.index) { return; }
    behind = el("div", {class: "practice-behind"});
    const fault = el("p", {class: "practice-fault", role: "status"});
    const date = el("input", {type: "date", id: newId(), class: "practice-input practice-date",
      onchange: function () { practice.state.setDate(date.value); }});
    const asked = el("p", {class: "practice-field"},
      el("label", {for: date.id}, "The interview is on"), date);
    const body = el("div");
    replace(place, fault, asked, body);
    practice.schedule.ready().then(function () {
      practice.state.listen(function (progress, problem) {
        fault.textContent = problem;
        date.value = progress.settings.date || "";
        draw(body, practice.report.of(practice.index, progress, practice.schedule.today()));
      });
      place.dataset.ready = "true";
    });
  }

  function draw(body, report) {
    const on = practice.schedule.dateOf(report.on);
    replace(body,
      el("section", {}, el("p", {class: "practice-summary"},
        (report.exam ? "Interview: " : "In a week: ") + on + ". ",
        number(report.reviews.length, report.reviews, "All answers"), " answers, ",
        number(report.right.length, report.right, "Accepted answers"), " of them accepted.")),
      skills(report), steps(report), memory(report, on), habits(report));
  }

  document.addEventListener("DOMContentLoaded", begin);
})(window.lossedu.practice);
