// @ts-check
/**
 * Byte strings: joined, compared, read and written as numbers and as text.
 *
 * Numbers on the wire are big-endian and unsigned (docs/spec/glossary.md).
 */

import { Malformed } from "./errors.js";

const ENCODER = new TextEncoder();
// A byte order mark is a character like any other, so it is refused where it does not belong.
const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const HALF_SURROGATE = /\p{Surrogate}/u;
// What Python calls white space; trim() of JavaScript would differ in U+001C to U+001F, U+0085 and U+FEFF.
const SPACE = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const SPACE_BEFORE = new RegExp(`^${SPACE}+`);
const SPACES_ALONE = new RegExp(`^${SPACE}*$`);

/** One after the other, few. @param {...Uint8Array} parts */
export function concat(...parts) {
  return joined(parts);
}

/** One after the other, however many. @param {Uint8Array[]} parts */
export function joined(parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let place = 0;
  for (const part of parts) {
    whole.set(part, place);
    place += part.length;
  }
  return whole;
}

/** Whether both are the same bytes, in a time that depends on their lengths alone. @param {Uint8Array} one @param {Uint8Array} other */
export function equal(one, other) {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let place = 0; place < one.length; place += 1) difference |= one[place] ^ other[place];
  return difference === 0;
}

/** Below zero, zero or above it as `one` stands before, with or after `other`. @param {Uint8Array} one @param {Uint8Array} other */
export function compare(one, other) {
  const length = Math.min(one.length, other.length);
  for (let place = 0; place < length; place += 1) {
    if (one[place] !== other[place]) return one[place] - other[place];
  }
  return one.length - other.length;
}

/** The number that these bytes (at most eight) are; above 2^53 it is not exact, but it is above 2^53. @param {Uint8Array} bytes */
export function number(bytes) {
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}

/** A whole number below 2^53 as so many bytes. @param {number} value @param {number} length */
export function numbered(value, length) {
  const bytes = new Uint8Array(length);
  for (let place = length - 1, left = value; place >= 0; place -= 1) {
    bytes[place] = left % 256;
    left = Math.floor(left / 256);
  }
  return bytes;
}

/** Text in UTF-8. Throws Malformed when it is not Unicode. @param {string} text */
export function utf8(text) {
  if (HALF_SURROGATE.test(text)) throw new Malformed("a string has half a surrogate pair");
  return ENCODER.encode(text);
}

/** The text of bytes in UTF-8. Throws Malformed. @param {Uint8Array} bytes */
export function text(bytes) {
  try {
    return DECODER.decode(bytes);
  } catch (cause) {
    throw new Malformed("not UTF-8", { cause });
  }
}

/** In small letters. @param {Uint8Array} bytes */
export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The bytes that hexadecimal text in small letters spells. Throws Malformed. @param {string} digits */
export function unhex(digits) {
  if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/.test(digits)) throw new Malformed("not hexadecimal");
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) => parseInt(digits.slice(2 * at, 2 * at + 2), 16));
}

/** The text without the white space around it. @param {string} given */
export function stripped(given) {
  const from = given.replace(SPACE_BEFORE, "");
  let end = from.length;
  while (end > 0 && SPACES_ALONE.test(from[end - 1])) end -= 1;
  return from.slice(0, end);
}

/** Whether this is white space and nothing else. @param {string} given */
export function isBlank(given) {
  return SPACES_ALONE.test(given);
}
