// @ts-check
/**
 * A text leaves with what it says and nothing that tells its copies apart (docs/spec/cleaning.md, "Text").
 *
 * A copy marked with invisible, look-alike or oddly spaced characters and a copy without the marks come out equal.
 */

import { Counts } from "./counts.js";
import { TABLES } from "./tables.js";

/** @typedef {{ base: string, script: string | undefined, marks: string[] }} Letter One character and the marks on it. */
/** @typedef {[first: number, last: number][]} Ranges */
/** @typedef {{ kind: string | undefined, plain: string }} Form What became of a character, and the kind of change. */

const LATIN = "latin";
const [STROKE, BREVE, CARON, DOT_ABOVE] = ["\u0335", "\u0306", "\u030c", "\u0307"];
const FIRST_REGIONAL = 0x1f1e6;
const FIRST_CAPITAL = 0x41;
const KEYBOARD = /^[\n\x20-\x5f\x61-\x7e]$/;
const DIGIT = /^[0-9]$/;

/** @type {[string, Ranges][]} */
const REMOVED = TABLES.removed;
/** @type {[string, Ranges][]} */
const LETTERS = TABLES.letters;
const MARKS = [...TABLES.marks];
/** @type {Map<string, Set<string>>} */
const MARKS_OF = new Map(Object.entries(TABLES.marks_of).map(([script, marks]) => [script, new Set(marks)]));
/** @type {[string, Map<string, string>][]} */
const MADE_PLAIN = [
  ["typography", byCharacter([TABLES.plain])],
  ["lookalike", byCharacter(TABLES.lookalike_letters)],
  ["lookalike", byCharacter([TABLES.same_marks])],
];
/** @type {Map<string, string>} */
const STROKES = new Map(Object.entries(TABLES.strokes));
const STROKED = new Map([...STROKES].map(([stroked, plain]) => [plain, stroked]));
/** @type {Map<string, Map<string, string>>} */
const TO_SCRIPT = new Map(
  Object.entries(TABLES.pairs).map(([script, pairs]) => [
    script,
    new Map(parted(pairs).map(([letter, plain]) => [plain, letter])),
  ]),
);
const TO_LATIN = new Map([TABLES.pairs, TABLES.towards_latin].flatMap((table) => Object.values(table).flatMap(parted)));
const MISTAKABLE = new Set([...TO_LATIN.keys(), ...[...TO_LATIN.values()].join("")]);

/**
 * The text with every mark that could tell one copy from another removed or made plain.
 *
 * Any string is accepted, lone surrogates too. The result is in Unicode form C, is its own clean form, and has at most six
 * times as many code points as the text. `removed`: how many characters of each kind were removed or made plain.
 * @param {string} text
 */
export function cleanText(text) {
  const counts = new Counts();
  const written = [];
  /** @type {Letter[]} */
  let line = [];
  for (const letter of [...letters(plainCharacters(text, counts), counts), undefined]) {
    if (letter !== undefined && letter.base !== "\n") {
      line.push(letter);
      continue;
    }
    for (const held of inOneScript(line, counts)) written.push(writtenLetter(held, counts));
    if (letter !== undefined) written.push("\n");
    line = [];
  }
  const even = evenlySpaced(written.join("").normalize("NFC"), counts);
  return { text: even, removed: counts.sorted() };
}

/** The plain characters of each character: decomposed, and with signs as on a keyboard. @param {string} text @param {Counts} counts */
function* plainCharacters(text, counts) {
  const joined = text.replaceAll("\r\n", "\n");
  counts.add("line", text.length - joined.length);
  let last = "";
  let lastCode = 0;
  for (const code of wholeFlags(joined, counts)) {
    const { kind, plain } = plainForm(code);
    if (kind !== undefined) counts.add(kind);
    const characters = [...plain];
    if (characters.length === 0) continue;
    if (DIGIT.test(last) && DIGIT.test(characters[0])) {
      if (isIn(TABLES.raised, code) && !isIn(TABLES.raised, lastCode)) yield "^";
      else if (isIn(TABLES.parted, code) || isIn(TABLES.parted, lastCode)) yield " ";
    }
    yield* characters;
    last = characters[characters.length - 1];
    lastCode = code;
  }
}

