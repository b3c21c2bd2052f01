// Where progress is kept: localStorage, and memory where that is missing or full.
//
// Records are only added, so two tabs cannot disagree: whoever writes reads first and writes the
// union, and a tab that sees another's writing puts back what that one did not have yet.
(function (practice) {
  "use strict";

  const KEY = "lossedu.practice.v1";
  const LARGEST_FILE = 20e6;
  const records = practice.records;
  const listeners = new Set();
  let memory = records.empty();
  let known = {text: null, progress: null};
  let fault = "";

  function stored() {
    let text = null;
    try {
      text = localStorage.getItem(KEY);
    } catch (_) {
      fault = "This browser keeps nothing for this page. Export your progress before you leave.";
      return null;
    }
    if (text === null || text === known.text) { return text && known.progress; }
    try {
      known = {text, progress: records.checked(JSON.parse(text))};
      return known.progress;
    } catch (error) {
      damaged(text, error);
      return null;
    }
  }

  // What cannot be read is put aside, not overwritten.
  function damaged(text, error) {
    fault = "What was kept here cannot be read (" + error.message + ") and was put aside. "
      + "Import your last export.";
    try {
      localStorage.setItem(KEY + ".damaged", text);
      localStorage.removeItem(KEY);
    } catch (_) { /* it stays where it is */ }
  }

  function write(progress) {
    memory = progress;
    try {
      localStorage.setItem(KEY, JSON.stringify(progress));
      fault = "";
    } catch (error) {
      fault = error && error.name === "QuotaExceededError"
        ? "The browser's storage for this page is full. Export your progress before you leave."
        : "This browser keeps nothing for this page. Export your progress before you leave.";
    }
    tell();
  }

  function tell() {
    listeners.forEach(function (listener) { listener(memory, fault); });
  }

  function now() {
    const there = stored();
    if (there && there !== memory) { memory = records.merged(memory, there); }
    return memory;
  }

  function add(part) {
    const {settings} = now();
    write(records.merged(memory, Object.assign(records.empty(), {settings}, part)));
  }

  function addReview(review) {
    add({reviews: [review]});
  }

  function rate(skill, level) {
    add({grid: [{at: new Date().toISOString(), skill, level}]});
  }

  function setDate(date) {
    const progress = now();
    write(Object.assign({}, progress, {settings: {date: date || null}}));
  }

  function reviewsOf(family) {
    return now().reviews.filter(function (review) { return review.family === family; });
  }

  function text() {
    return JSON.stringify(now(), null, 1) + "\n";
  }

  function download() {
    const link = practice.dom.el("a", {
      href: URL.createObjectURL(new Blob([text()], {type: "application/json"})),
      download: "lossedu-practice-" + new Date().toISOString().slice(0, 10) + ".json",
    });
    link.click();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 1000);
  }

  // How many reviews are new; throws an Error that says what is wrong with the text.
  function take(imported) {
    let value = null;
    try {
      value = JSON.parse(imported);
    } catch (_) {
      throw new Error("The file must be an export of this page or of lossedu drill export, "
        + "but is not JSON.");
    }
    const {reviews: {length: before}, settings} = now();
    const taken = records.checked(value);
    if (taken.settings.date === null) { taken.settings = settings; }
    add(taken);
    return memory.reviews.length - before;
  }

  function takeFile(file) {
    if (file.size > LARGEST_FILE) {
      return Promise.reject(new Error("The file must be smaller than 20 MB, but is not."));
    }
    return file.text().then(take);
  }

  function forget() {
    memory = records.empty();
    write(memory);
  }

  function listen(listener) {
    listeners.add(listener);
    listener(now(), fault);
  }

  window.addEventListener("storage", function (event) {
    if (event.key !== KEY) { return; }
    if (event.newValue !== null && event.oldValue !== null
        && event.newValue === JSON.stringify(records.empty())) {
      memory = records.empty(); // the other tab was asked to forget everything
      tell();
      return;
    }
    const mine = memory.reviews.length + memory.grid.length;
    const theirs = stored() || records.empty();
    const all = records.merged(memory, theirs);
    if (mine && all.reviews.length + all.grid.length > theirs.reviews.length + theirs.grid.length) {
      write(all);
    } else {
      memory = all;
      tell();
    }
  });

  practice.state = {
    addReview, rate, setDate, reviewsOf, now, text, download, take, takeFile, forget, listen,
    fault: function () { return fault; },
  };
})(window.lossedu.practice);
