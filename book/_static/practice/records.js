// What is kept of one person: reviews and self-ratings that are only ever added, and settings.
// The same JSON as the terminal's; a record that does not fit is refused, with the place.
(function (practice) {
  "use strict";

  const VERDICTS = ["right", "rounded", "wrong", "known", "undefined", "unreadable", "partly"];
  const SOURCES = ["page", "terminal", "mock"];
  const UUID = /^[0-9a-f]{32}$/;
  const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)$/;
  const DAY = /^\d{4}-\d\d-\d\d$/;
  const MOST = 1e6;
  const LONGEST_ANSWER = 4000;

  function shown(value) {
    const text = String(JSON.stringify(value));
    return text.length <= 60 ? text : text.slice(0, 57) + "...";
  }

  function refuse(place, rule, value) {
    throw new Error(place + " must be " + rule + ", but is " + shown(value) + ".");
  }

  function dashed(hex) {
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }

  function check(holds, rule) {
    return function (value, place) {
      if (!holds(value)) { refuse(place, rule, value); }
      return value;
    };
  }

  function whole(low, high) {
    return check(function (value) {
      return Number.isInteger(value) && value >= low && value <= high;
    }, "a whole number from " + low + " to " + high);
  }

  function oneOf(names) {
    return check(function (value) { return names.includes(value); }, "one of " + names.join(", "));
  }

  const text = check(function (value) {
    return typeof value === "string" && value.length > 0 && value.length <= 200;
  }, "a text");
  const READ = {
    id: function (value, place) {
      const hex = typeof value === "string" ? value.toLowerCase().replace(/-/g, "") : "";
      if (!UUID.test(hex)) { refuse(place, "a UUID", value); }
      return dashed(hex);
    },
    family: text,
    variant: whole(0, MOST),
    repetition: whole(0, MOST),
    at: function (value, place) {
      const time = typeof value === "string" && MOMENT.test(value) ? Date.parse(value) : NaN;
      if (!Number.isFinite(time)) {
        refuse(place, "a time in UTC such as 2027-01-31T08:00:00Z", value);
      }
      return new Date(time).toISOString();
    },
    rating: whole(1, 4),
    verdict: oneOf(VERDICTS),
    hints: whole(0, 3),
    seconds: check(function (value) {
      return typeof value === "number" && Number.isFinite(value) && value >= 0;
    }, "a number from 0 on"),
    source: oneOf(SOURCES),
    answer: check(function (value) {
      return value === null || JSON.stringify(value).length <= LONGEST_ANSWER;
    }, "an answer of at most " + LONGEST_ANSWER + " characters"),
    ticks: check(function (value) {
      return Array.isArray(value) && value.every(function (one) { return typeof one === "string"; });
    }, "a list of texts"),
  };
  const OPTIONAL = {answer: null, ticks: []};
  const GRID = {at: READ.at, skill: text, level: whole(1, 5)};
  const date = function (value, place) {
    if (value !== null && !(typeof value === "string" && DAY.test(value) && Date.parse(value))) {
      refuse(place, "a date such as 2027-01-31, or null", value);
    }
    return value;
  };
  const SETTINGS = {date};

  function isObject(value) {
    return typeof value === "object" && value !== null && !Array.isArray(value);
  }

  function fields(record, readers, place) {
    if (!isObject(record)) { refuse(place, "an object", record); }
    for (const name of Object.keys(record)) {
      if (!Object.hasOwn(readers, name)) {
        throw new Error(place + " must have no other field, but has " + shown(name) + ".");
      }
    }
    const clean = {};
    for (const [name, read] of Object.entries(readers)) {
      const missing = !Object.hasOwn(record, name);
      if (missing && !Object.hasOwn(OPTIONAL, name)) {
        throw new Error(place + " must have " + shown(name) + ", but has not.");
      }
      clean[name] = read(missing ? OPTIONAL[name] : record[name], place + "." + name);
    }
    return clean;
  }

  function list(value, place, read) {
    if (!Array.isArray(value)) { refuse(place, "a list", value); }
    return value.map(function (one, k) { return read(one, place + "[" + k + "]"); });
  }

  const TOP = {
    version: check(function (value) { return value === 1; }, "1"),
    reviews: function (value, place) {
      return list(value, place, function (one, at) { return fields(one, READ, at); });
    },
    grid: function (value, place) {
      return list(value, place, function (one, at) { return fields(one, GRID, at); });
    },
    settings: function (value, place) { return fields(value, SETTINGS, place); },
  };

  function empty() {
    return {version: 1, reviews: [], grid: [], settings: {date: null}};
  }

  // A clean copy with known fields alone; throws an Error that names the place.
  function checked(value) {
    return inOrder(fields(value, TOP, "progress"));
  }

  function compare(a, b) {
    return a < b ? -1 : a > b ? 1 : 0;
  }

  function inOrder(progress) {
    progress.reviews.sort(function (a, b) { return compare(a.at, b.at) || compare(a.id, b.id); });
    progress.grid.sort(function (a, b) {
      return compare(a.at, b.at) || compare(a.skill, b.skill) || a.level - b.level;
    });
    return progress;
  }

  function union(mine, theirs, name) {
    const all = new Map();
    for (const one of mine.concat(theirs)) {
      if (!all.has(name(one))) { all.set(name(one), one); }
    }
    return Array.from(all.values());
  }

  // All records of both, and the settings of the second.
  function merged(mine, theirs) {
    return inOrder({
      version: 1,
      reviews: union(mine.reviews, theirs.reviews, function (one) { return one.id; }),
      grid: union(mine.grid, theirs.grid, function (one) {
        return [one.at, one.skill, one.level].join(" ");
      }),
      settings: theirs.settings,
    });
  }

  function newId() {
    if (window.crypto && crypto.randomUUID) { return crypto.randomUUID(); }
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = bytes[6] & 15 | 64;
    bytes[8] = bytes[8] & 63 | 128;
    const hex = Array.from(bytes, function (byte) { return byte.toString(16).padStart(2, "0"); });
    return dashed(hex.join(""));
  }

  // From 1 (again) to 4 (easy), as the terminal rates.
  function ratingOf(verdict, {hints, seconds, limit, rubric}) {
    if (rubric) { return {no: 1, lean: 2, strong: 3}[rubric]; }
    if (!["right", "rounded"].includes(verdict) || hints >= 3) { return 1; }
    if (hints || seconds > limit) { return 2; }
    return seconds < limit / 2 ? 4 : 3;
  }

  practice.records = {empty, checked, merged, newId, ratingOf};
})(window.lossedu.practice);
