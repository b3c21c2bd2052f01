// What is asked next: what is due, what is new, and what a first visit begins with.
(function (practice) {
  "use strict";

  const QUICK = ["number", "choice", "match", "order", "formula"];
  const SET = 5;
  const USUAL_LEVEL = 2;

  // Called by the list of all families: rows by columns, each word once.
  practice.takeIndex = function (data) {
    const families = data.families.map(function (row) {
      return Object.fromEntries(data.columns.map(function (name, k) { return [name, row[k]]; }));
    });
    const byId = new Map(families.map(function (one) { return [one.id, one]; }));
    practice.index = Object.assign({}, data, {families, byId});
  };

  function kept(families, filter) {
    return families.filter(function (one) {
      return (!filter.skill || one.skills.includes(filter.skill))
        && (!filter.level || one.level === Number(filter.level))
        && (!filter.kind || one.kind === filter.kind)
        && (!filter.topic || one.topics.includes(filter.topic));
    });
  }

  // The families that are due on a day, the least certain first.
  function due(families, cards, day, date) {
    const byId = new Map(families.map(function (one) { return [one.id, one]; }));
    return practice.schedule.dueOn(cards, day, date && practice.schedule.dayOf(date))
      .map(function (card) { return byId.get(card.family); })
      .filter(Boolean);
  }

  function unseen(families, cards) {
    return families.filter(function (one) { return !cards.has(one.id); });
  }

  // How many levels a family lies above the one to begin with; what lies below comes last.
  function distance(one, claimed) {
    const start = Math.max((claimed.get(one.skills[0]) || 0) - 1, USUAL_LEVEL);
    return one.level >= start ? one.level - start : 10 - one.level;
  }

  function compare(a, b) { return a < b ? -1 : a > b ? 1 : 0; }

  // New ones in the terminal's order: the lowest level first, the skills in turn; a skill that
  // somebody claims begins one level below the claim.
  function inOrder(families, cards, grid) {
    const claimed = new Map(grid.map(function (one) { return [one.skill, one.level]; }));
    const turns = new Map();
    return unseen(families, cards)
      .map(function (one) { return {one, far: distance(one, claimed)}; })
      .sort(function (a, b) {
        return a.far - b.far || a.one.seconds - b.one.seconds || compare(a.one.id, b.one.id);
      })
      .map(function (each) {
        const key = each.far + " " + each.one.skills[0];
        turns.set(key, (turns.get(key) || 0) + 1);
        return Object.assign(each, {turn: turns.get(key)});
      })
      .sort(function (a, b) {
        return a.far - b.far || a.turn - b.turn || compare(a.one.id, b.one.id);
      })
      .map(function (each) { return each.one; });
  }

  // The next new ones; on a first visit quick ones of different skills.
  function fresh(families, cards, grid) {
    const waiting = inOrder(families, cards, grid);
    if (cards.size) { return waiting.slice(0, SET); }
    const skills = new Set();
    const quick = waiting.filter(function (one) {
      if (!QUICK.includes(one.kind) || skills.has(one.skills[0])) { return false; }
      skills.add(one.skills[0]);
      return true;
    });
    return quick.concat(waiting.filter(function (one) { return !quick.includes(one); }))
      .slice(0, SET);
  }

  function bySkill(families) {
    return Object.entries(practice.index.skills).map(function ([skill, words]) {
      return {skill, words, families: families.filter(function (one) {
        return one.skills[0] === skill;
      })};
    }).filter(function (group) { return group.families.length; });
  }

  practice.choosing = {kept, due, unseen, fresh, bySkill, SET};
})(window.lossedu.practice);
