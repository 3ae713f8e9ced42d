// @ts-check
/**
 * JSON and base64 with exactly one spelling for each value (docs/spec/report.md, "Canonical JSON").
 *
 * Whatever is spelt otherwise is refused, so a signature or a hash over the bytes is one over the value.
 */

import { equal, text, utf8 } from "./bytes.js";
import { Malformed } from "./errors.js";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES = new Uint8Array(128).fill(255);
for (let value = 0; value < ALPHABET.length; value += 1) VALUES[ALPHABET.charCodeAt(value)] = value;
const CHUNK = 8_192;

/**
 * The one spelling of a value. Throws Malformed when a string is not Unicode.
 * @param {unknown} value
 */
export function encode(value) {
  return utf8(spelt(value));
}

/**
 * The value that `wire` spells. `shape` (below) throws Malformed on a value that is not of the format; so does this on
 * a length over `limit` bytes or a second spelling.
 * @template T
 * @param {Uint8Array} wire
 * @param {(value: unknown) => T} shape
 * @param {{ limit: number }} limits
 * @returns {T}
 */
export function decode(wire, shape, { limit }) {
  if (wire.length > limit) throw new Malformed(`longer than ${limit} bytes`);
  const spelling = text(wire);
  let parsed;
  try {
    parsed = JSON.parse(spelling);
  } catch (cause) {
    throw new Malformed("not JSON", { cause });
  }
  // The shape is checked first: after that the value is as deep as the format and no deeper.
  const value = shape(parsed);
  if (!equal(encode(parsed), wire)) throw new Malformed("not the canonical spelling");
  return value;
}

/**
 * An object that has each of these keys and no other, every value of its shape.
 * @param {Record<string, (value: any) => unknown>} shapes
 * @returns {(value: unknown) => any}
 */
export function object(shapes) {
  const names = Object.keys(shapes);
  return (value) => {
    const given = plainObject(value);
    if (Object.keys(given).length !== names.length) throw new Malformed("an object with other keys than its format has");
    return Object.fromEntries(
      names.map((name) => {
        if (!Object.hasOwn(given, name)) throw new Malformed(`the key ${name} is missing`);
        return [name, shapes[name](given[name])];
      }),
    );
  };
}

/**
 * An object of any keys that `isKey` knows, every value of one shape.
 * @template T
 * @param {(key: string) => boolean} isKey
 * @param {(value: unknown) => T} shape
 * @returns {(value: unknown) => Record<string, T>}
 */
export function map(isKey, shape) {
  return (value) => {
    const entries = Object.entries(plainObject(value));
    if (!entries.every(([key]) => isKey(key))) throw new Malformed("a key that the format does not have");
    return Object.fromEntries(entries.map(([key, inner]) => [key, shape(inner)]));
  };
}

/**
 * An array of `least` to `most` values of one shape.
 * @template T
 * @param {(value: unknown) => T} shape
 * @param {{ least?: number, most: number }} limits
 * @returns {(value: unknown) => T[]}
 */
export function array(shape, { least = 0, most }) {
  return (value) => {
    if (!Array.isArray(value)) throw new Malformed("not an array");
    if (value.length < least || value.length > most) throw new Malformed(`not ${least} to ${most} entries`);
    return value.map((entry) => shape(entry));
  };
}

/**
 * A string that `isRight` takes.
 * @param {(value: string) => boolean} isRight
 * @param {string} otherwise what is said of another one
 * @returns {(value: unknown) => string}
 */
export function string(isRight, otherwise) {
  return (value) => {
    if (typeof value !== "string" || !isRight(value)) throw new Malformed(otherwise);
    return value;
  };
}

/**
 * A whole number from `least` to `most`.
 * @param {number} least
 * @param {number} most
 * @returns {(value: unknown) => number}
 */
export function whole(least, most) {
  return (value) => {
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least || value > most) {
      throw new Malformed(`not a whole number from ${least} to ${most}`);
    }
    return value;
  };
}

/** True or false. @param {unknown} value @returns {boolean} */
export function boolean(value) {
  if (typeof value !== "boolean") throw new Malformed("neither true nor false");
  return value;
}

/** In base64 (RFC 4648, section 4), padded. @param {Uint8Array} bytes */
export function base64(bytes) {
  let spelling = "";
  for (let place = 0; place < bytes.length; place += CHUNK * 3) {
    spelling += btoa(String.fromCharCode(...bytes.subarray(place, place + CHUNK * 3)));
  }
  return spelling;
}

/** The bytes that `spelling` spells. Throws Malformed on a second spelling of them, such as one with line ends or with spare
 * bits set; its writer must mend it. @param {string} spelling */
export function unbase64(spelling) {
  const filling = spelling.endsWith("==") ? 2 : spelling.endsWith("=") ? 1 : 0;
  if (spelling.length % 4 !== 0) throw new Malformed("not base64");
  const bytes = new Uint8Array((spelling.length / 4) * 3 - filling);
  let held = 0;
  let end = 0;
  for (let place = 0; place < spelling.length - filling; place += 1) {
    const value = VALUES[spelling.charCodeAt(place)];
    if (!(value < 64)) throw new Malformed("not base64");
    held = (held << 6) | value;
    if (place % 4 === 0) continue;
    const spare = 6 - 2 * (place % 4);
    bytes[end] = held >> spare;
    held &= (1 << spare) - 1;
    end += 1;
  }
  if (held !== 0) throw new Malformed("not the one spelling in base64");
  return bytes;
}

/** @param {unknown} value @returns {Record<string, unknown>} */
function plainObject(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Malformed("not an object");
  return /** @type {Record<string, unknown>} */ (value);
}

/** @param {unknown} value @returns {string} */
function spelt(value) {
  if (Array.isArray(value)) return `[${value.map(spelt).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
    return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${spelt(inner)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}
