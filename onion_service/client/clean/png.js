// @ts-check
/** A PNG leaves with its header, palette, transparency and picture data (docs/spec/cleaning.md, "PNG"). */

import { concat, joined } from "../bytes.js";
import { Counts } from "./counts.js";
import { MalformedPhotoError, UnsupportedPhotoError } from "./errors.js";
import { streamEnd } from "./inflate.js";
import { UPRIGHT, smallestExif, takeOrientation } from "./orientation.js";
import { ascii, big, bigBytes, checkedSize, exactly, finished, label } from "./picture.js";

const SIGNATURE = ascii("\x89PNG\r\n\x1a\n");
const MAX_CHUNK_LEN = 2 ** 31 - 1;
// The same deflate data is valid under any window size that is not smaller and any hint about effort.
const ZLIB_HEADER = Uint8Array.of(0x78, 0x01);
const HEADER_LEN = 13;
const [DEPTH, COLOUR, COMPRESSION, FILTERING, INTERLACE] = [8, 9, 10, 11, 12];

const [GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA] = [0, 2, 3, 4, 6];
const DEPTHS = new Map([
  [GREY, [1, 2, 4, 8, 16]],
  [RGB, [8, 16]],
  [PALETTE, [1, 2, 4, 8]],
  [GREY_ALPHA, [8, 16]],
  [RGB_ALPHA, [8, 16]],
]);
const CHANNELS = new Map([
  [GREY, 1],
  [RGB, 3],
  [PALETTE, 1],
  [GREY_ALPHA, 2],
  [RGB_ALPHA, 4],
]);
const TRANSPARENCY_LEN = new Map([
  [GREY, 2],
  [RGB, 6],
]);
const WHOLE = [[0, 0, 1, 1]];
// Adam7: for each pass first column, first row, column step, row step.
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];
const KIND_OF_CHUNK = new Map([
  ["tEXt", "text"],
  ["zTXt", "text"],
  ["iTXt", "text"],
  ["tIME", "time"],
  ["eXIf", "exif"],
  ["iCCP", "colour"],
  ["gAMA", "colour"],
  ["cHRM", "colour"],
  ["sRGB", "colour"],
  ["cICP", "colour"],
  ["mDCV", "colour"],
  ["cLLI", "colour"],
  ["sBIT", "colour"],
  ["pHYs", "density"],
  ["acTL", "animation"],
  ["fcTL", "animation"],
  ["fdAT", "animation"],
]);
const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** What was read so far that the clean PNG is made of. */
class Kept {
  /** @type {Uint8Array} */
  header = new Uint8Array();
  /** @type {Uint8Array} */
  palette = new Uint8Array();
  /** @type {Uint8Array} */
  transparency = new Uint8Array();
  orientation = UPRIGHT;
  /** @type {Uint8Array[]} */
  pieces = [];
  last = "";

  /** Keeps the chunk when it is on the allow-list, and counts it when it is not.
   * @param {string} name @param {Uint8Array} body @param {Counts} removed */
  take(name, body, removed) {
    if ((name === "IHDR") !== (this.last === "")) throw new MalformedPhotoError("the header must come first, once");
    if (name === "IHDR") {
      this.header = body;
    } else if (name === "PLTE") {
      this.palette = this.#palette(body);
      removed.add("colour", this.palette.length === 0);
    } else if (name === "tRNS") {
      this.transparency = this.#transparency(body);
    } else if (name === "IDAT") {
      if (this.pieces.length > 0 && this.last !== "IDAT") {
        throw new MalformedPhotoError("the picture data is not in one place");
      }
      this.pieces.push(body);
    } else if (name === "eXIf") {
      this.orientation = takeOrientation(this.orientation, body, removed);
    } else if (name !== "IEND") {
      if (/^[A-Z]/.test(name)) throw new UnsupportedPhotoError("a part that a reader must know and we do not");
      removed.add(KIND_OF_CHUNK.get(name) ?? "unknown");
    }
    this.last = name;
  }

  /** The palette of a palette picture; a mere suggestion for others is nothing. @param {Uint8Array} body */
  #palette(body) {
    const colour = this.header[COLOUR];
    const isLate = this.palette.length > 0 || this.transparency.length > 0 || this.pieces.length > 0;
    const isTable = body.length % 3 === 0 && body.length >= 3 && body.length <= 768;
    if (isLate || !isTable || colour === GREY || colour === GREY_ALPHA) {
      throw new MalformedPhotoError("a palette that cannot be");
    }
    if (colour !== PALETTE) return new Uint8Array();
    if (body.length > 3 << this.header[DEPTH]) {
      throw new MalformedPhotoError("a palette with more colours than the picture can use");
    }
    return body;
  }

  /** @param {Uint8Array} body */
  #transparency(body) {
    const colour = this.header[COLOUR];
    const most = this.palette.length / 3;
    const fits = colour === PALETTE ? body.length <= most : body.length === TRANSPARENCY_LEN.get(colour);
    if (this.transparency.length > 0 || this.pieces.length > 0 || !fits || body.length === 0) {
      throw new MalformedPhotoError("a transparency that cannot be");
    }
    if (colour === PALETTE) return body;
    const mask = (1 << this.header[DEPTH]) - 1;
    const values = Array.from({ length: body.length / 2 }, (_, at) => bigBytes(big(body, 2 * at, 2) & mask, 2));
    return joined(values);
  }
}

