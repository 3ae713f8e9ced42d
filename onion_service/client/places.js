// @ts-check
/**
 * A place is found by what a person types of its name: accents, case, the order of words and one slip do not matter.
 *
 * `gazetteer` is made once for a directory; `search` is quick enough to be asked at every key without a JIT.
 */

/** @typedef {{ id: string, name: string }} Place A place of the directory. */
/**
 * A place and its words: those of the place itself, before the comma, and those of what it lies in.
 * @typedef {{ place: Place, plain: string, own: string[], around: string[] }} Entry
 */
/** @typedef {readonly Entry[]} Gazetteer */

// A slip is forgiven in a word that is long enough to be told from others without one letter.
const FORGIVEN_FROM = 5;
const NEVER = 6;
/** The ways in which a place may be found, the best first. */
const Found = { NAME: 0, NAME_BEGINS: 1, OWN_WORD: 2, ANY_WORD: 3, INSIDE: 4, SLIP: 5 };

/** The places, made ready to be searched. @param {readonly Place[]} places @returns {Gazetteer} */
export function gazetteer(places) {
  return places.map((place) => {
    const [name, ...rest] = place.name.split(",");
    const [own, around] = [words(name), words(rest.join(" "))];
    return { place, plain: [...own, ...around].join(" "), own, around };
  });
}

/**
 * The places whose name has every word that was typed, the best `limit` of them.
 *
 * First those whose name is or begins with what was typed, then those with words that begin so, then those with words that
 * have it inside, then those that are one letter away; among equals in the order of the directory.
 * @param {Gazetteer} places
 * @param {string} typed
 * @param {{ limit?: number }} [choice]
 * @returns {Place[]}
 */
export function search(places, typed, { limit = 8 } = {}) {
  const wanted = words(typed);
  if (wanted.length === 0) return [];
  const plain = wanted.join(" ");
  /** @type {Place[][]} */
  const found = Array.from({ length: NEVER }, () => []);
  for (const entry of places) {
    const way = wayTo(entry, wanted, plain);
    if (way < NEVER) found[way].push(entry.place);
  }
  return found.flat().slice(0, limit);
}

/** The words of a text in small letters without accents. @param {string} text */
function words(text) {
  const plain = text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  return plain.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");
}

/** How the place is found, or NEVER. @param {Entry} entry @param {string[]} wanted @param {string} plain */
function wayTo({ plain: name, own, around }, wanted, plain) {
  if (name.startsWith(plain)) {
    const next = name.charAt(plain.length);
    return next === "" || next === " " ? Found.NAME : Found.NAME_BEGINS;
  }
  let [worst, ofItsOwn] = [Found.ANY_WORD, false];
  for (const typed of wanted) {
    const way = wayInto(own, typed);
    ofItsOwn ||= way === Found.ANY_WORD;
    worst = Math.max(worst, Math.min(way, wayInto(around, typed)));
  }
  return worst === Found.ANY_WORD && ofItsOwn ? Found.OWN_WORD : worst;
}

/** How one typed word is found among these. @param {string[]} words @param {string} typed */
function wayInto(words, typed) {
  let way = NEVER;
  for (const word of words) {
    const at = word.indexOf(typed);
    if (at === 0) return Found.ANY_WORD;
    if (at > 0) way = Found.INSIDE;
    else if (way === NEVER && typed.length >= FORGIVEN_FROM && beginsWithOneSlip(word, typed)) way = Found.SLIP;
  }
  return way;
}

/** Whether the word begins with what was typed but for one letter too many, missing, wrong or changed with the next.
 * @param {string} word @param {string} typed */
function beginsWithOneSlip(word, typed) {
  let at = 0;
  while (at < typed.length && typed[at] === word[at]) at += 1;
  const rest = typed.slice(at + 1);
  return (
    word.startsWith(rest, at + 1) ||
    word.startsWith(rest, at) ||
    word.startsWith(typed.slice(at), at + 1) ||
    (typed[at] === word[at + 1] && typed[at + 1] === word[at] && word.startsWith(typed.slice(at + 2), at + 2))
  );
}