/** The code points, where a pair of regional letters is one flag and a single one is nothing. @param {string} text @param {Counts} counts */
function* wholeFlags(text, counts) {
  let held = "";
  for (const character of text) {
    const code = codeOf(character);
    if (isIn(TABLES.regional, code)) {
      held += String.fromCharCode(code - FIRST_REGIONAL + FIRST_CAPITAL);
      if (held.length === 2) {
        /** @type {string} */
        const flag = TABLES.same_flags[held] ?? held;
        counts.add("emoji", flag !== held);
        yield flag.charCodeAt(0) - FIRST_CAPITAL + FIRST_REGIONAL;
        yield flag.charCodeAt(1) - FIRST_CAPITAL + FIRST_REGIONAL;
        held = "";
      }
      continue;
    }
    if (held !== "" && !REMOVED.some(([, ranges]) => isIn(ranges, code))) {
      counts.add("emoji");
      held = "";
    }
    yield code;
  }
  counts.add("emoji", held !== "");
}

/** What a code point becomes, and the kind of change, or none where it stays as it is. @param {number} code @returns {Form} */
function plainForm(code) {
  const character = String.fromCodePoint(code);
  if (KEYBOARD.test(character) || isIn(TABLES.regional, code)) return { kind: undefined, plain: character };
  if (isIn(TABLES.line_ends, code)) return { kind: "line", plain: "\n" };
  if (isIn(TABLES.spaces, code)) return { kind: "space", plain: " " };
  const removed = REMOVED.find(([, ranges]) => isIn(ranges, code));
  if (removed !== undefined) return { kind: removed[0], plain: "" };
  for (const [kind, table] of MADE_PLAIN) {
    const plain = table.get(character);
    if (plain !== undefined) return { kind, plain };
  }
  const run = fromARun(code);
  return run === "" ? decomposedForm(character) : { kind: "style", plain: run };
}

/** @param {number} code */
function fromARun(code) {
  for (const [first, last, start] of [...TABLES.digit_runs, ...TABLES.letter_runs]) {
    if (code >= first && code <= last) return String.fromCharCode(start.charCodeAt(0) + code - first);
  }
  for (const [first, last, value] of TABLES.number_runs) {
    if (code >= first && code <= last) return String(value + code - first);
  }
  return "";
}

/** @param {string} character @returns {Form} */
function decomposedForm(character) {
  if (!isIn(TABLES.decomposed, codeOf(character))) {
    const stroked = STROKES.get(character);
    const plain = keptOf(stroked === undefined ? character : stroked + STROKE);
    return { kind: plain === "" ? "other" : undefined, plain };
  }
  const parts = character.normalize("NFKD");
  const plain = [...parts].map((part) => keptOf(partMadePlain(part))).join("");
  if (plain === "") return { kind: "other", plain };
  return { kind: parts === character.normalize("NFD") ? undefined : "style", plain };
}

/** @param {string} part */
function partMadePlain(part) {
  const stroked = STROKES.get(part);
  if (stroked !== undefined) return stroked + STROKE;
  if (isIn(TABLES.spaces, codeOf(part))) return " ";
  for (const [, table] of MADE_PLAIN) {
    const plain = table.get(part);
    if (plain !== undefined) return plain;
  }
  return fromARun(codeOf(part)) || part;
}

/** @param {string} characters */
function keptOf(characters) {
  return [...characters]
    .filter((one) => MARKS.includes(one) || isIn(TABLES.signs, codeOf(one)) || scriptOf(one) !== undefined)
    .join("");
}

/** @param {string} character */
function scriptOf(character) {
  return LETTERS.find(([, ranges]) => isIn(ranges, codeOf(character)))?.[0];
}

/** Characters with their marks. A mark that stands on nothing, twice or on no letter is removed. @param {Iterable<string>} characters @param {Counts} counts */
function letters(characters, counts) {
  /** @type {Letter[]} */
  const found = [];
  for (const character of characters) {
    const current = found[found.length - 1];
    if (!MARKS.includes(character)) {
      found.push({ base: character, script: scriptOf(character), marks: [] });
    } else if (current?.script !== undefined && !current.marks.includes(character)) {
      current.marks.push(character);
    } else {
      counts.add("mark");
    }
  }
  return found;
}

/** The line, every word of it in the one script its unmistakable letters are of, or else in the line's. @param {Letter[]} line @param {Counts} counts */
function inOneScript(line, counts) {
  const lineScript = mostTold(line);
  /** @type {Letter[]} */
  const written = [];
  for (let start = 0, end = 0; start < line.length; start = end) {
    while (end < line.length && isOfAWord(line[end])) end += 1;
    if (end === start) {
      written.push(line[end]);
      end += 1;
      continue;
    }
    const word = line.slice(start, end);
    const told = [...tellingOf(word).keys()];
    const script = told.length === 0 ? lineScript : told.length === 1 ? told[0] : LATIN;
    for (const letter of word) for (const one of inScript(script, letter, counts)) written.push(one);
  }
  return written;
}

