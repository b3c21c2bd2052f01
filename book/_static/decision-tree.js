// Shows one card of the decision tree at a time.  The address says which: every answer is a link,
// so the back button, bookmarks and a page without this script work alike.
(function () {
  "use strict";

  function begin() {
    const tree = document.querySelector(".decision-tree");
    if (!tree) { return; }
    const cards = Array.from(tree.querySelectorAll(":scope > .decision-card"));

    function wanted() {
      const name = decodeURIComponent(location.hash.slice(1));
      return cards.find(function (card) { return card.id === name; });
    }

    function show(card, moved) {
      cards.forEach(function (other) { other.hidden = other !== card; });
      if (moved) { card.querySelector(".decision-title").focus(); }
    }

    cards.forEach(function (card) {
      card.querySelector(".decision-title").tabIndex = -1;
      const path = card.querySelector(".decision-path");
      if (!path) { return; }
      path.setAttribute("aria-label", "Your answers; each leads back to its question");
      const again = document.createElement("a");
      again.href = "#" + cards[0].id;
      again.className = "decision-again";
      again.textContent = "Begin again";
      card.append(again);
    });

    // A digit gives the answer of that number while the focus is in the tree.
    tree.addEventListener("keydown", function (event) {
      if (event.ctrlKey || event.metaKey || event.altKey || !/^[1-9]$/.test(event.key)) { return; }
      const card = cards.find(function (other) { return !other.hidden; });
      const answer = card.querySelectorAll(".decision-answers a")[Number(event.key) - 1];
      if (answer) {
        event.preventDefault();
        answer.click();
      }
    });

    window.addEventListener("hashchange", function () {
      const card = wanted();
      if (card) { show(card, true); } else if (!location.hash) { show(cards[0], true); }
    });
    tree.classList.add("one-at-a-time");
    const first = wanted();
    show(first || cards[0], false);
    if (first) { first.scrollIntoView(); }
  }

  document.addEventListener("DOMContentLoaded", begin);
})();
