// When a question is due: FSRS-6 replayed over the reviews, as lossedu.practice.progress.schedule
// does it in Python.  Time is counted in whole days of UTC, without learning steps and fuzz, so both
// compute the same days.  ts-fsrs comes as `FSRS`.
(function (practice) {
  "use strict";

  const DAY = 86400000;
  const RETENTION = 0.9;
  const MOST_DAYS = 36500;
  const LAST_DAYS = 2;
  const A_DAY = 20;
  let scheduler = null;
  let decay = 0;
  let factor = 0;

  // For a script that is loaded when the first card is asked for.
  function ready() {
    return practice.dom.script(practice.settings.static + "ts-fsrs/index.umd.js").then(begin);
  }

  function begin() {
    if (scheduler) { return; }
    scheduler = window.FSRS.fsrs({enable_fuzz: false});
    decay = -scheduler.parameters.w[20];
    factor = Math.pow(0.9, 1 / decay) - 1;
  }

  function dayOf(moment) {
    return Math.floor(new Date(moment).getTime() / DAY);
  }

  function today() {
    return dayOf(Date.now());
  }

  function dateOf(day) {
    return new Date(day * DAY).toISOString().slice(0, 10);
  }

  function roundedToEven(value) {
    const below = Math.floor(value);
    if (value - below !== 0.5) { return Math.round(value); }
    return below % 2 ? below + 1 : below;
  }

  function dueAfter(stability, retention) {
    const days = roundedToEven(stability / factor * (Math.pow(retention, 1 / decay) - 1));
    return Math.min(Math.max(days, 1), MOST_DAYS);
  }

  function recall(card, day) {
    const elapsed = Math.max(0, day - card.last);
    return Math.pow(1 + factor * elapsed / card.stability, decay);
  }

  function after(card, rating, day, family) {
    const days = card ? Math.max(0, day - card.last) : 0;
    const memory = scheduler.next_state(card, days, rating);
    return {
      family,
      stability: memory.stability,
      difficulty: memory.difficulty,
      last: day,
      reviews: (card ? card.reviews : 0) + 1,
      due: day + dueAfter(memory.stability, RETENTION),
    };
  }

  // The card of each family that was reviewed, by family.
  function cardsOf(reviews) {
    begin();
    const cards = new Map();
    for (const review of reviews) {
      const known = cards.get(review.family);
      cards.set(
        review.family, after(known, review.rating, dayOf(review.at), review.family));
    }
    return cards;
  }

  function byRecall(day) {
    return function (a, b) {
      return recall(a, day) - recall(b, day) || (a.family < b.family ? -1 : 1);
    };
  }

  // What is due on a day, the least certain first.  On the last two days before an interview what
  // would be least certain on its day comes once more instead.
  function dueOn(cards, day, exam) {
    const all = Array.from(cards.values());
    const left = exam === null || exam === undefined ? 0 : exam - day;
    const waiting = all.filter(function (card) { return card.last < exam - LAST_DAYS; });
    if (left >= 1 && left <= LAST_DAYS && waiting.length) {
      return waiting.sort(byRecall(exam)).slice(0, Math.min(Math.ceil(waiting.length / left), A_DAY));
    }
    return all.filter(function (card) { return card.due <= day; }).sort(byRecall(day));
  }

  function inWords(day) {
    const days = day - today();
    if (days <= 0) { return "due today"; }
    if (days === 1) { return "due tomorrow"; }
    return days < 60 ? "due in " + days + " days" : "due on " + dateOf(day);
  }

  practice.schedule = {ready, cardsOf, dueOn, recall, today, dayOf, dateOf, inWords};
})(window.lossedu.practice);
