// @ts-check
/**
 * A JPEG leaves with its tables, frame and scans, each written anew (docs/spec/cleaning.md, "JPEG").
 *
 * Tables are written only when a scan is about to use them, so a table that no scan uses carries nothing out.
 */

import { concat, equal, joined } from "../bytes.js";
import { Counts } from "./counts.js";
import { MalformedPhotoError, UnsupportedPhotoError } from "./errors.js";
import { EXIF_LABEL, UPRIGHT, smallestExif, takeOrientation } from "./orientation.js";
import { ascii, big, bigBytes, checkedSize, exactly, finished, says } from "./picture.js";

const [SOI, EOI, SOS, DQT, DHT, DRI, COM] = [0xd8, 0xd9, 0xda, 0xdb, 0xc4, 0xdd, 0xfe];
const [APP0, APP1, APP2, APP13, APP14, APP15] = [0xe0, 0xe1, 0xe2, 0xed, 0xee, 0xef];
const [BASELINE, EXTENDED, PROGRESSIVE] = [0xc0, 0xc1, 0xc2];
const NOT_FRAMES = [DHT, 0xc8, 0xcc];
const MAX_SCANS = 256;

// Version 1.1, no unit, square pixels, no thumbnail: the least that says "these colours are YCbCr".
const JFIF = ascii("JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
const ADOBE = ascii("Adobe\0\x64\0\0\0\0");
const ADOBE_LEN = 12;
const RGB_NAMES = ascii("RGB");

/** @typedef {{ name: number, sampling: number, table: number }} Component One colour of the frame. */

/** What was read so far, and the parts of the clean JPEG that come after its head. */
class Reading {
  removed = new Counts();
  jfif = false;
  /** @type {number | undefined} */
  adobe = undefined;
  orientation = UPRIGHT;
  frame = 0;
  precision = 0;
  /** @type {import("./picture.js").Size} */
  size = [0, 0];
  /** @type {Component[]} */
  components = [];
  /** @type {Set<number>} */
  begun = new Set();
  scans = 0;
  /** By marker and number, as one number. @type {Map<number, Uint8Array>} */
  tables = new Map();
  /** @type {Map<number, Uint8Array>} */
  written = new Map();
  restart = 0;
  restartWritten = 0;
  /** @type {Uint8Array[]} */
  parts = [];
}

/** The clean JPEG: the same coefficients in the same scans. @param {Uint8Array} data */
export function clean(data) {
  const reading = new Reading();
  let place = 2;
  for (;;) {
    const marker = nextMarker(data, place, reading.removed);
    place = marker.place;
    if (marker.code === EOI) break;
    const body = exactly(data, place + 2, bodyLength(data, place));
    place += 2 + body.length;
    if (marker.code === SOS) {
      const end = scanEnd(data, place);
      takeScan(reading, body, data.subarray(place, end));
      place = end;
    } else {
      takeSegment(reading, marker.code, body);
    }
  }
  if (reading.scans === 0 || reading.begun.size !== reading.components.length) {
    throw new MalformedPhotoError("a part of the picture is missing");
  }
  reading.removed.add("trailing", place < data.length);
  reading.removed.add("unused_table", [...reading.tables.keys()].filter((key) => !reading.written.has(key)).length);
  const parts = [bare(SOI), ...head(reading), ...reading.parts, bare(EOI)];
  return finished(parts, { mediaType: "image/jpeg", size: reading.size, removed: reading.removed });
}

/** The next marker and the place after it. Fill bytes before it are left behind. @param {Uint8Array} data @param {number} place @param {Counts} removed */
function nextMarker(data, place, removed) {
  if (exactly(data, place, 1)[0] !== 0xff) throw new MalformedPhotoError("bytes between the parts");
  let end = place;
  while (exactly(data, end, 1)[0] === 0xff) end += 1;
  removed.add("padding", end - place > 1);
  return { place: end + 1, code: data[end] };
}

/** A segment's length counts its own two bytes. @param {Uint8Array} data @param {number} place */
function bodyLength(data, place) {
  const length = big(exactly(data, place, 2), 0, 2) - 2;
  if (length < 0) throw new MalformedPhotoError("a segment shorter than its length");
  return length;
}

/** @param {Reading} reading @param {number} marker @param {Uint8Array} body */
function takeSegment(reading, marker, body) {
  if (marker === DQT) takeQuantization(reading, body);
  else if (marker === DHT) takeHuffman(reading, body);
  else if (marker === DRI) {
    if (body.length !== 2) throw new MalformedPhotoError("a restart interval of the wrong length");
    reading.restart = big(body, 0, 2);
  } else if (marker >= 0xc0 && marker <= 0xcf && !NOT_FRAMES.includes(marker)) takeFrame(reading, marker, body);
  else if (marker >= APP0 && marker <= APP15) takeApplication(reading, marker, body);
  else if (marker === COM) reading.removed.add("comment");
  else if ((marker >= 0xc0 && marker <= 0xdf) || marker === 0 || marker === 1) {
    throw new UnsupportedPhotoError(`a JPEG with marker ${marker.toString(16).padStart(2, "0")}`);
  } else reading.removed.add("unknown");
}

/** Counts what the segment was, after taking the three facts out of it that the picture needs.
 * @param {Reading} reading @param {number} marker @param {Uint8Array} body */
function takeApplication(reading, marker, body) {
  if (marker === APP0 && says(body, "JFIF\0") && body.length >= JFIF.length) {
    reading.jfif = reading.jfif || reading.scans === 0;
    reading.removed.add("density", !equal(body.subarray(0, JFIF.length), JFIF));
    reading.removed.add("thumbnail", body.length > JFIF.length);
  } else if (marker === APP14 && says(body, "Adobe") && body.length >= ADOBE_LEN) {
    if (reading.scans === 0) reading.adobe = body[ADOBE.length];
    const isPlain = equal(body.subarray(0, ADOBE.length), ADOBE) && body.length === ADOBE_LEN;
    reading.removed.add("application", !isPlain);
  } else if (marker === APP1 && says(body, EXIF_LABEL)) {
    reading.orientation = takeOrientation(reading.orientation, body.subarray(EXIF_LABEL.length), reading.removed);
  } else {
    reading.removed.add(kindOfApplication(marker, body));
  }
}

/** @param {number} marker @param {Uint8Array} body */
function kindOfApplication(marker, body) {
  if (marker === APP1 && says(body, "http://ns.adobe.com/")) return "xmp";
  if (marker === APP2 && says(body, "ICC_PROFILE\0")) return "colour";
  if (marker === APP2 && says(body, "MPF\0")) return "extra_picture";
  if (marker === APP0 && says(body, "JFXX\0")) return "thumbnail";
  return marker === APP13 ? "iptc" : "application";
}

/** @param {Reading} reading @param {Uint8Array} body */
function takeQuantization(reading, body) {
  for (let place = 0; place < body.length; ) {
    const precision = body[place] >> 4;
    const slot = body[place] & 15;
    if (precision > 1 || slot > 3) throw new MalformedPhotoError("a quantization table that cannot be");
    const table = exactly(body, place, 1 + 64 * (precision + 1));
    reading.tables.set(key(DQT, slot), table);
    place += table.length;
  }
}

/** @param {Reading} reading @param {Uint8Array} body */
function takeHuffman(reading, body) {
  for (let place = 0; place < body.length; ) {
    const symbols = exactly(body, place + 1, 16).reduce((sum, count) => sum + count, 0);
    if ((body[place] & 0xec) !== 0 || symbols > 256) throw new MalformedPhotoError("a Huffman table that cannot be");
    const table = exactly(body, place, 1 + 16 + symbols);
    reading.tables.set(key(DHT, body[place]), table);
    place += table.length;
  }
}

/** @param {Reading} reading @param {number} marker @param {Uint8Array} body */
function takeFrame(reading, marker, body) {
  if (![BASELINE, EXTENDED, PROGRESSIVE].includes(marker)) {
    throw new UnsupportedPhotoError("a lossless, hierarchical or arithmetic JPEG");
  }
  if (reading.frame !== 0 || body.length < 6 || body.length !== 6 + 3 * body[5]) {
    throw new MalformedPhotoError("a frame that cannot be");
  }
  if (big(body, 1, 2) === 0 || ![1, 3, 4].includes(body[5]) || ![8, 12].includes(body[0])) {
    throw new UnsupportedPhotoError("a JPEG of a rare sort");
  }
  if (body[0] === 12 && marker === BASELINE) throw new MalformedPhotoError("a baseline frame has eight bits");
  reading.frame = marker;
  reading.precision = body[0];
  reading.size = checkedSize(big(body, 3, 2), big(body, 1, 2));
  reading.components = Array.from({ length: body[5] }, (_, at) => {
    const [name, sampling, table] = body.subarray(6 + 3 * at, 9 + 3 * at);
    return { name, sampling, table };
  });
  const names = new Set(reading.components.map((component) => component.name));
  if (names.size !== body[5] || !reading.components.every(isSampled)) {
    throw new MalformedPhotoError("components that cannot be");
  }
}

/** @param {Component} component */
function isSampled({ sampling, table }) {
  return sampling >> 4 >= 1 && sampling >> 4 <= 4 && (sampling & 15) >= 1 && (sampling & 15) <= 4 && table <= 3;
}

/** Where the coded data ends: at the first marker that is not a restart and not a stuffed zero. @param {Uint8Array} data @param {number} from */
function scanEnd(data, from) {
  let place = from;
  for (;;) {
    place = data.indexOf(0xff, place);
    if (place < 0 || place + 1 >= data.length) throw new MalformedPhotoError("the photo is cut off");
    const filled = data[place + 1] === 0xff ? fillBeforeRestart(data, place) : 0;
    if (data[place + 1] === 0 || isRestart(data[place + 1])) place += 2;
    else if (filled > 0) place = filled;
    else return place;
  }
}

/** The place of the last fill byte before a restart marker, or 0 when these are not such fill bytes. @param {Uint8Array} data @param {number} place */
function fillBeforeRestart(data, place) {
  let end = place;
  while (end < data.length && data[end] === 0xff) end += 1;
  return end < data.length && isRestart(data[end]) ? end - 1 : 0;
}

/** @param {number} code */
function isRestart(code) {
  return code >= 0xd0 && code <= 0xd7;
}

/** Writes the tables the scan needs, its header and its data. @param {Reading} reading @param {Uint8Array} body @param {Uint8Array} coded */
function takeScan(reading, body, coded) {
  const count = body.length > 0 ? body[0] : 0;
  reading.scans += 1;
  if (reading.frame === 0 || count < 1 || count > 4 || body.length !== 4 + 2 * count || reading.scans > MAX_SCANS) {
    throw new MalformedPhotoError("a scan that cannot be");
  }
  const band = bandOf(reading, body, count);
  const picked = Array.from({ length: count }, (_, at) => ({
    number: reading.components.findIndex(({ name }) => name === body[1 + 2 * at]),
    selectors: body[2 + 2 * at],
  }));
  if (picked.some(({ number }, at) => number <= (at > 0 ? picked[at - 1].number : -1))) {
    throw new MalformedPhotoError("a scan of components that the frame does not have");
  }
  const needed = picked
    .filter(({ number }) => !reading.begun.has(number))
    .map(({ number }) => key(DQT, reading.components[number].table));
  const header = [count];
  for (const { number, selectors } of picked) {
    const direct = band.start === 0 && band.approximation >> 4 === 0;
    const alternating = band.end > 0;
    if (direct) needed.push(key(DHT, selectors >> 4));
    if (alternating) needed.push(key(DHT, 0x10 | (selectors & 15)));
    header.push(number + 1, (direct ? selectors & 0xf0 : 0) | (alternating ? selectors & 15 : 0));
    reading.begun.add(number);
  }
  writeTables(reading, needed);
  header.push(band.start, band.end, band.approximation);
  reading.parts.push(segment(SOS, Uint8Array.from(header)), joined(restartedInOrder(reading, coded)));
}

/** Which coefficients the scan holds. A sequential scan holds all, whatever its header says. @param {Reading} reading @param {Uint8Array} body @param {number} count */
function bandOf(reading, body, count) {
  const [start, end, approximation] = body.subarray(-3);
  if (reading.frame !== PROGRESSIVE) return { start: 0, end: 63, approximation: 0 };
  const high = approximation >> 4;
  const low = approximation & 15;
  const isOfOneSort = start === 0 ? end === 0 : start <= end && end <= 63 && count === 1;
  if (!isOfOneSort || low > 13 || (high !== 0 && high !== low + 1)) {
    throw new MalformedPhotoError("a progressive scan that cannot be");
  }
  return { start, end, approximation };
}

/** @param {Reading} reading @param {number[]} needed */
function writeTables(reading, needed) {
  for (const wanted of new Set(needed)) {
    const table = reading.tables.get(wanted);
    if (table === undefined) throw new MalformedPhotoError("a table is missing");
    const before = reading.written.get(wanted);
    if (before === undefined || !equal(before, table)) {
      reading.parts.push(segment(wanted >> 8, table));
      reading.written.set(wanted, table);
    }
  }
  if (reading.scans === 1) reading.parts.push(frame(reading));
  if (reading.restart !== reading.restartWritten) {
    reading.parts.push(segment(DRI, bigBytes(reading.restart, 2)));
    reading.restartWritten = reading.restart;
  }
}

/** @param {Reading} reading */
function frame({ frame: marker, precision, size: [width, height], components }) {
  const listed = components.flatMap(({ sampling, table }, at) => [at + 1, sampling, table]);
  const sides = concat(bigBytes(height, 2), bigBytes(width, 2));
  return segment(marker, Uint8Array.of(precision, ...sides, components.length, ...listed));
}

/** The coded data with its restart markers, which must count 0 to 7 round and round, and no fill bytes.
 * @param {Reading} reading @param {Uint8Array} coded */
function restartedInOrder(reading, coded) {
  const pieces = [];
  let start = 0;
  let count = 0;
  for (let place = coded.indexOf(0xff); place >= 0; place = coded.indexOf(0xff, place)) {
    if (coded[place + 1] === 0xff) {
      pieces.push(coded.subarray(start, place));
      place = fillBeforeRestart(coded, place);
      start = place;
      reading.removed.add("padding");
    }
    if (isRestart(coded[place + 1])) {
      if (reading.restart === 0 || coded[place + 1] !== 0xd0 + (count % 8)) {
        throw new MalformedPhotoError("a restart out of order");
      }
      count += 1;
    }
    place += 2;
  }
  pieces.push(coded.subarray(start));
  return pieces;
}

/** The application segments that the colours and the orientation need, and no other. @param {Reading} reading */
function head({ components, jfif, adobe, orientation }) {
  const names = Uint8Array.from(components, ({ name }) => name);
  const isRgb = names.length === 3 && !jfif && (adobe === 0 || (adobe === undefined && equal(names, RGB_NAMES)));
  const segments = [];
  if (names.length < 4 && !isRgb) segments.push(segment(APP0, JFIF));
  if (orientation !== UPRIGHT) segments.push(segment(APP1, concat(ascii(EXIF_LABEL), smallestExif(orientation))));
  if (isRgb) segments.push(segment(APP14, concat(ADOBE, Uint8Array.of(0))));
  if (names.length === 4 && adobe !== undefined) {
    segments.push(segment(APP14, concat(ADOBE, Uint8Array.of(adobe === 0 ? 0 : 2))));
  }
  return segments;
}

/** @param {number} marker @param {number} slot */
function key(marker, slot) {
  return (marker << 8) | slot;
}

/** @param {number} marker @param {Uint8Array} body */
function segment(marker, body) {
  return concat(bare(marker), bigBytes(body.length + 2, 2), body);
}

/** @param {number} marker */
function bare(marker) {
  return Uint8Array.of(0xff, marker);
}
