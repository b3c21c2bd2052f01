// The readiness report: counts with the reviews behind them, and no single score.  The twin of
// lossedu.practice.sessions.report and .actions; one export gives the same report in both.
(function (practice) {
  "use strict";

  const {schedule} = practice;

  function compare(a, b) { return a < b ? -1 : a > b ? 1 : 0; }
  function isRight(review) { return review.rating > 1; }
  function isUnaided(review) { return isRight(review) && review.hints === 0; }
  function last(list) { return list[list.length - 1]; }

  function meanRecall(cards, day) {
    if (!cards.length) { return null; }
    return cards.reduce(function (sum, card) { return sum + schedule.recall(card, day); }, 0)
      / cards.length;
  }

  function median(values) {
    const sorted = values.slice().sort(function (a, b) { return a - b; });
    const half = Math.floor(sorted.length / 2);
    return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }

  function grouped(list, key) {
    const groups = new Map();
    list.forEach(function (one) {
      key(one).forEach(function (name) {
        if (!groups.has(name)) { groups.set(name, []); }
        groups.get(name).push(one);
      });
    });
    return groups;
  }

  // index: practice.index; progress: what is kept; day: today as a number of days.
  function reportOf(index, progress, day) {
    const {families, byId, definitions} = index;
    const cards = new Map(Array.from(schedule.cardsOf(progress.reviews))
      .filter(function ([family]) { return byId.has(family); }));
    const exam = progress.settings.date === null ? null : schedule.dayOf(progress.settings.date);
    const ahead = exam !== null && exam >= day;
    const on = ahead ? exam : day + definitions.ahead;
    const answers = grouped(progress.reviews, function (review) { return [review.family]; });
    const claimed = new Map(progress.grid.map(function (one) { return [one.skill, one.level]; }));
    const known = {families, byId, cards, on, day, answers, claimed, progress, definitions};
    const all = Array.from(cards.values());
    const report = {
      day, on, exam: ahead,
      reviews: progress.reviews,
      right: progress.reviews.filter(isRight),
      skills: Object.keys(index.skills).map(function (skill) { return lineOf(skill, known); }),
      cards: cards.size,
      expected: (meanRecall(all, on) || 0) * cards.size,
      slowest: slowest(known),
      weakest: weakest(known),
      hints: [0, 1, 2, 3].map(function (count) {
        return progress.reviews.filter(function (review) { return review.hints === count; });
      }),
      flags: flags(progress.reviews),
    };
    report.actions = actions(report, known, index.skills);
    return report;
  }

  function lineOf(skill, {families, answers, claimed, cards, on}) {
    const own = families.filter(function (one) { return one.skills.includes(skill); });
    const seen = own.filter(function (one) { return answers.has(one.id); });
    const answered = seen.flatMap(function (one) { return answers.get(one.id); });
    const passed = seen.filter(function (one) { return isUnaided(last(answers.get(one.id))); });
    const shown = passed.length
      ? Math.max(...passed.map(function (one) { return one.level; })) : null;
    const best = passed.filter(function (one) { return one.level === shown; });
    return {
      skill,
      claimed: claimed.has(skill) ? claimed.get(skill) : null,
      shown,
      kind: best.length ? best[0].kind : "",
      evidence: best.map(function (one) { return last(answers.get(one.id)); }),
      answered,
      right: answered.filter(isRight),
      families: own.length,
      seen: seen.length,
      recall: meanRecall(seen.map(function (one) { return cards.get(one.id); }), on),
    };
  }

  function slowest({answers, byId, definitions}) {
    return Array.from(answers).filter(function ([family]) { return byId.has(family); })
      .map(function ([family, reviews]) {
        const {title, seconds: limit} = byId.get(family);
        const seconds = median(reviews.map(function (review) { return review.seconds; }));
        return {family, title, seconds, limit, reviews};
      })
      .filter(function (one) { return one.seconds > one.limit; })
      .sort(function (a, b) {
        return b.seconds / b.limit - a.seconds / a.limit || compare(a.family, b.family);
      })
      .slice(0, definitions.most);
  }

  function weakest({answers, byId, cards, on, definitions}) {
    return Array.from(cards).map(function ([family, card]) {
      const reviews = answers.get(family);
      const wrong = reviews.filter(function (review) { return !isRight(review); }).length;
      const {title} = byId.get(family);
      return {family, title, recall: schedule.recall(card, on), wrong, reviews};
    })
      .filter(function (one) { return one.wrong; })
      .sort(function (a, b) {
        return a.recall - b.recall || b.wrong - a.wrong || compare(a.family, b.family);
      })
      .slice(0, definitions.most);
  }

  // The red flags of an answer are the last of its ticks.
  function ticked(review) {
    const flagged = review.answer && review.answer.flags;
    const count = Array.isArray(flagged) ? flagged.length : 0;
    return count ? review.ticks.slice(Math.max(0, review.ticks.length - count)) : [];
  }

  function flags(reviews) {
    return Array.from(grouped(reviews, ticked), function ([text, own]) {
      return {text, reviews: own};
    }).sort(function (a, b) {
      return b.reviews.length - a.reviews.length || compare(a.text, b.text);
    });
  }

  // --- what to do next ---

  function actions(report, known, skills) {
    const chosen = new Map();
    for (const action of candidates(report, known, skills)) {
      if (!chosen.has(action.command)) { chosen.set(action.command, action); }
      if (chosen.size === known.definitions.actions) { break; }
    }
    return Array.from(chosen.values());
  }

  function step(command, why, reviews) {
    return {command: "lossedu drill " + command, why, reviews: reviews || []};
  }

  function whole(value) {
    const below = Math.floor(value);
    return String(value - below === 0.5 ? below + below % 2 : Math.round(value));
  }

  function* candidates(report, known, skills) {
    const {byId, definitions, progress} = known;
    for (const flag of report.flags.slice(0, 1)) {
      const {family} = last(flag.reviews);
      const chapter = byId.has(family) ? " (chapter " + byId.get(family).chapter + ")" : "";
      yield step("topic " + family, "a red flag ends interviews: " + flag.text + chapter, flag.reviews);
    }
    yield* scheduled(report, known);
    if (!progress.grid.length) { yield step("grid", "no skill is rated by yourself"); }
    yield* overrated(report, skills);
    yield* mock(report, known);
    for (const one of report.weakest) {
      yield step("topic " + one.family, one.wrong + " of " + one.reviews.length
        + " answers were wrong: " + one.title, one.reviews);
    }
    for (const one of report.slowest) {
      yield step("topic " + one.family, whole(one.seconds) + " s where " + one.limit
        + " s are fluent: " + one.title, one.reviews);
    }
    const aided = report.hints.slice(1).flat();
    if (aided.length > definitions.tooManyHints * report.reviews.length) {
      yield step("today --no-hints", aided.length + " of " + report.reviews.length
        + " answers took hints: answer before you look", aided);
    }
    yield* leastSeen(report, skills);
  }

  function* scheduled(report, known) {
    const {progress, cards, day} = known;
    const due = new Set(schedule.dueOn(cards, day).map(function (card) { return card.family; }));
    const task = milestone(known);
    if (due.size) {
      const behind = progress.reviews.filter(function (review) { return due.has(review.family); });
      yield step("today", due.size + (due.size > 1 ? " questions are" : " question is") + " due", behind);
    } else if (task) {
      yield step("today", "the milestone of day " + task.day + " lacks " + task.missing + " of " + task.count);
    } else if (!progress.reviews.length) {
      yield step("today", "nothing was answered yet");
    }
  }

  // The first milestone that has opened and is not done; with an interview in less than three weeks
  // the days move together.
  function milestone({families, progress, day, definitions}) {
    const reviews = progress.reviews;
    const start = reviews.length ? schedule.dayOf(reviews[0].at) : day;
    const latest = new Map(reviews.map(function (one) { return [one.family, schedule.dayOf(one.at)]; }));
    const exam = progress.settings.date === null ? null : schedule.dayOf(progress.settings.date);
    const end = last(definitions.milestones);
    for (const planned of definitions.milestones) {
      const moved = exam === null || exam - start > end
        ? planned : Math.floor(planned * Math.max(exam - start - 1, 0) / end);
      const own = families.filter(function (one) { return one.milestone === planned; });
      const missing = own.filter(function (one) {
        return !latest.has(one.id) || latest.get(one.id) < start + moved;
      });
      if (start + moved <= day && missing.length) {
        return {day: planned, missing: missing.length, count: own.length};
      }
    }
    return null;
  }

  function* overrated(report, skills) {
    const gaps = report.skills
      .filter(function (line) { return line.claimed !== null && line.claimed > (line.shown || 1); })
      .sort(function (a, b) {
        return (b.claimed - (b.shown || 1)) - (a.claimed - (a.shown || 1)) || compare(a.skill, b.skill);
      });
    for (const line of gaps) {
      yield step("topic " + line.skill, "level " + line.claimed + " is claimed, "
        + (line.shown ? "level " + line.shown : "nothing yet") + " is shown: " + skills[line.skill],
      line.answered);
    }
  }

  function* mock(report, {progress, day, definitions}) {
    const mocked = last(progress.reviews.filter(function (one) { return one.source === "mock"; }));
    const since = mocked ? day - schedule.dayOf(mocked.at) : definitions.mockEvery;
    if (progress.reviews.length && since >= definitions.mockEvery) {
      yield step("mock --minutes " + definitions.mockMinutes, "a mock interview: "
        + (mocked ? "the last was on " + mocked.at.slice(0, 10) : "there was none yet"));
    }
  }

  function* leastSeen(report, skills) {
    const lines = report.skills.filter(function (line) { return line.seen < line.families; })
      .sort(function (a, b) {
        return a.seen / a.families - b.seen / b.families || compare(a.skill, b.skill);
      });
    for (const line of lines) {
      yield step("topic " + line.skill, line.seen + " of " + line.families + " questions were asked: "
        + skills[line.skill], line.answered);
    }
  }

  practice.report = {of: reportOf, whole};
})(window.lossedu.practice);
