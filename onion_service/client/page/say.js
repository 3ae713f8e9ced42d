// @ts-check
/**
 * What the page says, in every language at once; the style shows the one that was chosen (docs/spec/page.md).
 *
 * A message is its Spanish text. `messages.js` is written from the catalogues, and a message that is missing there stops the
 * script instead of showing a hole.
 */

import { LANGUAGES, MESSAGES } from "./messages.js";

/** @typedef {import("../directory.js").Words} Words */
/** A value in a message: plain, or different in each language. @typedef {string | number | Record<string, string>} Value */

/** The message in every language. `{name}` in it stands for a value. @param {string} message @param {Record<string, Value>} [values] */
export function say(message, values = {}) {
  const translated = MESSAGES[message];
  if (translated === undefined) throw new Error("a message without a catalogue");
  return LANGUAGES.map(({ code, direction }) => {
    const text = translated[code] ?? message;
    return span(code, direction, text.replaceAll(/\{(\w+)\}/g, (_, name) => inLanguage(values[name], code)));
  });
}

/** Words of the directory, which has Spanish and English; every other language shows Spanish. @param {Words} words */
export function sayWords(words) {
  const said = { es: words.es || words.en, en: words.en || words.es };
  return LANGUAGES.map(({ code, direction }) => span(code, direction, inLanguage(said, code)));
}

/** The language that is shown. */
export function chosenLanguage() {
  const chosen = document.querySelector("input[name=lang]:checked");
  return chosen instanceof HTMLInputElement ? chosen.value : LANGUAGES[0].code;
}

/** @param {Value | undefined} value @param {string} code */
function inLanguage(value, code) {
  if (value === undefined) throw new Error("a message without one of its values");
  return typeof value === "object" ? (value[code] ?? value[LANGUAGES[0].code]) : String(value);
}

/** @param {string} code @param {string} direction @param {string} text */
function span(code, direction, text) {
  const element = document.createElement("span");
  element.className = "t";
  element.lang = code;
  if (direction === "rtl") element.dir = direction;
  element.textContent = text;
  return element;
}