/** The clean PNG; of an animated one, the picture that programs without animation show. @param {Uint8Array} data */
export function clean(data) {
  const removed = new Counts();
  const kept = new Kept();
  /** @type {import("./picture.js").Size} */
  let size = [0, 0];
  for (const { name, body } of chunks(data, removed)) {
    if (kept.last === "" && name === "IHDR") size = sizeIn(body);
    kept.take(name, body, removed);
  }
  if (kept.header[COLOUR] === PALETTE && kept.palette.length === 0) {
    throw new MalformedPhotoError("the palette is missing");
  }
  const parts = [SIGNATURE, chunk("IHDR", kept.header)];
  if (kept.orientation !== UPRIGHT) parts.push(chunk("eXIf", smallestExif(kept.orientation)));
  if (kept.palette.length > 0) parts.push(chunk("PLTE", kept.palette));
  if (kept.transparency.length > 0) parts.push(chunk("tRNS", kept.transparency));
  parts.push(chunk("IDAT", picture(joined(kept.pieces), kept.header, removed)), chunk("IEND", new Uint8Array()));
  return finished(parts, { mediaType: "image/png", size, removed });
}

/** Every chunk up to the end mark, with a checksum that holds. What comes after is left behind. @param {Uint8Array} data @param {Counts} removed */
function* chunks(data, removed) {
  for (let place = SIGNATURE.length; ; ) {
    const length = big(exactly(data, place, 4), 0, 4);
    const name = label(exactly(data, place + 4, 4));
    if (length > MAX_CHUNK_LEN || !/^[A-Za-z]{4}$/.test(name)) throw new MalformedPhotoError("not a chunk");
    const body = exactly(data, place + 8, length);
    const sum = big(exactly(data, place + 8 + length, 4), 0, 4);
    if (checksum(data.subarray(place + 4, place + 8 + length)) !== sum) {
      throw new MalformedPhotoError("a chunk's checksum does not hold");
    }
    yield { name, body };
    place += 12 + length;
    if (name === "IEND") {
      removed.add("trailing", place < data.length);
      removed.add("unknown", body.length > 0);
      return;
    }
  }
}

/** @param {Uint8Array} header */
function sizeIn(header) {
  if (header.length !== HEADER_LEN) throw new MalformedPhotoError("the header has the wrong length");
  const isKnown = DEPTHS.get(header[COLOUR])?.includes(header[DEPTH]);
  if (!isKnown || header[COMPRESSION] !== 0 || header[FILTERING] !== 0 || header[INTERLACE] > 1) {
    throw new MalformedPhotoError("no PNG is made so");
  }
  return checkedSize(big(header, 0, 4), big(header, 4, 4));
}

/** The zlib stream of the picture and no byte more, when it holds exactly this picture. @param {Uint8Array} compressed @param {Uint8Array} header @param {Counts} removed */
function picture(compressed, header, removed) {
  const end = streamEnd(compressed, unpackedLength(header));
  removed.add("trailing", end < compressed.length);
  return concat(ZLIB_HEADER, compressed.subarray(2, end));
}

/** @param {Uint8Array} header */
function unpackedLength(header) {
  const [width, height] = [big(header, 0, 4), big(header, 4, 4)];
  const bits = (CHANNELS.get(header[COLOUR]) ?? 0) * header[DEPTH];
  const lengths = (header[INTERLACE] === 1 ? PASSES : WHOLE).map(([column, row, across, down]) => {
    const columns = Math.max(0, Math.floor((width - column + across - 1) / across));
    const rows = Math.max(0, Math.floor((height - row + down - 1) / down));
    return columns > 0 ? rows * (1 + Math.floor((columns * bits + 7) / 8)) : 0;
  });
  return lengths.reduce((sum, length) => sum + length, 0);
}

/** @param {string} name @param {Uint8Array} body */
function chunk(name, body) {
  const named = concat(ascii(name), body);
  return concat(bigBytes(body.length, 4), named, bigBytes(checksum(named), 4));
}

/** CRC-32 (ISO 3309). @param {Uint8Array} bytes */
function checksum(bytes) {
  let value = 0xffffffff;
  for (let place = 0; place < bytes.length; place += 1) value = CRC[(value ^ bytes[place]) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}
