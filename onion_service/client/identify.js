// @ts-check
/**
 * What in a text may identify its writer or others is pointed at, and the text stays as it is (docs/spec/cleaning.md).
 *
 * The writer decides. The patterns are Python's (identify-tables.js); each looks at a bounded piece of text from each place.
 */

import { TABLES } from "./identify-tables.js";

/** @typedef {{ kind: string, start: number, end: number }} Finding `text.slice(start, end)` may identify somebody, and why. */
/** @typedef {{ kind: string, pattern: RegExp, written: boolean, card: boolean }} Rule */

const NOTHING = "";
const CLABE_LEN = 18;
const CLABE_WEIGHTS = [3, 7, 1];
const [CARD_MIN, CARD_MAX] = [13, 19];
const CAPITAL = /[A-Z\u00c0-\u024f\u1e00-\u1eff]/g;

/** @type {Rule[] | undefined} */
let compiled;

/**
 * Every part of a clean text that may identify somebody, in order, none over another.
 *
 * Where two meet, the longer one is kept, then the more serious one. Any string is accepted; `start` and `end` count UTF-16
 * units and never part a character.
 * @param {string} text
 * @returns {Finding[]}
 */
export function identifying(text) {
  compiled ??= TABLES.rules.map(([kind, pattern, view, check]) => ({
    kind,
    pattern: new RegExp(whole(pattern), "gu"),
    written: view === "written",
    card: check === "card",
  }));
  const plain = folded(text);
  /** @type {Finding[]} */
  const found = [];
  for (const { kind, pattern, written, card } of compiled) {
    for (const match of (written ? text : plain).matchAll(pattern)) {
      const end = match.index + match[0].length;
      const part = match[1] ?? match[0];
      if (!card || isCard(part)) found.push({ kind, start: end - part.length, end });
    }
  }
  return apart(found, text.length).filter(({ kind }) => kind !== NOTHING);
}

/** The text in small letters without accents, every character at its place. @param {string} text */
export function folded(text) {
  return text.replace(CAPITAL, (letter) => {
    const [base] = letter.normalize("NFD");
    return /[A-Za-z]/.test(base) ? base.toLowerCase() : letter;
  });
}

/** The findings that stay where several meet, in order. @param {Finding[]} found @param {number} length */
function apart(found, length) {
  const taken = new Uint8Array(length);
  const seriousness = new Map(TABLES.kinds.map((kind, at) => [kind, at]));
  const rank = (/** @type {Finding} */ { kind }) => /** @type {number} */ (seriousness.get(kind));
  const kept = [];
  const longestFirst = found.sort((a, b) => b.end - b.start - (a.end - a.start) || rank(a) - rank(b) || a.start - b.start);
  for (const finding of longestFirst) {
    // A longer one is there already, so it covers one end of this one or does not meet it.
    if (taken[finding.start] || taken[finding.end - 1]) continue;
    taken.fill(1, finding.start, finding.end);
    kept.push(finding);
  }
  return kept.sort((a, b) => a.start - b.start);
}

/** Whether the digits are those of a bank card or a CLABE: their last digit is the one their others give. @param {string} written */
function isCard(written) {
  const digits = [...written].filter((character) => character >= "0" && character <= "9").map(Number);
  if (digits.length === CLABE_LEN) {
    const sum = digits.slice(0, -1).reduce((all, digit, at) => all + ((digit * CLABE_WEIGHTS[at % 3]) % 10), 0);
    if ((sum + digits[CLABE_LEN - 1]) % 10 === 0) return true;
  }
  if (digits.length < CARD_MIN || digits.length > CARD_MAX || digits[0] < 3 || digits[0] > 6) return false;
  const doubled = digits.reverse().map((digit, at) => (at % 2 === 0 ? digit : digit < 5 ? 2 * digit : 2 * digit - 9));
  return doubled.reduce((all, digit) => all + digit, 0) % 10 === 0;
}

/** The pattern with its parts in their places. @param {string} pattern */
function whole(pattern) {
  for (;;) {
    const filled = pattern.replace(/<([A-Za-z]+)>/g, (_, name) => TABLES.parts[name]);
    if (filled === pattern) return pattern;
    pattern = filled;
  }
}
