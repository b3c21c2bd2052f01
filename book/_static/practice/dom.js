// Elements of a page, made without ever reading a text as HTML.  What a person types, or a file
// brings, goes in as text; only what was rendered when the book was built goes in as `trusted`.
(function (practice) {
  "use strict";

  function add(parent, child) {
    if (Array.isArray(child)) {
      child.forEach(function (one) { add(parent, one); });
    } else if (child !== null && child !== undefined && child !== false) {
      parent.append(child);
    }
  }

  // el("p", {class: "x", onclick: f}, "text", el("b"))
  function el(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith("on")) {
        node.addEventListener(name.slice(2), value);
      } else if (value === true) {
        node.setAttribute(name, "");
      } else if (value !== false && value !== null && value !== undefined) {
        node.setAttribute(name, value);
      }
    }
    add(node, children);
    return node;
  }

  function trusted(tag, attributes, html) {
    const node = el(tag, attributes);
    node.innerHTML = html;
    return node;
  }

  function replace(node, ...children) {
    node.replaceChildren();
    add(node, children);
    return node;
  }

  let ids = 0;
  function newId() {
    ids += 1;
    return "practice-" + ids;
  }

  const loading = new Map();
  // A classic script by a tag: a saved folder knows neither fetch nor modules.
  function script(address) {
    if (!loading.has(address)) {
      loading.set(address, new Promise(function (done, failed) {
        const tag = el("script", {src: address});
        tag.onload = done;
        tag.onerror = function () {
          loading.delete(address);
          tag.remove();
          failed(new Error(address + " could not be loaded."));
        };
        document.head.append(tag);
      }));
    }
    return loading.get(address);
  }

  // MathJax comes with pages that have formulas; elsewhere when the first formula is asked for.
  let typesetting = Promise.resolve();
  function mathjax() {
    if (!window.MathJax || !window.MathJax.startup) {
      window.MathJax = window.MathJax || JSON.parse(practice.settings.mathjax);
      return script(practice.settings.static + "mathjax/tex-chtml.js")
        .then(function () { return window.MathJax.startup.promise; });
    }
    return window.MathJax.startup.promise;
  }

  function typeset(node) {
    typesetting = typesetting.then(mathjax).then(function () {
      if (!node.isConnected) { return null; }
      window.MathJax.typesetClear([node]);
      return window.MathJax.typesetPromise([node]);
    }).catch(function () { /* the source of a formula stays in sight */ });
    return typesetting;
  }

  function typesetMath(node) {
    const waiting = node.querySelector(".math");
    return waiting ? typeset(node) : Promise.resolve();
  }

  practice.dom = {el, trusted, replace, newId, script, typeset, typesetMath};
})(window.lossedu.practice);