/** @param {Letter} letter */
function isOfAWord({ base, script }) {
  return script !== undefined || DIGIT.test(base);
}

/** The script told most often; Latin unless another has more. @param {Letter[]} line */
function mostTold(line) {
  const told = tellingOf(line);
  return [LATIN, ...LETTERS.map(([script]) => script)].reduce((best, script) =>
    (told.get(script) ?? 0) > (told.get(best) ?? 0) ? script : best,
  );
}

/** How many letters without a look-alike tell each script. @param {Letter[]} letters */
function tellingOf(letters) {
  /** @type {Map<string, number>} */
  const told = new Map();
  for (const { base, script } of letters) {
    if (script !== undefined && !MISTAKABLE.has(base)) told.set(script, (told.get(script) ?? 0) + 1);
  }
  return told;
}

/** @param {string} script @param {Letter} letter @param {Counts} counts @returns {Letter[]} */
function inScript(script, letter, counts) {
  let plain = TO_LATIN.get(letter.base) ?? letter.base;
  if (script !== LATIN) {
    plain = letter.script === script ? letter.base : TO_SCRIPT.get(script)?.get(plain) ?? letter.base;
  }
  if (plain === letter.base) return [letter];
  counts.add("lookalike");
  const bases = [...plain];
  return bases.map((base, at) => ({
    base,
    script: scriptOf(base),
    marks: at === bases.length - 1 ? letter.marks : [],
  }));
}

/** The letter and its marks in their one order; a stroke makes a letter of its own or is removed. @param {Letter} letter @param {Counts} counts */
function writtenLetter({ base, script, marks }, counts) {
  const given = new Set(marks);
  const own = MARKS_OF.get(script ?? "");
  const fitting = new Set(marks.filter((mark) => own?.has(mark)));
  const stroked = STROKED.get(base);
  if (stroked === undefined) fitting.delete(STROKE);
  if (TABLES.dotted.includes(base)) fitting.delete(DOT_ABOVE);
  const isCaron = script === LATIN && !TABLES.breve_letters.includes(base);
  const [wrong, right] = isCaron ? [BREVE, CARON] : [CARON, BREVE];
  if (fitting.delete(wrong)) {
    counts.add("lookalike");
    fitting.add(right);
    given.delete(wrong);
    given.add(right);
  }
  const kept = MARKS.filter((mark) => fitting.has(mark)).slice(0, TABLES.marks_per_letter);
  counts.add("mark", given.size - kept.length);
  // The stroke comes first in the order of marks.
  return stroked !== undefined && kept[0] === STROKE ? stroked + kept.slice(1).join("") : base + kept.join("");
}

/** One space between words, none at the ends of lines, at most one empty line, no loose ends. @param {string} text @param {Counts} counts */
function evenlySpaced(text, counts) {
  const lines = text.split("\n").map((line) => line.split(" ").filter((word) => word !== "").join(" "));
  const spaced = lines.filter((line, at) => line !== "" || (at > 0 && lines[at - 1] !== ""));
  const even = spaced.join("\n").replace(/^\n+/, "").replace(/\n+$/, "");
  counts.add("line", countOf(text, "\n") - countOf(even, "\n"));
  counts.add("space", countOf(text, " ") - countOf(even, " "));
  return even;
}

/** @param {string} text @param {string} character */
function countOf(text, character) {
  return text.split(character).length - 1;
}

/** Whether a code point is in sorted ranges. @param {Ranges} ranges @param {number} code */
function isIn(ranges, code) {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[middle][1] < code) low = middle + 1;
    else high = middle;
  }
  return low < ranges.length && ranges[low][0] <= code;
}

/** @param {string} character */
function codeOf(character) {
  return /** @type {number} */ (character.codePointAt(0));
}

/** @param {Record<string, string>[]} tables */
function byCharacter(tables) {
  return new Map(
    tables.flatMap((table) =>
      Object.entries(table).flatMap(([plain, characters]) =>
        [...characters].map((character) => /** @type {[string, string]} */ ([character, plain])),
      ),
    ),
  );
}

/** Strings of a letter and what it passes for, as pairs. @param {any} pairs @returns {[string, string][]} */
function parted(pairs) {
  return pairs.map((/** @type {string} */ pair) => {
    const [letter, ...plain] = pair;
    return [letter, plain.join("")];
  });
}
