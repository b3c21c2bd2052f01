// Grades an answer as lossedu.practice.families.grade does: {verdict, says, position, witness}.
// `says` is a list of {text} and {html}: html comes from the book alone.
(function (practice) {
  "use strict";

  const ROUNDING = 1e-9;
  const LONGEST_NUMBER = 60;
  const NAMED_MISSES = 2;
  const ENOUGH = 2; // digits of a number that is right as far as it goes

  function text(words) { return {text: words}; }
  function html(words) { return {html: words}; }

  function graded(verdict, ...says) {
    // The verdict stands before what is said of it.
    return {verdict, says: says.filter(function (one) {
      return one.html || one.text && !["Right.", "Not right."].includes(one.text);
    })};
  }

  function equal(answer, value) {
    return answer.digits === null
      ? Math.abs(value - answer.value) <= answer.tolerance * (1 + ROUNDING)
      : window.lossedu.formulas.agrees(value, answer.value, answer.digits);
  }

  function isNear(a, b) {
    return Math.abs(a - b) <= ROUNDING * Math.max(Math.abs(a), Math.abs(b));
  }

  function unreadable(error) {
    return Object.assign(
      graded("unreadable", text(error.says || error.message)), {position: error.position});
  }

  function number(answer, mistakes, typed) {
    if (typed.length > LONGEST_NUMBER) {
      return graded("unreadable", text("A number has fewer characters."));
    }
    let value = NaN;
    const unit = answer.unit;
    let trimmed = typed.trim();
    if (unit && trimmed.endsWith(unit)) { trimmed = trimmed.slice(0, -unit.length).trim(); }
    try {
      value = window.lossedu.formulas.parseNumber(trimmed);
    } catch (error) {
      if (!("position" in error)) { throw error; }
      return unreadable(error);
    }
    if (!Number.isFinite(value)) { return graded("undefined", text("This is no finite number.")); }
    if (equal(answer, value)) { return graded("right"); }
    for (const mistake of mistakes) {
      if (equal(Object.assign({}, answer, {value: mistake.value}), value)) {
        return graded("known", html(mistake.says));
      }
    }
    return lessThanRight(answer, value);
  }

  function lessThanRight(answer, value) {
    const truth = answer.value;
    for (let digits = (answer.digits || 1) - 1; digits > 0; digits -= 1) {
      if (isNear(value, Number(truth.toPrecision(digits)))) {
        return graded(digits >= ENOUGH ? "rounded" : "partly", text(
          "It is right as far as it goes: give " + answer.digits + " significant digits."));
      }
    }
    const slips = [
      ["The size is right, the sign is not.", -truth],
      ["This is a hundred times the answer: percent and share are confused.", truth * 100],
      ["This is a hundredth of the answer: percent and share are confused.", truth / 100],
      ["This is one over the answer.", truth ? 1 / truth : 0],
    ];
    for (const [says, slip] of slips) {
      if (truth && equal(Object.assign({}, answer, {value: slip}), value)) {
        return graded("wrong", text(says));
      }
    }
    return graded("wrong");
  }

  function formula(answer, mistakes, typed) {
    const known = mistakes.map(function (mistake, k) { return [mistake.formula, String(k)]; });
    const compared = window.lossedu.formulas.compare(typed, answer.formula, answer.regions, known);
    if (compared.verdict === "known") {
      return graded("known", html(mistakes[Number(compared.says)].says));
    }
    return Object.assign(graded(compared.verdict, text(compared.says)), {
      position: compared.position, witness: compared.witness,
    });
  }

  function choice(answer, chosen) {
    const right = new Set(answer.right);
    const positions = new Set(chosen);
    const says = function (position) { return html(answer.options[position].says || ""); };
    const wrong = Array.from(positions).filter(function (one) { return !right.has(one); }).sort();
    const missed = Array.from(right).filter(function (one) { return !positions.has(one); }).length;
    if (!wrong.length && !missed) {
      return graded("right", ...Array.from(right).sort().map(says));
    }
    const reasons = wrong.map(says);
    const named = reasons.some(function (one) { return one.html; });
    if (!answer.several) { return graded(named ? "known" : "wrong", ...reasons); }
    if (missed) {
      reasons.push(text(missed === 1
        ? "One that applies is missing." : missed + " that apply are missing."));
    }
    const hit = wrong.length < positions.size;
    return graded(hit ? "partly" : "wrong", ...reasons);
  }

  function order(answer, arranged) {
    const ranks = arranged.map(function (position) { return answer.right.indexOf(position); });
    for (let place = 0; place + 1 < ranks.length; place += 1) {
      if (ranks[place] > ranks[place + 1]) {
        const placed = ranks.filter(function (rank, k) { return rank === k; }).length;
        return graded(
          placed * 2 >= ranks.length ? "partly" : "wrong",
          text("“"), html(answer.items[arranged[place + 1]]), text("” comes before “"),
          html(answer.items[arranged[place]]), text("”."));
      }
    }
    return graded("right", html(answer.says));
  }

  function match(answer, matched) {
    const missed = answer.left.map(function (_, k) { return k; })
      .filter(function (k) { return matched[k] !== answer.pairs[k]; });
    if (!missed.length) { return graded("right", html(answer.says)); }
    const hits = answer.left.length - missed.length;
    const says = [text(hits + " of " + answer.left.length + " pairs are right. ")];
    for (const k of missed.slice(0, NAMED_MISSES)) {
      says.push(text("“"), html(answer.left[k]), text("” is not “"),
        html(answer.right[matched[k]]), text("”. "));
    }
    const more = missed.length - NAMED_MISSES;
    if (more > 0) { says.push(text("Nor are " + more + " more.")); }
    return graded(hits * 2 >= answer.left.length ? "partly" : "wrong", ...says);
  }

  // The line first: a correction of a right line is worth nothing.
  function errata(answer, mistakes, given) {
    const line = typeof given === "number" ? given : given.line;
    if (!answer.wrong.includes(line)) {
      return graded("wrong", text("Line " + line + " is right."));
    }
    if (!answer.right) { return graded("right", text("Line " + line + " is wrong.")); }
    const how = answer.right.asked === "number" ? number : formula;
    const fixed = how(answer.right, mistakes, given.right);
    if (["right", "unreadable"].includes(fixed.verdict)) { return fixed; }
    fixed.says.unshift(
      text("Line " + line + " is the wrong one; the correction is not right yet. "));
    return Object.assign(fixed, {verdict: "partly"});
  }

  // Suggests a mark of the rubric from what was ticked.
  function spoken(question, {said, flags}) {
    const points = question.must_say.length;
    if (!flags.length && said.length === points) { return "strong"; }
    return said.length * 2 >= points && !flags.length ? "lean" : "no";
  }

  practice.grade = {number, formula, choice, order, match, errata, spoken};
})(window.lossedu.practice);
