// Formulas that people type as answers: read, valued, drawn and compared, never run as code.
// The twin of lossedu/practice/formulas: same trees, same words, same verdicts; there with 40
// digits, here in float64 with a bound on what that does.  Sets one global, lossedu.formulas, so
// that a page works from a saved folder.
(function () {
  "use strict";

  // ---- The language: the same tables as in language.py, faults.py, comparison.py, reference.py

  const table = (entries) => new Map(Object.entries(entries));
  const MOST_CHARACTERS = 400;
  const MOST_PARTS = 200;
  const MOST_DEEP = 30;
  const MOST_DIGITS = 17;
  const MOST_MAGNITUDE = 30;
  const MOST_EXPONENT = 12;
  const CONSTANTS = ["e", "pi"];
  const OPERATORS = "+-*/^()[]{}|,";
  const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  const SUPERSCRIPT_MINUS = "⁻";
  const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";
  const DIGITS = "0123456789";
  const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const WORD = LETTERS + DIGITS + "_";
  const FUNCTIONS = table({
    "abs": [1, 1], "acos": [1, 1], "asin": [1, 1], "atan": [1, 1], "cos": [1, 1],
    "cosh": [1, 1], "exp": [1, 1], "expm1": [1, 1], "log": [1, 1], "log10": [1, 1],
    "log1p": [1, 1], "log2": [1, 1], "logit": [1, 1], "max": [2, 8], "min": [2, 8],
    "relu": [1, 1], "sigmoid": [1, 1], "sign": [1, 1], "sin": [1, 1], "sinh": [1, 1],
    "softplus": [1, 1], "sqrt": [1, 1], "step": [1, 1], "tan": [1, 1], "tanh": [1, 1],
  });
  const ALIASES = table({
    "arccos": "acos", "arcsin": "asin", "arctan": "atan", "expit": "sigmoid", "ln": "log",
    "log_10": "log10", "log_2": "log2", "log_e": "log", "sgn": "sign",
  });
  const GREEK = table({
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ϵ": "epsilon",
    "ζ": "zeta", "η": "eta", "θ": "theta", "ϑ": "theta", "ι": "iota", "κ": "kappa",
    "λ": "lambda", "μ": "mu", "µ": "mu", "ν": "nu", "ξ": "xi", "π": "pi",
    "ρ": "rho", "ϱ": "rho", "σ": "sigma", "ς": "sigma", "τ": "tau", "υ": "upsilon",
    "φ": "phi", "ϕ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma",
    "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma",
    "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
  });
  const SIGNS = table({
    "−": "-", "–": "-", "—": "-", "\u2010": "-", "\u2011": "-", "‒": "-", "\ufe63": "-", "\uff0d": "-",
    "\uff0b": "+", "·": "*", "⋅": "*", "∙": "*", "•": "*", "×": "*", "∗": "*", "÷": "/",
    "∕": "/", "⁄": "/", "ˆ": "^", "∣": "|", "ǀ": "|", "\uff08": "(", "\uff09": ")",
  });
  const SPACES = " \t\n\r\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u202f\u205f\u2060\u2061\u2062\u2063\u3000\ufeff";
  const MARKS = table({
    "\u0302": "_hat", "\u0304": "_bar", "\u0303": "_tilde",
  });
  const MARKED = table({
    "â": "a_hat", "ĉ": "c_hat", "ê": "e_hat", "ĝ": "g_hat", "ĥ": "h_hat", "ĵ": "j_hat",
    "ô": "o_hat", "ŝ": "s_hat", "û": "u_hat", "ŵ": "w_hat", "ŷ": "y_hat", "ẑ": "z_hat",
    "ȳ": "y_bar", "ū": "u_bar", "ā": "a_bar", "ñ": "n_tilde", "ỹ": "y_tilde",
  });
  const REFUSED = table({
    "=": "equals", "≈": "equals", "≡": "equals", "\\": "latex", "$": "latex",
    "<": "compares", ">": "compares", "≤": "compares",
    "≥": "compares", "≠": "compares", "∂": "derivative", "∇": "derivative", "∑": "derivative",
    "∏": "derivative", "∫": "derivative", "'": "derivative", "’": "derivative", "′": "derivative",
    "%": "percent",
  });
  const READING = table({
    "empty": "A formula must stand here, but there is none. Hint: type one, for example {example}.",
    "long": "A formula must have at most {most} characters, but this one has {count}.",
    "parts": "A formula must have at most {most} parts, but this one has more. Hint: simplify it.",
    "deep": "Brackets must be nested at most {most} deep, but these go deeper. Hint: simplify the formula.",
    "character": "A formula must consist of names, numbers, + - * / ^ and brackets, but “{what}” stands here.",
    "equals": "The answer must be one side of an equation alone, but “{what}” stands here. Hint: type only what stands on the right.",
    "latex": "A formula must be typed as text, but “{what}” belongs to LaTeX. Hint: write a/b for a fraction, gamma for γ, log(p) without a backslash.",
    "compares": "A formula must have no comparison, but “{what}” stands here. Hint: max, min, abs, sign and step say the same.",
    "derivative": "Derivatives and sums must be worked out, but “{what}” stands here.",
    "percent": "A formula must have no percent sign. Hint: write 0.05 for 5%.",
    "digits": "A number must have at most {most} digits, but this one has {count}. Hint: round it, or write it exactly, as in log(2) or 1/3.",
    "magnitude": "A number must lie between 1e-30 and 1e30, but this one is {what}.",
    "point": "A number must have one decimal point, but “{what}” has more.",
    "thousands": "A number must be written without commas, but “{what}” has one. Hint: write {instead}.",
    "comma": "A comma must stand between the arguments of a function. Hint: write decimals with a point, as in 0.5.",
    "operand": "A number, a name or a bracket must stand here, but {what}.",
    "close": "“{open}” must be closed by “{what}”, but {instead}.",
    "stray": "“{what}” must close a bracket, but none is open. Hint: remove it or open one.",
    "bars": "Bars | | must not stand directly in each other. Hint: write abs(x) for |x|.",
    "number after": "A number must stand before what it multiplies, but “{what}” comes after. Hint: write * before it, or ^ for a power.",
    "slash": "A product after “/” must be bracketed, for it can be read in two ways. Hint: write ({a}/{b})*{c} or {a}/({b}*{c}).",
    "tower": "A power of a power must be bracketed, for it can be read in two ways. Hint: write (a^b)^c or a^(b*c).",
    "exponent": "An exponent must be at most {most} in size, but this one is {what}.",
    "glued": "A name must not follow an exponent directly, for it can be read in two ways. Hint: write ^{b}*{c} or ^({b}*{c}).",
    "bare": "{what} must have brackets here. Hint: write {what}(...); only one name or number, as in {what} x + 1, needs none.",
    "power of a function": "The power of a function must stand behind its brackets. Hint: write {what}(...)^2.",
    "arguments": "{what} must have {rule}, but has {count}.",
    "two readings": "“{what}” must have one meaning, but can be read as {readings}. Hint: write the one that you mean.",
    "notation": "“{what}” must have one meaning, but can be read as a number or as a product with e. Hint: write {product} or a number without e.",
    "product": "“{what}” must be a name. Hint: as a product, write {product}.",
    "digit": "“{what}” must be a name. Hint: write {base}^{number} for a power, {number}*{base} for a product.",
    "near": "“{what}” must be a name that this formula has. Hint: did you mean {near}?",
    "name": "“{what}” must be a name that this formula has: {names}.",
    "no names": "“{what}” must be a number, for there are no names here.",
    "number": "The answer must be one number, but has none. Hint: 0.25, 1/4 and 25% are read.",
  });
  const UNDEFINED = table({
    "zero": "it divides by zero",
    "log": "it takes the logarithm of a number that is not positive",
    "sqrt": "it takes the square root of a negative number",
    "arc": "it takes asin or acos of a number outside of [-1, 1]",
    "logit": "it takes logit of a number outside of (0, 1)",
    "power": "it raises a negative number to a power that is no integer",
    "zero power": "it raises zero to a power that is not positive",
    "large": "a value is beyond 1e300",
    "lost": "large terms cancel and no digits are left; simplify it",
  });
  const SAYS = table({
    "right": "Right.",
    "rounded": "Right, up to rounding. Constants are best left exact, as in log(2) or 1/3.",
    "sign": "The sign is wrong: yours is the answer times -1 at every point. {witness}",
    "ratio": "Yours is the answer times {number} at every point. {witness}",
    "shift": "Yours is the answer plus {number} at every point. {witness}",
    "wrong": "Not the same. {witness}",
    "no names": "Yours is {yours}, the answer is {ours}.",
    "witness": "At {point} yours is {yours}, the answer is {ours}.",
    "undefined": "Yours has no value at {point}: {fault}.",
    "undefined number": "Yours has no value: {fault}.",
  });
  const OPERATORS_IN_LATEX = table({
    "acos": "\\arccos", "asin": "\\arcsin", "atan": "\\arctan", "cos": "\\cos",
    "cosh": "\\cosh", "exp": "\\exp", "log": "\\log", "log10": "\\log_{10}",
    "log2": "\\log_{2}", "max": "\\max", "min": "\\min", "sigmoid": "\\sigma",
    "sin": "\\sin", "sinh": "\\sinh", "tan": "\\tan", "tanh": "\\tanh",
  });
  const LANGUAGE = [
    ["Sums and products", "2p(1-p), 2*p*(1-p)", "A product needs no *. One-letter names may touch: pq is p*q."],
    ["Fractions", "p/(1-p), p/(2q)", "Bracket the denominator: 1/2p is refused, for it can be read in two ways."],
    ["Powers", "p^2, p**2, p², (1-p)^gamma", "An exponent of more than one part needs brackets, ( ) or { }: e^(-2x). -x^2 is -(x^2)."],
    ["Numbers", "0.25, .25, 1e-3, 1/4", "A decimal point, no comma. Leave constants exact: log(2), not 0.693."],
    ["Logarithms", "log(p), ln(p), log p", "log and ln are natural, log2 and log10 have their base. One name or number needs no brackets."],
    ["Exponentials", "exp(-z), e^(-z)", "e is Euler's number, unless the question has a name e."],
    ["Greek letters", "gamma or γ, lambda or λ", "By name or as letters. sigma(z) and σ(z) are the sigmoid."],
    ["Subscripts", "p_t, y_hat or ŷ, x1 or x₁", "Names as the question writes them; the _ may be left out."],
    ["Functions", "sqrt(x), |x|, sigmoid(z), softplus(z), max(0, 1-m)", "Also abs, min, sign, step (1 above 0, 0 below), relu, tanh, logit, log1p, expm1, sin, cos, tan, sinh, cosh, asin, acos, atan."],
  ];

  // ---- Faults

  class FormulaError extends Error {
    constructor(position, says) {
      super(says);
      this.position = position;
      this.says = says;
    }
  }

  class UndefinedError extends Error {
    constructor(fault) {
      super(`A formula must have a value, but ${UNDEFINED.get(fault)}.`);
      this.says = UNDEFINED.get(fault);
    }
  }

  class NoValueError extends Error {
    constructor(index, says) {
      super(says);
      this.index = index;
      this.says = says;
    }
  }

  const filled = (template, words) =>
    template.replace(/\{(\w+)\}/g, (_, name) => String(words[name]));
  const misread = (position, fault, words = {}) =>
    new FormulaError(position, filled(READING.get(fault), words));

  // A character for a message: one that cannot be seen or would do harm by its number.
  function visible(char) {
    const code = char.codePointAt(0);
    const hidden = code < 0x20 || (code >= 0x7F && code < 0xA0) ||
      (code >= 0x200B && code < 0x2010) || (code >= 0x2028 && code < 0x2030) ||
      (code >= 0x2060 && code < 0x2070) || (code >= 0xD800 && code < 0xE000);
    return hidden ? `U+${code.toString(16).toUpperCase().padStart(4, "0")}` : char;
  }

  // ---- Words

  function functionOf(word) {
    for (const spelling of [word, word.toLowerCase()]) {
      const name = ALIASES.get(spelling) || spelling;
      if (FUNCTIONS.has(name)) { return name; }
    }
    return "";
  }

  function checkedName(name) {
    const plain = typeof name === "string" && name && LETTERS.includes(name[0]) &&
      Array.from(name).every((char) => WORD.includes(char));
    if (!plain) { throw new Error(`names must be words of letters, digits and _, but one is '${name}'.`); }
    if (functionOf(name)) {
      throw new Error(`names must differ from those of functions, but one is '${name}'.`);
    }
    return name;
  }

  function isNear(one, other) {
    const least = Math.min(one.length, other.length);
    if (one === other || Math.abs(one.length - other.length) > 1 || least < 2) { return false; }
    let same = 0;
    while (same < least && one[same] === other[same]) { same += 1; }
    const a = one.slice(same);
    const b = other.slice(same);
    const swapped = a.length > 1 && b.length > 1 && a[0] === b[1] && a[1] === b[0] &&
      a.slice(2) === b.slice(2);
    return a.slice(1) === b.slice(1) || a.slice(1) === b || a === b.slice(1) || swapped;
  }

  function productOf(factors) {
    const index = factors.findIndex((factor) => functionOf(factor));
    if (index < 0) { return factors.join("*"); }
    const inner = productOf(factors.slice(index + 1)) || "...";
    return [...factors.slice(0, index), `${factors[index]}(${inner})`].join("*");
  }

  class Vocabulary {
    constructor(names) {
      this.names = Array.from(names, checkedName);
      this.letters = new Set(this.names.filter((name) => name.length === 1));
    }

    // What a word stands for: [kind, text], several where it is a product of names.
    meanings(word, typed) {
      if (this.names.includes(word)) { return [["name", word]]; }
      const called = functionOf(word);
      if (called) { return [["function", called]]; }
      if (CONSTANTS.includes(word)) { return [["constant", word]]; }
      const bare = word.replaceAll("_", "");
      const readings = this.names.filter((name) => name.replaceAll("_", "") === bare)
        .map((name) => [["name", name]]);
      const letters = Array.from(word);
      if (letters.length > 1 && letters.every((letter) => this.letters.has(letter))) {
        readings.push(letters.map((letter) => ["name", letter]));
      }
      if (readings.length === 1) { return readings[0]; }
      if (readings.length) {
        const listed = readings.map((one) => one.map(([, text]) => text).join("*")).join(" or ");
        throw misread(0, "two readings", { what: typed, readings: listed });
      }
      if (word === "sigma") { return [["function", "sigmoid"]]; }
      return this.refuse(word, typed);
    }

    refuse(word, typed) {
      const base = word.replace(/[0-9]+$/, "");
      const number = word.slice(base.length).replace(/^0+/, "");
      if (number !== "" && number !== "1" && this.names.includes(base)) {
        throw misread(0, "digit", { what: typed, base, number });
      }
      const factors = this.factors(word);
      if (factors.length) {
        throw misread(0, "product", { what: typed, product: productOf(factors) });
      }
      const known = [...this.names, ...FUNCTIONS.keys(), ...ALIASES.keys(), ...CONSTANTS];
      const close = known.find((name) => isNear(word.toLowerCase(), name.toLowerCase()));
      if (close !== undefined && word.length > 1) {
        throw misread(0, "near", { what: typed, near: close });
      }
      const same = this.names.find((name) => name.toLowerCase() === word.toLowerCase());
      if (same !== undefined) { throw misread(0, "near", { what: typed, near: same }); }
      if (!this.names.length) { throw misread(0, "no names", { what: typed }); }
      const few = 12;
      const names = this.names.slice(0, few).join(", ") + (this.names.length > few ? ", ..." : "");
      throw misread(0, "name", { what: typed, names });
    }

    // Known words that a word consists of, as few as can be; none if there are none.
    factors(word) {
      const known = new Set([...this.names, ...FUNCTIONS.keys(), ...CONSTANTS, "ln"]);
      const best = [[]];
      for (let end = 1; end <= word.length; end += 1) {
        let shortest = null;
        for (let start = 0; start < end; start += 1) {
          const before = best[start];
          if (before === null || !known.has(word.slice(start, end))) { continue; }
          if (shortest === null || before.length + 1 < shortest.length) {
            shortest = [...before, word.slice(start, end)];
          }
        }
        best.push(shortest);
      }
      return best[word.length] || [];
    }
  }

  // ---- Tokens: {kind, text, start, end, raised, typed}; positions count characters, not units

  const trimmed = (text) => {
    const chars = Array.from(text);
    let start = 0;
    let end = chars.length;
    while (start < end && SPACES.includes(chars[start])) { start += 1; }
    while (end > start && SPACES.includes(chars[end - 1])) { end -= 1; }
    return chars.slice(start, end).join("");
  };
  const shownToken = (token) =>
    token.kind === "end" ? "the formula ends" : `“${token.typed}” stands here`;

  function tokensOf(chars, names) {
    const vocabulary = new Vocabulary(names);
    if (chars.length > MOST_CHARACTERS) {
      throw misread(MOST_CHARACTERS, "long", { most: MOST_CHARACTERS, count: chars.length });
    }
    if (chars.includes("=")) { // before what stands on its left is taken for an unknown name
      throw misread(chars.indexOf("="), "equals", { what: "=" });
    }
    const parts = [];
    for (const token of new Scanner(chars, vocabulary).run()) {
      parts.push(token);
      if (parts.length > MOST_PARTS) { throw misread(token.start, "parts", { most: MOST_PARTS }); }
    }
    const end = chars.length;
    return [...parts, { kind: "end", text: "", start: end, end, raised: false, typed: "" }];
  }

  class Scanner {
    constructor(chars, vocabulary) {
      this.chars = chars;
      this.vocabulary = vocabulary;
      this.index = 0;
    }

    char(ahead = 0) { return this.chars[this.index + ahead] || ""; }
    is(characters, ahead = 0) {
      const char = this.char(ahead);
      return char !== "" && characters.includes(char);
    }
    slice(start, end = this.index) { return this.chars.slice(start, end).join(""); }
    whileIn(characters) {
      const start = this.index;
      while (this.is(characters)) { this.index += 1; }
      return this.slice(start);
    }
    token(kind, text, start, raised = false) {
      return { kind, text, start, end: this.index, raised, typed: this.slice(start) };
    }

    * run() {
      for (;;) {
        this.whileIn(SPACES);
        const char = this.char();
        if (!char) { return; }
        const sign = SIGNS.get(char) || char;
        if (this.is(DIGITS) || (char === "." && this.is(DIGITS, 1))) {
          yield this.number();
        } else if (LETTERS.includes(char) || GREEK.has(char) || MARKED.has(char)) {
          yield* this.word();
        } else if (SUPERSCRIPTS.includes(char) || char === SUPERSCRIPT_MINUS) {
          yield* this.superscript();
        } else if (char === "√") {
          yield this.sign("function", "sqrt", 1);
        } else if (char === "*" && this.char(1) === "*") {
          yield this.sign("sign", "^", 2);
        } else if (OPERATORS.includes(sign)) {
          yield this.sign("sign", sign, 1);
        } else {
          throw misread(this.index, REFUSED.get(char) || "character", { what: visible(char) });
        }
      }
    }

    sign(kind, text, length) {
      const start = this.index;
      this.index += length;
      return this.token(kind, text, start);
    }

    number() {
      const start = this.index;
      const mantissa = this.whileIn(DIGITS + ".");
      if (mantissa.split(".").length > 2) { throw misread(start, "point", { what: mantissa }); }
      const digits = mantissa.replace(".", "").replace(/^0+/, "");
      if (digits.length > MOST_DIGITS || mantissa.length > 2 * MOST_DIGITS) {
        throw misread(start, "digits", { most: MOST_DIGITS, count: digits.length });
      }
      this.thousands(start, mantissa);
      const power = this.exponent(start);
      const [whole, fraction = ""] = mantissa.split(".");
      const magnitude = whole.replace(/^0+/, "").length + Number(power || 0);
      if (digits && Math.abs(magnitude) > MOST_MAGNITUDE) {
        throw misread(start, "magnitude", { what: this.slice(start) });
      }
      const plain = (whole.replace(/^0+/, "") || "0") + (fraction ? `.${fraction}` : "");
      return this.token("number", Number(power) ? `${plain}e${Number(power)}` : plain, start);
    }

    // The power of ten of a number, if it has one: e and digits without a space.
    exponent(start) {
      const before = this.index;
      if (!this.is("eE")) { return ""; }
      this.index += 1;
      const sign = this.is("+-−") ? this.char() : "";
      this.index += sign ? 1 : 0;
      const digits = this.whileIn(DIGITS);
      if (!digits) {
        this.index = before;
        return "";
      }
      const typed = this.slice(start);
      const named = this.vocabulary.names.includes("e") && this.chars[before] === "e";
      if (named || this.is(LETTERS + "_")) {
        const product = `${this.slice(start, before)}*${this.slice(before)}`;
        throw misread(start, "notation", { what: typed, product });
      }
      if (digits.replace(/^0+/, "").length > 2) { throw misread(start, "magnitude", { what: typed }); }
      return (sign === "" || sign === "+" ? "" : "-") + digits;
    }

    // Refuse 1,000 and 0,5 unless the comma is one between arguments.
    thousands(start, mantissa) {
      if (this.char() !== "," || !this.is(DIGITS, 1)) { return; }
      if (this.chars.slice(0, start).some((char) => "([{".includes(char))) { return; }
      const comma = this.index;
      this.index += 1;
      const fraction = this.whileIn(DIGITS);
      let instead = `${mantissa}.${fraction}`;
      if (fraction.length === 3 && !"0.".includes(mantissa[0])) {
        instead += ` or ${mantissa}${fraction}`;
      }
      throw misread(comma, "thousands", { what: `${mantissa},${fraction}`, instead });
    }

    // A word: letters, digits and _; or one Greek or marked letter and its subscript.
    * word() {
      const start = this.index;
      const char = this.char();
      this.index += 1;
      let word = LETTERS.includes(char) ? char + this.whileIn(WORD) : GREEK.get(char) || MARKED.get(char);
      if (MARKS.has(this.char())) {
        word += MARKS.get(this.char());
        this.index += 1;
      }
      if (word.endsWith("_") && this.char() === "{") {
        word = word.slice(0, -1);
        this.index -= 1;
      }
      word += this.subscript();
      let meanings;
      try {
        meanings = this.vocabulary.meanings(word, this.slice(start));
      } catch (error) {
        throw error instanceof FormulaError ? new FormulaError(start, error.says) : error;
      }
      if (meanings.length === 1) {
        yield this.token(meanings[0][0], meanings[0][1], start);
        return;
      }
      for (const [offset, [kind, text]] of meanings.entries()) {
        const at = start + offset;
        yield { kind, text, start: at, end: at + 1, raised: false, typed: this.chars[at] };
      }
    }

    // What stands below a name: _t, _{t} or digits such as ₁.
    subscript() {
      const low = this.whileIn(SUBSCRIPTS);
      if (low || this.char() !== "_") {
        return Array.from(low, (digit) => SUBSCRIPTS.indexOf(digit)).join("");
      }
      const start = this.index;
      const braced = this.char(1) === "{";
      this.index += braced ? 2 : 1;
      const below = this.whileIn(WORD);
      if (!below || (braced && this.char() !== "}")) {
        this.index = start;
        return "";
      }
      this.index += braced ? 1 : 0;
      return `_${below}`;
    }

    * superscript() {
      const start = this.index;
      const minus = this.char() === SUPERSCRIPT_MINUS;
      this.index += minus ? 1 : 0;
      const raised = this.whileIn(SUPERSCRIPTS);
      if (!raised) { throw misread(start, "character", { what: SUPERSCRIPT_MINUS }); }
      const digits = Array.from(raised, (digit) => SUPERSCRIPTS.indexOf(digit)).join("");
      if (digits.length > MOST_DIGITS) {
        throw misread(start, "digits", { most: MOST_DIGITS, count: digits.length });
      }
      yield this.token("sign", "^", start);
      if (minus) { yield this.token("sign", "-", start); }
      yield this.token("number", digits.replace(/^0+/, "") || "0", start, true);
    }
  }

  // ---- Trees: {kind, text, parts}, by operator precedence (Pratt, 1973)

  const SUM = 10;
  const SIGN = 15;
  const PRODUCT = 20;
  const POWER = 30;
  const BINDING = new Map([["+", SUM], ["-", SUM], ["*", PRODUCT], ["/", PRODUCT], ["^", POWER]]);
  const CLOSING = new Map([["(", ")"], ["[", "]"], ["{", "}"], ["|", "|"]]);
  const ATOMS = ["number", "name", "constant"];
  const OPENING = ["(", "[", "{"];
  const AFTER_BARE = ["+", "-", ")", "]", "}", "|", ","];
  const SHORT = 40;
  const tree = (kind, text, parts) => ({ kind, text, parts });

  function parse(text, names) {
    const chars = Array.from(text);
    const known = Array.from(names);
    const parser = new Parser(chars, tokensOf(chars, known));
    if (parser.token.kind === "end") {
      throw misread(0, "empty", { example: known.length ? known[0] : "1/2" });
    }
    const whole = parser.expression(0);
    if (parser.token.kind !== "end") { parser.refuseRest(); }
    return whole;
  }

  class Parser {
    constructor(chars, tokens) {
      this.chars = chars;
      this.tokens = tokens;
      this.index = 0;
      this.depth = 0;
      this.inBars = false; // whether a bar that opened is still to close, at this depth
    }

    get token() { return this.tokens[this.index]; }
    take() {
      this.index += 1;
      return this.tokens[this.index - 1];
    }
    isSign(...signs) { return this.token.kind === "sign" && signs.includes(this.token.text); }
    deeper() {
      this.depth += 1;
      if (this.depth > MOST_DEEP) { throw misread(this.token.start, "deep", { most: MOST_DEEP }); }
    }

    expression(least) {
      const begin = this.token.start;
      let left = this.operand(least);
      for (;;) {
        if (this.beginsFactor()) {
          if (least >= PRODUCT) { return left; }
          left = tree("*", "", [left, this.expression(PRODUCT)]);
          continue;
        }
        const binding = this.token.kind === "sign" ? BINDING.get(this.token.text) || 0 : 0;
        if (binding <= least) { return left; }
        const sign = this.take();
        if (sign.text === "^") {
          left = tree("^", "", [left, this.exponent()]);
        } else {
          left = tree(sign.text, "", [left, this.expression(binding)]);
          if (sign.text === "/" && this.beginsFactor()) {
            throw misread(this.token.start, "slash", this.wordsAround(begin, sign.start, sign.end));
          }
        }
      }
    }

    // The operands of a doubtful product as they were typed; letters if they are long.
    wordsAround(begin, sign, after) {
      const last = this.tokens[this.index - 1].end;
      const factor = this.token.kind === "sign" ? "(...)" : this.token.typed;
      const words = [
        this.chars.slice(begin, sign).join(""), this.chars.slice(after, last).join(""), factor,
      ].map(trimmed);
      const length = words.reduce((sum, word) => sum + Array.from(word).length, 0);
      const [a, b, c] = length > SHORT ? ["a", "b", "c"] : words;
      return { a, b, c };
    }

    beginsFactor() {
      const token = this.token;
      if (token.kind === "number" && !token.raised) {
        throw misread(token.start, "number after", { what: token.typed });
      }
      return ["name", "constant", "function"].includes(token.kind) || this.isSign(...OPENING) ||
        (this.isSign("|") && !this.inBars);
    }

    operand(least) {
      const token = this.take();
      if (ATOMS.includes(token.kind)) { return tree(token.kind, token.text, []); }
      if (token.kind === "function") { return this.call(token); }
      if (token.kind === "sign" && "+-".includes(token.text)) {
        this.deeper();
        const inner = this.expression(Math.max(least, SIGN));
        this.depth -= 1;
        return token.text === "+" ? inner : tree("negative", "", [inner]);
      }
      if (token.kind === "sign" && OPENING.includes(token.text)) { return this.bracket(token, 1)[0]; }
      if (token.kind === "sign" && token.text === "|") { return this.bars(token); }
      throw misread(token.start, "operand", { what: shownToken(token) });
    }

    bracket(opening, most) {
      this.deeper();
      const outside = this.inBars;
      this.inBars = false;
      const inner = [this.expression(0)];
      while (this.isSign(",") && most > 1) {
        this.take();
        inner.push(this.expression(0));
      }
      this.close(opening);
      this.inBars = outside;
      this.depth -= 1;
      return inner;
    }

    bars(opening) {
      if (this.inBars) { throw misread(opening.start, "bars"); }
      this.deeper();
      this.inBars = true;
      const inner = this.expression(0);
      this.close(opening);
      this.inBars = false;
      this.depth -= 1;
      return tree("call", "abs", [inner]);
    }

    close(opening) {
      const closing = CLOSING.get(opening.text);
      if (this.isSign(",")) { throw misread(this.token.start, "comma"); }
      if (!this.isSign(closing)) {
        const words = { open: opening.text, what: closing, instead: shownToken(this.token) };
        throw misread(this.token.start, "close", words);
      }
      this.take();
    }

    call(called) {
      if (this.isSign("^")) {
        throw misread(this.token.start, "power of a function", { what: called.text });
      }
      if (!this.isSign(...OPENING)) { return tree("call", called.text, [this.bare(called)]); }
      const inner = this.bracket(this.take(), MOST_PARTS);
      const [least, most] = FUNCTIONS.get(called.text);
      if (inner.length < least || inner.length > most) {
        const rule = most === 1 ? "one argument" : `${least} to ${most} arguments`;
        throw misread(called.start, "arguments", { what: called.text, rule, count: inner.length });
      }
      return tree("call", called.text, inner);
    }

    // The argument of a function without brackets: what follows must leave no doubt.
    bare(called) {
      const atom = this.take();
      const alone = ATOMS.includes(atom.kind) &&
        (this.token.kind === "end" || this.isSign(...AFTER_BARE));
      if (!alone || FUNCTIONS.get(called.text)[0] > 1) {
        throw misread(called.start, "bare", { what: called.text });
      }
      return tree(atom.kind, atom.text, []);
    }

    exponent() {
      const start = this.token.start;
      this.deeper();
      const power = this.expression(POWER);
      this.depth -= 1;
      const last = this.tokens[this.index - 1];
      const number = power.kind === "negative" ? power.parts[0] : power;
      if (number.kind === "number" && Number(number.text) > MOST_EXPONENT) {
        throw misread(start, "exponent", { most: MOST_EXPONENT, what: number.text });
      }
      if (this.isSign("^")) { throw misread(this.token.start, "tower"); }
      const bare = ATOMS.includes(last.kind) && !last.raised;
      if (bare && ["name", "constant"].includes(this.token.kind) && this.token.start === last.end) {
        throw misread(this.token.start, "glued", this.wordsAround(start, start, start));
      }
      return power;
    }

    refuseRest() {
      if (this.isSign(")", "]", "}")) {
        throw misread(this.token.start, "stray", { what: this.token.typed });
      }
      if (this.isSign(",")) { throw misread(this.token.start, "comma"); }
      throw misread(this.token.start, "operand", { what: shownToken(this.token) });
    }
  }

  // The formula as it can be typed again, with every bracket that a part needs.
  function textOf(whole) {
    if (whole.kind === "call") { return `${whole.text}(${whole.parts.map(textOf).join(", ")})`; }
    if (!whole.parts.length) { return whole.text; }
    const operands = whole.parts.map((part) =>
      part.parts.length && part.kind !== "call" ? `(${textOf(part)})` : textOf(part));
    return whole.kind === "negative" ? `-${operands[0]}` : operands.join(` ${whole.kind} `);
  }

  const someNumber = (whole, test) =>
    (whole.kind === "number" && test(whole.text)) || whole.parts.some((part) => someNumber(part, test));

  // ---- Values: [value, bound of its rounding error in units of the roundoff]

  const CERTAIN = 16 * 2 ** -53;
  const LOST = 1e-6;
  const LARGE = 1e300;
  const LOG_LARGE = 690;
  const ULPS = 4;
  const certain = ([value, error]) => (Math.abs(value) <= CERTAIN * error ? 0 : value);

  function boundedValue(whole, values) {
    if (whole.kind === "name") {
      if (!values.has(whole.text)) { throw new Error(`values must have ${whole.text}, but have not.`); }
      return [values.get(whole.text), 0];
    }
    if (whole.kind === "number" || whole.kind === "constant") {
      const number = { e: Math.E, pi: Math.PI }[whole.text] || Number(whole.text);
      return [number, Math.abs(number)];
    }
    const parts = whole.parts.map((part) => boundedValue(part, values));
    const [value, error] = whole.kind === "call"
      ? call(whole.text, parts) : ARITHMETIC.get(whole.kind)(...parts);
    if (!(Math.abs(value) <= LARGE)) { throw new UndefinedError("large"); }
    return [Math.abs(value) >= 1 / LARGE ? value : 0, error];
  }

  function add(a, b) {
    const value = a[0] + b[0];
    return [value, a[1] + b[1] + Math.abs(value)];
  }

  function multiply(a, b) {
    const value = a[0] * b[0];
    const error = a[1] * Math.abs(b[0]) + b[1] * Math.abs(a[0]) + CERTAIN * a[1] * b[1];
    return [value, error + Math.abs(value)];
  }

  function divide(a, b) {
    const divisor = certain(b);
    if (!divisor) { throw new UndefinedError("zero"); }
    const value = a[0] / divisor;
    const size = Math.abs(value);
    return [value, (a[1] + size * b[1]) / (Math.abs(divisor) - CERTAIN * b[1]) + size];
  }

  function power(a, b) {
    const base = certain(a);
    if (CERTAIN * b[1] > LOST * Math.max(Math.abs(b[0]), 1)) { throw new UndefinedError("lost"); }
    const nearest = Math.round(b[0]);
    const exponent = Math.abs(b[0] - nearest) <= CERTAIN * b[1] ? nearest : b[0];
    if (!base) {
      if (exponent <= 0) { throw new UndefinedError("zero power"); }
      return [0, Math.min(CERTAIN * a[1], 1) ** Math.min(exponent, LOG_LARGE) / CERTAIN];
    }
    if (base < 0 && exponent !== nearest) { throw new UndefinedError("power"); }
    if (base < 0 && CERTAIN * b[1] >= 0.5) { throw new UndefinedError("lost"); } // odd or even?
    const logarithm = Math.log(Math.abs(base));
    const magnitude = exponent * logarithm;
    const relative = Math.abs(exponent) * a[1] / Math.abs(base) + Math.abs(logarithm) * b[1];
    if (magnitude - CERTAIN * relative > LOG_LARGE) { throw new UndefinedError("large"); }
    if (magnitude + CERTAIN * relative < -LOG_LARGE) { return [0, 0]; }
    if (CERTAIN * relative > LOST) { throw new UndefinedError("lost"); }
    const value = base ** exponent;
    return [value, Math.abs(value) * (relative + ULPS)];
  }

  const ARITHMETIC = new Map([
    ["+", add],
    ["-", (a, b) => add(a, [-b[0], b[1]])],
    ["*", multiply],
    ["/", divide],
    ["negative", (a) => [-a[0], a[1]]],
    ["^", power],
  ]);

  // Functions: value and slope, each with its domain.

  function exp(x) {
    if (x > LOG_LARGE) { throw new UndefinedError("large"); }
    return x > -LOG_LARGE ? Math.exp(x) : 0;
  }
  const expm1 = (x) => (Math.abs(x) < 1 ? Math.expm1(x) : exp(x) - 1);
  const sigmoid = (x) => (x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)));
  const softplus = (x) => Math.max(x, 0) + Math.log1p(exp(-Math.abs(x)));
  const cosh = (x) => (exp(x) + exp(-x)) / 2;
  const sinh = (x) => {
    cosh(x); // is refused where the value would be too large
    return Math.sinh(x);
  };
  const tanh = Math.tanh;
  function within(fault, isInside) {
    if (!isInside) { throw new UndefinedError(fault); }
  }
  const logarithm = (log, scale) => (x) => {
    within("log", x > 0);
    return [log(x), 1 / (x * scale)];
  };
  const arc = (inverse) => (x) => {
    within("arc", Math.abs(x) <= 1);
    return [inverse(x), 1 / Math.max(Math.abs(1 - x * x), CERTAIN) ** 0.5];
  };
  const ofValue = (value, slope) => (x) => {
    const y = value(x);
    return [y, Math.abs(slope(x, y))];
  };
  // Ends of domains: what rounding could have moved off an end lies on it.
  const EDGES = new Map([
    ["acos", [-1, 1]], ["asin", [-1, 1]], ["log", [0]], ["log10", [0]], ["log1p", [-1]],
    ["log2", [0]], ["logit", [0, 1]],
  ]);
  const PERIODIC = ["sin", "cos", "tan"];
  const SMOOTH = new Map([
    ["acos", arc(Math.acos)],
    ["asin", arc(Math.asin)],
    ["atan", ofValue(Math.atan, (x) => 1 / (1 + x * x))],
    ["cos", ofValue(Math.cos, () => 1)],
    ["cosh", ofValue(cosh, (x, y) => y)],
    ["exp", ofValue(exp, (x, y) => y)],
    ["expm1", ofValue(expm1, (x, y) => y + 1)],
    ["log", logarithm(Math.log, 1)],
    ["log10", logarithm(Math.log10, Math.LN10)],
    ["log1p", (x) => {
      within("log", x > -1);
      return [Math.log1p(x), 1 / (1 + x)];
    }],
    ["log2", logarithm(Math.log2, Math.LN2)],
    ["logit", (x) => {
      within("logit", x > 0 && x < 1);
      return [Math.log(x) - Math.log1p(-x), 1 / (x * (1 - x))];
    }],
    ["sigmoid", ofValue(sigmoid, (x, y) => y * (1 - y))],
    ["sin", ofValue(Math.sin, () => 1)],
    ["sinh", ofValue(sinh, cosh)],
    ["softplus", ofValue(softplus, sigmoid)],
    ["tan", ofValue(Math.tan, (x, y) => 1 + y * y)],
    ["tanh", ofValue(tanh, (x, y) => 1 - y * y)],
  ]);

  // The greatest or the least, with the errors of those that could be it.
  function extreme(name, inner) {
    const best = Math[name](...inner.map(([x]) => x));
    const bound = inner.find(([x]) => x === best)[1];
    const near = inner.filter(([x, error]) => Math.abs(x - best) <= CERTAIN * (error + bound));
    return [best, Math.max(...near.map(([, error]) => error))];
  }

  function call(name, inner) {
    if (name === "max" || name === "min") {
      return extreme(name, inner);
    }
    const [[x, error]] = inner;
    if (name === "abs") { return [Math.abs(x), error]; }
    if (name === "relu") { return extreme("max", [[x, error], [0, 0]]); }
    if (name === "sign") { return [Math.sign(certain(inner[0])), 0]; }
    if (name === "step") { return [(Math.sign(certain(inner[0])) + 1) / 2, 0]; }
    if (name === "sqrt") {
      const exact = certain(inner[0]);
      within("sqrt", exact >= 0);
      if (!exact) { return [0, (CERTAIN * error) ** 0.5 / CERTAIN]; }
      const root = Math.sqrt(exact);
      return [root, error / (2 * root) + root];
    }
    const reach = PERIODIC.includes(name) ? 1 : Math.max(Math.abs(x), 1);
    if (CERTAIN * error > LOST * reach) { throw new UndefinedError("lost"); }
    let inside = x;
    for (const edge of EDGES.get(name) || []) {
      inside = certain([inside - edge, error]) ? inside : edge;
    }
    const [y, slope] = SMOOTH.get(name)(inside);
    return [y, slope * error + ULPS * Math.abs(y)];
  }

  const asMap = (values) => (values instanceof Map ? values : new Map(Object.entries(values)));
  const value = (whole, values = {}) => boundedValue(whole, asMap(values))[0] + 0;

  // ---- Points: Mulberry32, as in random_numbers.py

  class RandomNumbers {
    constructor(seed) { this.state = seed >>> 0; }
    uniform() {
      this.state = (this.state + 0x6D2B79F5) >>> 0;
      let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    }
    below(bound) {
      if (!(bound >= 1)) { throw new Error(`bound must be at least 1, but is ${bound}.`); }
      return Math.floor(this.uniform() * bound);
    }
    choice(items) { return items[this.below(items.length)]; }
    shuffled(items) {
      const mixed = Array.from(items);
      for (let last = mixed.length - 1; last > 0; last -= 1) {
        const other = this.below(last + 1);
        [mixed[last], mixed[other]] = [mixed[other], mixed[last]];
      }
      return mixed;
    }
  }

  function seedOf(...words) {
    let state = 0x811C9DC5;
    for (const byte of new TextEncoder().encode(words.map(String).join("\x1f"))) {
      state = Math.imul(state ^ byte, 0x01000193) >>> 0;
    }
    return state;
  }

  const POINTS = 24;
  const LEAST_IN_REGION = 5;
  const MARGIN = 1 / 64;

  function pointsIn(regions, seed = 1) {
    const boxes = regions.map((region) => Object.entries(region));
    checkBoxes(boxes);
    const numbers = new RandomNumbers(seed);
    const each = Math.max(LEAST_IN_REGION, Math.ceil(POINTS / boxes.length));
    const drawn = (box) => new Map(box.map(([name, [low, high]]) => {
      const share = MARGIN + (1 - 2 * MARGIN) * numbers.uniform();
      const exact = low + (high - low) * share;
      const short = rounded(exact, 4);
      return [name, low < short && short < high ? short : exact];
    }));
    return boxes.map((box) => Array.from({ length: each }, () => drawn(box)));
  }

  function checkBoxes(boxes) {
    if (!boxes.length) { throw new Error("regions must have at least one box, but are empty."); }
    const names = JSON.stringify(boxes[0].map(([name]) => name));
    for (const box of boxes) {
      const own = JSON.stringify(box.map(([name]) => name));
      if (own !== names) { throw new Error(`regions must all have ${names}, but one has ${own}.`); }
      for (const [name, [low, high]] of box) {
        if (!(-1e12 <= low && low <= high && high <= 1e12)) {
          const sides = `${name} goes from ${low} to ${high}`;
          throw new Error(`regions must go from a low to a high end, but ${sides}.`);
        }
      }
    }
  }

  // ---- Numbers as a person reads them

  const rounded = (number, digits) => Number(number.toPrecision(digits)) + 0;

  function shownNumber(number) {
    const [mantissa, power] = Math.abs(number).toExponential(3).split("e");
    const exponent = Number(power);
    const sign = number < 0 ? "-" : "";
    const digits = mantissa.replace(".", "").replace(/0+$/, "");
    if (!digits) { return "0"; }
    if (exponent < -4 || exponent > 6) {
      return `${sign}${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ""}e${exponent}`;
    }
    if (exponent < 0) { return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`; }
    const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
    const rest = digits.slice(exponent + 1);
    return `${sign}${whole}${rest ? `.${rest}` : ""}`;
  }

  const shownPoint = (point) =>
    Array.from(point, ([name, number]) => `${name} = ${shownNumber(number)}`).join(", ");

  // ---- Identity: formulas at points

  const SAME = 1e-9;
  const ROUNDED = 1e-3;
  const SMALL = new Map([[SAME, 1e-3], [ROUNDED, 1e-6]]);
  const TERMS = 1 / 4;
  const FLAT = 1e-3;

  class Samples {
    constructor(points, values, largest) {
      this.points = points;
      this.values = values;
      this.largest = largest;
    }

    scale(index, tolerance) {
      const [one, error] = this.values[index];
      return Math.max(Math.abs(one), TERMS * error, SMALL.get(tolerance) * this.largest[index]);
    }

    of(whole) {
      const values = this.points.map((point, index) => {
        try {
          const pair = boundedValue(whole, point);
          if (!(CERTAIN * pair[1] <= LOST * this.scale(index, SAME))) {
            throw new UndefinedError("lost");
          }
          return pair;
        } catch (fault) {
          throw fault instanceof UndefinedError ? new NoValueError(index, fault.says) : fault;
        }
      });
      return new Samples(this.points, values, this.largest);
    }

    firstDifference(other, tolerance) {
      return this.points.findIndex((_, index) => !this.isMultiple(other, index, 1, tolerance));
    }

    isMultiple(other, index, factor, tolerance) {
      const [ours, ourError] = this.values[index];
      const [theirs, theirError] = other.values[index];
      const rounding = CERTAIN * (Math.abs(factor) * ourError + theirError);
      const allowed = tolerance * Math.abs(factor) * this.scale(index, tolerance);
      return Math.abs(theirs - factor * ours) <= allowed + rounding;
    }

    // What times this is the other at every point; 0 if that is not one number.
    ratio(other) {
      const hasZero = this.values.some((ours, i) => !certain(ours) || !certain(other.values[i]));
      if (hasZero) { return 0; }
      const number = other.values[0][0] / this.values[0][0];
      return this.points.every((_, index) => this.isMultiple(other, index, number, SAME)) ? number : 0;
    }

    // What is to be added to this for the other at every point; 0 if that is not one number.
    shift(other) {
      const number = other.values[0][0] - this.values[0][0];
      const same = this.values.every((ours, index) => {
        const theirs = other.values[index];
        const rounding = CERTAIN * (ours[1] + theirs[1]);
        return Math.abs(theirs[0] - ours[0] - number) <= SAME * this.scale(index, SAME) + rounding;
      });
      return same ? number : 0;
    }
  }

  const truths = new Map();

  function truthAt(formula, regions) {
    const key = JSON.stringify([formula, regions]);
    if (!truths.has(key)) {
      const byRegion = pointsIn(regions);
      const points = byRegion.flat();
      const nothing = new Samples(points, points.map(() => [0, 0]), points.map(() => LARGE));
      let values;
      try {
        values = nothing.of(parse(formula, Object.keys(regions[0]))).values;
      } catch (fault) {
        if (!(fault instanceof NoValueError)) { throw fault; }
        const point = shownPoint(points[fault.index]);
        throw new Error(`truth must have a value everywhere, but at ${point} ${fault.says}.`);
      }
      const sizes = values.map(([one]) => Math.abs(one));
      const flat = FLAT * (Math.max(...sizes) || 1);
      const largest = byRegion.flatMap((group, index) => {
        const own = sizes.slice(index * group.length, (index + 1) * group.length);
        return group.map(() => Math.max(flat, ...own));
      });
      truths.set(key, new Samples(points, values, largest));
    }
    return truths.get(key);
  }

  // ---- Verdicts

  const verdictOf = (verdict, says, witness = null, position = null) =>
    ({ verdict, says, witness, position });
  // A value for the eye: six digits, three where rounding leaves fewer, zero where none.
  function sixDigits(pair) {
    const number = certain(pair);
    const uncertain = CERTAIN * pair[1];
    if (uncertain > 1e-8 * Math.abs(number)) {
      return uncertain <= 1e-4 * Math.abs(number) ? rounded(number, 3) : 0;
    }
    return rounded(number, 6);
  }
  const witnessAt = (point, yours, ours) => ({ point: Object.fromEntries(point), yours, ours });

  // mistakes: pairs of a formula and what to say of it.
  function compare(answer, truth, regions, mistakes = []) {
    const ours = truthAt(truth, regions);
    const names = Object.keys(regions[0]);
    const wrong = mistakes.map(([formula, says]) => [parse(formula, names), says]);
    let whole;
    try {
      whole = parse(answer, names);
    } catch (error) {
      if (!(error instanceof FormulaError)) { throw error; }
      return verdictOf("unreadable", error.says, null, error.position);
    }
    try {
      return judged(whole, ours.of(whole), ours, wrong);
    } catch (fault) {
      if (!(fault instanceof NoValueError)) { throw fault; }
      return undefinedAt(ours, fault);
    }
  }

  function judged(whole, yours, ours, wrong) {
    const different = ours.firstDifference(yours, SAME);
    if (different < 0) { return verdictOf("right", SAYS.get("right")); }
    const mistakes = wrong.map(([mistake, says]) => [defined(ours, mistake), says])
      .filter(([samples]) => samples);
    const knownTo = (tolerance) =>
      mistakes.find(([mistake]) => mistake.firstDifference(yours, tolerance) < 0);
    let known = knownTo(SAME);
    if (!known && someNumber(whole, (text) => text.includes("."))) {
      if (ours.firstDifference(yours, ROUNDED) < 0) {
        return verdictOf("rounded", SAYS.get("rounded"));
      }
      known = knownTo(ROUNDED);
    }
    if (known) { return verdictOf("known", known[1]); }
    const clear = ours.firstDifference(yours, ROUNDED);
    return wrongAt(ours, yours, clear < 0 ? different : clear);
  }

  function defined(ours, mistake) {
    try {
      return ours.of(mistake);
    } catch (fault) {
      if (fault instanceof NoValueError) { return null; }
      throw fault;
    }
  }

  function undefinedAt(ours, fault) {
    const point = ours.points[fault.index];
    const kind = point.size ? "undefined" : "undefined number";
    const says = filled(SAYS.get(kind), { point: shownPoint(point), fault: fault.says });
    return verdictOf("undefined", says, witnessAt(point, null, sixDigits(ours.values[fault.index])));
  }

  function wrongAt(ours, yours, index) {
    const point = ours.points[index];
    const left = sixDigits(yours.values[index]);
    const right = sixDigits(ours.values[index]);
    const numbers = { yours: shownNumber(left), ours: shownNumber(right) };
    const witness = witnessAt(point, left, right);
    if (!point.size) { return verdictOf("wrong", filled(SAYS.get("no names"), numbers), witness); }
    const seen = filled(SAYS.get("witness"), { point: shownPoint(point), ...numbers });
    const ratio = ours.ratio(yours);
    const shift = ratio ? 0 : ours.shift(yours);
    const ratioKind = Math.abs(ratio + 1) <= SAME ? "sign" : "ratio";
    const kind = ratio ? ratioKind : (shift ? "shift" : "wrong");
    const words = { number: shownNumber(ratio || shift), witness: seen };
    return verdictOf("wrong", filled(SAYS.get(kind), words), witness);
  }

  // ---- Numbers that are typed as answers

  function parseNumber(text) {
    const clean = Array.from(text);
    while (clean.length && SPACES.includes(clean[clean.length - 1])) { clean.pop(); }
    const percent = clean[clean.length - 1] === "%";
    if (percent) { clean.pop(); }
    const typed = clean.join("");
    if (!trimmed(typed)) { throw misread(0, "number"); }
    const whole = parse(typed, []);
    return value(percent ? tree("/", "", [whole, tree("number", "100", [])]) : whole);
  }

  function agrees(typed, truth, digits) {
    if (!(digits >= 1)) { throw new Error(`digits must be at least 1, but are ${digits}.`); }
    const exponent = truth ? Number(Math.abs(truth).toExponential().split("e")[1]) : 0;
    const unit = Number(`1e${exponent - digits + (truth ? 1 : 0)}`);
    return Math.abs(typed - truth) <= 0.5 * unit * (1 + 1e-9);
  }

  // ---- LaTeX

  const ACCENTS = table({ hat: "\\hat", bar: "\\bar", tilde: "\\tilde" });
  const GREEK_NAMES = new Set(GREEK.values());
  const LEVELS = new Map([["+", 1], ["-", 1], ["negative", 1], ["*", 2], ["^", 3]]);
  const levelOf = (whole) => LEVELS.get(whole.kind) || 4;
  // Brackets that grow where something tall stands in them.
  const inBrackets = (text) =>
    (/\\(frac|sqrt)/.test(text) ? `\\left(${text}\\right)` : `(${text})`);

  function latex(whole) {
    const { kind, text, parts } = whole;
    if (kind === "number") { return latexNumber(text); }
    if (kind === "constant") { return text === "pi" ? "\\pi" : "e"; }
    if (kind === "name") { return latexName(text); }
    if (kind === "call") { return latexCall(whole); }
    if (kind === "negative") { return `-${bracketed(parts[0], 2)}`; }
    if (kind === "/") { return `\\frac{${latex(parts[0])}}{${latex(parts[1])}}`; }
    if (kind === "^") { return latexPower(whole); }
    if (kind === "*") { return latexProduct(whole); }
    const least = kind === "-" || leadsWithSign(parts[1]) ? 2 : 1;
    return `${latex(parts[0])} ${kind} ${bracketed(parts[1], least)}`;
  }

  function bracketed(whole, least) {
    return levelOf(whole) >= least ? latex(whole) : inBrackets(latex(whole));
  }

  function leadsWithSign(whole) {
    let first = whole;
    while (["+", "-", "*"].includes(first.kind)) { first = first.parts[0]; }
    return first.kind === "negative";
  }

  function latexProduct({ parts: [left, right] }) {
    let first = right;
    while (first.kind === "*" || first.kind === "^") { first = first.parts[0]; }
    let last = left;
    while (last.kind === "*") { last = last.parts[1]; }
    const digits = first.kind === "number" || (first.kind === "/" && last.kind === "number");
    return `${bracketed(left, 2)} ${digits ? "\\cdot " : ""}${bracketed(right, 2)}`;
  }

  function latexPower({ parts: [base, exponent] }) {
    const raised = latex(exponent);
    const operator = base.kind === "call" && !/^log\d/.test(base.text) && OPERATORS_IN_LATEX.get(base.text);
    if (operator) { return `${operator}^{${raised}}${latexArguments(base)}`; }
    const openNumber = base.kind === "number" && base.text.includes("e");
    let text = latex(base);
    if (levelOf(base) < 4 || base.kind === "/" || openNumber) {
      text = inBrackets(text);
    } else if (base.kind === "name" && [...ACCENTS.values()].some((one) => text.startsWith(one))) {
      text = `{${text}}`;
    }
    return `${text}^{${raised}}`;
  }

  function latexCall(whole) {
    if (whole.text === "sqrt") { return `\\sqrt{${latex(whole.parts[0])}}`; }
    if (whole.text === "abs") { return `\\left|${latex(whole.parts[0])}\\right|`; }
    const name = OPERATORS_IN_LATEX.get(whole.text) || `\\operatorname{${whole.text}}`;
    return name + latexArguments(whole);
  }

  function latexArguments(whole) {
    const text = inBrackets(whole.parts.map(latex).join(", "));
    return text.startsWith("\\left") ? `{${text}}` : text; // no space after the function
  }

  function latexNumber(text) {
    const [mantissa, power] = text.split("e");
    if (!power) { return mantissa; }
    return `${mantissa === "1" ? "" : `${mantissa} \\cdot `}10^{${power}}`;
  }

  function latexName(name) {
    let [base, ...rest] = name.split("_").filter((part) => part);
    const digits = base.match(/[0-9]*$/)[0];
    if (digits) {
      base = base.slice(0, -digits.length);
      rest = [digits, ...rest];
    }
    let text = base.length === 1 ? base : latexWord(base);
    if (rest.length && ACCENTS.has(rest[0])) {
      text = `${ACCENTS.get(rest[0])}{${text}}`;
      rest = rest.slice(1);
    }
    const subscript = rest.map((part) => (part.length === 1 ? part : latexWord(part))).join(", ");
    return subscript ? `${text}_{${subscript}}` : text;
  }

  function latexWord(part) {
    if (GREEK_NAMES.has(part)) { return `\\${part}`; }
    return /^[0-9]+$/.test(part) ? part : `\\mathrm{${part}}`;
  }

  // ---- What pages use

  const lists = (map) => Array.from(map);
  const tables = {
    limits: [MOST_CHARACTERS, MOST_PARTS, MOST_DEEP, MOST_DIGITS, MOST_MAGNITUDE, MOST_EXPONENT],
    functions: lists(FUNCTIONS), aliases: lists(ALIASES), greek: lists(GREEK), signs: lists(SIGNS),
    marks: lists(MARKS), marked: lists(MARKED), refused: lists(REFUSED), spaces: SPACES,
    reading: lists(READING), undefined: lists(UNDEFINED), says: lists(SAYS), language: LANGUAGE,
  };
  const lossedu = globalThis.lossedu || (globalThis.lossedu = {});
  lossedu.formulas = Object.freeze({
    FormulaError, UndefinedError, RandomNumbers, seedOf, parse, text: textOf, value, latex, compare,
    parseNumber, agrees, pointsIn, shownNumber, language: LANGUAGE, tables,
  });
})();
