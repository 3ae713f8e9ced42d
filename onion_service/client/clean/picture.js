// @ts-check
/** What a cleaned photo is, the limits that all formats share, and numbers in their bytes (docs/spec/cleaning.md, "Photos"). */

import { joined } from "../bytes.js";
import { MalformedPhotoError, TooLargePhotoError } from "./errors.js";

/** @typedef {import("./counts.js").Counts} Counts */
/**
 * A clean photo, and how many parts of each kind were removed or written anew, by kind.
 * @typedef {{ data: Uint8Array, mediaType: string, width: number, height: number, removed: Record<string, number> }} CleanPhoto
 */
/** @typedef {readonly [width: number, height: number]} Size */

export const MAX_PHOTO_LEN = 64 * 1_048_576;
export const MAX_PIXELS = 268_435_456;

/**
 * The parts as one photo.
 * @param {Uint8Array[]} parts
 * @param {{ mediaType: string, size: Size, removed: Counts }} about
 * @returns {CleanPhoto}
 */
export function finished(parts, { mediaType, size, removed }) {
  return { data: joined(parts), mediaType, width: size[0], height: size[1], removed: removed.sorted() };
}

/** Width and height, when a picture can have them and a desk can open it. @param {number} width @param {number} height @returns {Size} */
export function checkedSize(width, height) {
  if (width === 0 || height === 0) throw new MalformedPhotoError("a picture without width or height");
  if (width * height > MAX_PIXELS) throw new TooLargePhotoError(`more than ${MAX_PIXELS} pixels`);
  return [width, height];
}

/** That many bytes from there, or the photo is cut off. @param {Uint8Array} data @param {number} start @param {number} length */
export function exactly(data, start, length) {
  if (start + length > data.length) throw new MalformedPhotoError("the photo is cut off");
  return data.subarray(start, start + length);
}

/** Whether the bytes at `place` are those of an ASCII text. @param {Uint8Array} data @param {string} label @param {number} [place] */
export function says(data, label, place = 0) {
  if (place + label.length > data.length) return false;
  for (let at = 0; at < label.length; at += 1) {
    if (data[place + at] !== label.charCodeAt(at)) return false;
  }
  return true;
}

/** The bytes of an ASCII text. @param {string} label */
export function ascii(label) {
  return Uint8Array.from(label, (character) => character.charCodeAt(0));
}

/** The ASCII text of bytes. @param {Uint8Array} bytes */
export function label(bytes) {
  return String.fromCharCode(...bytes);
}

/** The number in a few bytes, the low byte first. What is not there is not counted. @param {Uint8Array} data @param {number} place @param {number} length */
export function little(data, place, length) {
  let value = 0;
  for (let at = Math.min(place + length, data.length) - 1; at >= place; at -= 1) value = value * 256 + data[at];
  return value;
}

/** The number in a few bytes, the high byte first. What is not there is not counted. @param {Uint8Array} data @param {number} place @param {number} length */
export function big(data, place, length) {
  let value = 0;
  for (let at = place; at < Math.min(place + length, data.length); at += 1) value = value * 256 + data[at];
  return value;
}

/** A number in so many bytes, the low byte first. @param {number} value @param {number} length */
export function littleBytes(value, length) {
  return Uint8Array.from({ length }, (_, at) => Math.floor(value / 256 ** at) % 256);
}

/** A number in so many bytes, the high byte first. @param {number} value @param {number} length */
export function bigBytes(value, length) {
  return littleBytes(value, length).reverse();
}
