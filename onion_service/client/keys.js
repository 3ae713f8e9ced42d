// @ts-check
/** Fingerprints as words that two people can read to each other (docs/spec/keys.md, "Fingerprint words"). */

import { WORDS } from "./words.js";

const FINGERPRINT_WORDS = 12;
const WORD_BITS = 11;

/** The first 132 bits of a SHA-256 fingerprint as twelve Spanish words. @param {Uint8Array} fingerprint */
export function fingerprintWords(fingerprint) {
  const words = [];
  for (let word = 0; word < FINGERPRINT_WORDS; word += 1) {
    let index = 0;
    for (let bit = word * WORD_BITS; bit < (word + 1) * WORD_BITS; bit += 1) {
      index = index * 2 + ((fingerprint[bit >> 3] >> (7 - (bit & 7))) & 1);
    }
    words.push(WORDS[index]);
  }
  return words.join(" ");
}
