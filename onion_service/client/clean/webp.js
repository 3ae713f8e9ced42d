// @ts-check
/** A WebP leaves with its picture or frames, in a container written anew (docs/spec/cleaning.md, "WebP"). */

import { concat, joined } from "../bytes.js";
import { Counts } from "./counts.js";
import { MalformedPhotoError, UnsupportedPhotoError } from "./errors.js";
import { UPRIGHT, smallestExif, takeOrientation } from "./orientation.js";
import { ascii, checkedSize, exactly, finished, label, little, littleBytes } from "./picture.js";

/** @typedef {import("./picture.js").Size} Size */
/** @typedef {{ chunks: Uint8Array, size: Size, clear: boolean, lossless: boolean }} Picture
 * One picture: its chunks as they are written, its size, and whether some of it can be seen through. */

const RIFF_HEAD_LEN = 12;
const [EXTENDED_LEN, LOOP_LEN, FRAME_HEAD_LEN] = [10, 6, 16];
const [ANIMATED, WITH_EXIF, WITH_ALPHA] = [0x02, 0x08, 0x10];
const [LOSSY_HEAD_LEN, LOSSLESS_HEAD_LEN] = [10, 5];
const LOSSY_START = 0x2a019d;
const LOSSLESS_START = 0x2f;
const MAX_FRAMES = 10_000;
const KIND_OF_CHUNK = new Map([
  ["ICCP", "colour"],
  ["XMP ", "xmp"],
  ["EXIF", "exif"],
]);

/** What was read so far. */
class Reading {
  /** @param {Counts} removed */
  constructor(removed) {
    this.removed = removed;
  }
  /** @type {Uint8Array | undefined} */
  extended = undefined;
  /** @type {Uint8Array | undefined} */
  loop = undefined;
  /** @type {Uint8Array | undefined} */
  alpha = undefined;
  orientation = UPRIGHT;
  /** @type {Picture | undefined} */
  picture = undefined;
  /** @type {Uint8Array[]} */
  frames = [];
  clear = false;
}

/** The clean WebP: the same picture, or the same frames, times and loop. @param {Uint8Array} data */
export function clean(data) {
  const reading = new Reading(new Counts());
  const end = little(data, 4, 4) + 8;
  exactly(data, 0, Math.max(end, RIFF_HEAD_LEN));
  reading.removed.add("trailing", end < data.length);
  let isFirst = true;
  for (const { name, body } of chunks(data, RIFF_HEAD_LEN, end, reading.removed)) {
    take(reading, name, body, isFirst);
    isFirst = false;
  }
  if (reading.alpha !== undefined || reading.frames.length > 0 === (reading.picture !== undefined)) {
    throw new MalformedPhotoError("no picture, or more than one");
  }
  const { inner, size } = reading.frames.length > 0 ? animated(reading) : still(reading);
  const body = concat(ascii("WEBP"), inner);
  const parts = [ascii("RIFF"), littleBytes(body.length, 4), body];
  return finished(parts, { mediaType: "image/webp", size, removed: reading.removed });
}

/** @param {Uint8Array} data @param {number} start @param {number} end @param {Counts} removed */
function* chunks(data, start, end, removed) {
  for (let place = start; place < end; ) {
    if (place + 8 > end) throw new MalformedPhotoError("bytes that are no chunk");
    const length = little(data, place + 4, 4);
    const odd = length % 2;
    if (place + 8 + length + odd > end) throw new MalformedPhotoError("the photo is cut off");
    removed.add("padding", odd === 1 && data[place + 8 + length] !== 0);
    yield { name: label(data.subarray(place, place + 4)), body: data.subarray(place + 8, place + 8 + length) };
    place += 8 + length + odd;
  }
}

/** @param {Reading} reading @param {string} name @param {Uint8Array} body @param {boolean} isFirst */
function take(reading, name, body, isFirst) {
  switch (name) {
    case "VP8X":
      reading.extended = only(body, EXTENDED_LEN, !isFirst);
      break;
    case "ANIM":
      reading.loop = concat(new Uint8Array(4), only(body, LOOP_LEN, reading.loop !== undefined).subarray(4));
      reading.removed.add("colour", body.subarray(0, 4).some((byte) => byte !== 0));
      break;
    case "ANMF":
      takeFrame(reading, body);
      break;
    case "ALPH":
      if (reading.alpha !== undefined || reading.picture !== undefined) throw new MalformedPhotoError("more than one picture");
      reading.alpha = alpha(body);
      break;
    case "VP8 ":
    case "VP8L":
      if (reading.picture !== undefined) throw new MalformedPhotoError("more than one picture");
      reading.picture = name === "VP8L" ? lossless(body, reading.alpha) : lossy(body, reading.alpha);
      reading.alpha = undefined;
      break;
    case "EXIF":
      reading.orientation = takeOrientation(reading.orientation, body, reading.removed);
      break;
    default:
      reading.removed.add(KIND_OF_CHUNK.get(name) ?? "unknown");
  }
}

/** @param {Uint8Array} body @param {number} length @param {boolean} already */
function only(body, length, already) {
  if (already || body.length !== length) throw new MalformedPhotoError("a head that cannot be");
  return body;
}

/** The transparency, when its coding is one that exists; the two unused bits zero. @param {Uint8Array} body */
function alpha(body) {
  if (body.length < 2 || (body[0] & 3) > 1 || ((body[0] >> 4) & 3) > 1) {
    throw new MalformedPhotoError("a transparency that cannot be");
  }
  return concat(Uint8Array.of(body[0] & 0x3f), body.subarray(1));
}

/** @param {Uint8Array} body @param {Uint8Array | undefined} clear @returns {Picture} */
function lossy(body, clear) {
  if (body.length < LOSSY_HEAD_LEN || little(body, 3, 3) !== LOSSY_START) {
    throw new MalformedPhotoError("not a VP8 picture");
  }
  const tag = little(body, 0, 3);
  const isKey = (tag & 1) === 0;
  const isShown = ((tag >> 4) & 1) === 1;
  if (!isKey || ((tag >> 1) & 7) > 3 || !isShown || tag >> 5 > body.length - LOSSY_HEAD_LEN) {
    throw new MalformedPhotoError("a VP8 picture that cannot be");
  }
  // The two bits over each side ask for enlarging, which no WebP reader does.
  const [width, height] = [little(body, 6, 2) & 0x3fff, little(body, 8, 2) & 0x3fff];
  const size = checkedSize(width, height);
  const sides = concat(littleBytes(width, 2), littleBytes(height, 2));
  const picture = chunk("VP8 ", concat(body.subarray(0, 6), sides, body.subarray(LOSSY_HEAD_LEN)));
  const written = clear === undefined ? picture : concat(chunk("ALPH", clear), picture);
  return { chunks: written, size, clear: clear !== undefined, lossless: false };
}

/** @param {Uint8Array} body @param {Uint8Array | undefined} clear @returns {Picture} */
function lossless(body, clear) {
  if (clear !== undefined) throw new MalformedPhotoError("transparency twice");
  if (body.length < LOSSLESS_HEAD_LEN || body[0] !== LOSSLESS_START) {
    throw new MalformedPhotoError("not a VP8L picture");
  }
  const bits = little(body, 1, 4);
  if (bits >= 2 ** 29) throw new UnsupportedPhotoError("a VP8L version that is not known");
  const size = checkedSize((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1);
  return { chunks: chunk("VP8L", body), size, clear: ((bits >> 28) & 1) === 1, lossless: true };
}

/** @param {Reading} reading @param {Uint8Array} body */
function takeFrame(reading, body) {
  const head = exactly(body, 0, FRAME_HEAD_LEN);
  const inner = new Reading(reading.removed);
  for (const { name, body: held } of chunks(body, FRAME_HEAD_LEN, body.length, reading.removed)) {
    if (["ALPH", "VP8 ", "VP8L"].includes(name)) take(inner, name, held, false);
    else reading.removed.add("unknown");
  }
  const [width, height] = [little(head, 6, 3) + 1, little(head, 9, 3) + 1];
  const { picture } = inner;
  const fits = picture !== undefined && picture.size[0] === width && picture.size[1] === height;
  if (!fits || inner.alpha !== undefined || reading.frames.length >= MAX_FRAMES) {
    throw new MalformedPhotoError("a frame that cannot be");
  }
  const canvas = canvasOf(reading);
  if (little(head, 0, 3) * 2 + width > canvas[0] || little(head, 3, 3) * 2 + height > canvas[1]) {
    throw new MalformedPhotoError("a frame outside the picture");
  }
  reading.clear = reading.clear || picture.clear;
  reading.removed.add("padding", head[15] > 3);
  reading.frames.push(chunk("ANMF", concat(head.subarray(0, 15), Uint8Array.of(head[15] & 3), picture.chunks)));
}

/** @param {Reading} reading */
function canvasOf({ extended }) {
  if (extended === undefined) throw new MalformedPhotoError("the head is missing");
  return checkedSize(little(extended, 4, 3) + 1, little(extended, 7, 3) + 1);
}

/** The plain container where it is enough, the extended one for orientation or a separate transparency. @param {Reading} reading */
function still(reading) {
  const { picture } = reading;
  const canvas = reading.extended === undefined ? picture?.size : canvasOf(reading);
  if (picture === undefined || canvas?.[0] !== picture.size[0] || canvas[1] !== picture.size[1]) {
    throw new MalformedPhotoError("the picture is not of the size that the head says");
  }
  const needsHead = reading.orientation !== UPRIGHT || (picture.clear && !picture.lossless);
  const head = needsHead ? headOf(reading, picture.size, picture.clear ? WITH_ALPHA : 0) : new Uint8Array();
  return { inner: concat(head, picture.chunks, exif(reading)), size: picture.size };
}

/** @param {Reading} reading */
function animated(reading) {
  if (reading.loop === undefined) throw new MalformedPhotoError("the loop is missing");
  const size = canvasOf(reading);
  const head = headOf(reading, size, ANIMATED | (reading.clear ? WITH_ALPHA : 0));
  return { inner: joined([head, chunk("ANIM", reading.loop), ...reading.frames, exif(reading)]), size };
}

/** @param {Reading} reading @param {Size} size @param {number} flags */
function headOf(reading, size, flags) {
  const all = flags | (reading.orientation !== UPRIGHT ? WITH_EXIF : 0);
  return chunk("VP8X", concat(Uint8Array.of(all, 0, 0, 0), ...size.map((side) => littleBytes(side - 1, 3))));
}

/** @param {Reading} reading */
function exif({ orientation }) {
  return orientation === UPRIGHT ? new Uint8Array() : chunk("EXIF", smallestExif(orientation));
}

/** @param {string} name @param {Uint8Array} body */
function chunk(name, body) {
  return concat(ascii(name), littleBytes(body.length, 4), body, new Uint8Array(body.length % 2));
}
