// @ts-check
/** A GIF leaves with its canvas, frames and loop, each written anew (docs/spec/cleaning.md, "GIF"). */

import { concat, equal, joined } from "../bytes.js";
import { Counts } from "./counts.js";
import { MalformedPhotoError } from "./errors.js";
import { wholePicture } from "./lzw.js";
import { MAX_PIXELS, ascii, checkedSize, exactly, finished, label, little, says } from "./picture.js";

/** @typedef {import("./picture.js").Size} Size */

const HEADER = "GIF89a";
const SCREEN_LEN = 7;
const [EXTENSION, IMAGE, TRAILER] = [0x21, 0x2c, 0x3b];
const [CONTROL, COMMENT, PLAIN_TEXT, APPLICATION] = [0xf9, 0xfe, 0x01, 0xff];
const LOOPS = ["NETSCAPE2.0", "ANIMEXTS1.0"];
const MAX_FRAMES = 10_000;
const [HAS_TABLE, INTERLACED, TABLE_SIZE] = [0x80, 0x40, 0x07];
// The depth of colour of the screen it was made on; shown by nobody, so always the same.
const COLOUR_RESOLUTION = 0x70;
const MAX_DISPOSAL = 3;
const DISPOSAL_TO_BACKGROUND = 2;
const SUB_BLOCK_LEN = 255;
const NOTHING = new Uint8Array();

/** What was read so far, and the parts of the clean GIF that come after its head. */
class Frames {
  /** @param {Size} canvas */
  constructor(canvas) {
    this.canvas = canvas;
  }
  removed = new Counts();
  control = NOTHING;
  loop = NOTHING;
  /** @type {Uint8Array[]} */
  parts = [];
  count = 0;
  pixels = 0;
  showsBackground = false;
  usesSharedTable = false;
}

/** The clean GIF: the same frames, times and loop. @param {Uint8Array} data */
export function clean(data) {
  const screen = exactly(data, HEADER.length, SCREEN_LEN);
  const size = checkedSize(little(screen, 0, 2), little(screen, 2, 2));
  const frames = new Frames(size);
  const table = tableAt(data, HEADER.length + SCREEN_LEN, screen[4]);
  const place = readBlocks(data, HEADER.length + SCREEN_LEN + table.length, frames, table.length > 0);
  if (frames.count === 0) throw new MalformedPhotoError("no picture");
  frames.removed.add("trailing", place < data.length);
  const loop = frames.count > 1 ? frames.loop : NOTHING;
  const parts = [ascii(HEADER), head(screen, table, frames), loop, ...frames.parts, Uint8Array.of(TRAILER)];
  return finished(parts, { mediaType: "image/gif", size, removed: frames.removed });
}

/** The canvas and the shared colours. The background is kept only where it can be seen.
 * @param {Uint8Array} screen @param {Uint8Array} table @param {Frames} frames */
function head(screen, table, frames) {
  const kept = frames.usesSharedTable || frames.showsBackground ? table : NOTHING;
  const packed = COLOUR_RESOLUTION | (kept.length > 0 ? (screen[4] & TABLE_SIZE) | HAS_TABLE : 0);
  const background = frames.showsBackground && screen[5] < kept.length / 3 ? screen[5] : 0;
  return concat(screen.subarray(0, 4), Uint8Array.of(packed, background, 0), kept);
}

/** @param {Uint8Array} data @param {number} place @param {number} packed */
function tableAt(data, place, packed) {
  return (packed & HAS_TABLE) === 0 ? NOTHING : exactly(data, place, 3 << ((packed & TABLE_SIZE) + 1));
}

/** Takes every block up to the trailer; the place after it. @param {Uint8Array} data @param {number} start @param {Frames} frames @param {boolean} hasSharedTable */
function readBlocks(data, start, frames, hasSharedTable) {
  let place = start;
  for (;;) {
    const [block] = exactly(data, place, 1);
    place += 1;
    if (block === TRAILER) {
      frames.removed.add("unknown", frames.control.length > 0);
      return place;
    }
    if (block === IMAGE) {
      place = takeImage(data, place, frames, hasSharedTable);
    } else if (block === EXTENSION) {
      const [extension] = exactly(data, place, 1);
      const read = subBlocks(data, place + 1);
      takeExtension(extension, read.blocks, frames);
      place = read.place;
    } else {
      throw new MalformedPhotoError("not a block");
    }
  }
}

/** @param {Uint8Array} data @param {number} start */
function subBlocks(data, start) {
  const blocks = [];
  let place = start;
  for (;;) {
    const [length] = exactly(data, place, 1);
    if (length === 0) return { blocks, place: place + 1 };
    blocks.push(exactly(data, place + 1, length));
    place += 1 + length;
  }
}

/** @param {number} extension @param {Uint8Array[]} blocks @param {Frames} frames */
function takeExtension(extension, blocks, frames) {
  const name = extension === APPLICATION && blocks.length > 0 ? blocks[0] : NOTHING;
  if (extension === CONTROL && blocks.length === 1 && blocks[0].length === 4) {
    frames.removed.add("unknown", frames.control.length > 0);
    frames.control = control(blocks[0]);
    frames.removed.add("padding", !equal(frames.control.subarray(3, -1), blocks[0]));
  } else if (LOOPS.includes(label(name)) && frames.loop.length === 0) {
    takeLoop(blocks, frames);
  } else if (extension === PLAIN_TEXT) {
    frames.control = NOTHING;
    frames.removed.add("text");
  } else if (extension === COMMENT) {
    frames.removed.add("comment");
  } else if (says(name, "XMP")) {
    frames.removed.add("xmp");
  } else if (says(name, "ICC")) {
    frames.removed.add("colour");
  } else {
    frames.removed.add(extension === APPLICATION ? "application" : "unknown");
  }
}

/** How long a frame stays, what comes after it and which colour is clear; no unused bit. @param {Uint8Array} body */
function control(body) {
  const asked = (body[0] >> 2) & 7;
  const disposal = asked <= MAX_DISPOSAL ? asked : 0;
  const clear = body[0] & 1;
  return Uint8Array.of(EXTENSION, CONTROL, 4, (disposal << 2) | clear, body[1], body[2], body[3] * clear, 0);
}

/** @param {Uint8Array[]} blocks @param {Frames} frames */
function takeLoop(blocks, frames) {
  const times = blocks.slice(1).find((block) => block.length >= 3 && (block[0] & 7) === 1)?.subarray(1, 3);
  if (times === undefined) {
    frames.removed.add("application");
    return;
  }
  const said = Uint8Array.of(1, ...times);
  const isClean = blocks.length === 2 && label(blocks[0]) === LOOPS[0] && equal(blocks[1], said);
  frames.loop = concat(Uint8Array.of(EXTENSION, APPLICATION, 11), ascii(LOOPS[0]), Uint8Array.of(3), said, Uint8Array.of(0));
  frames.removed.add("application", !isClean);
}

/** @param {Uint8Array} data @param {number} start @param {Frames} frames @param {boolean} hasSharedTable */
function takeImage(data, start, frames, hasSharedTable) {
  const descriptor = exactly(data, start, 9);
  const [left, top, width, height] = [0, 2, 4, 6].map((at) => little(descriptor, at, 2));
  checkedSize(width, height);
  frames.count += 1;
  frames.pixels += width * height;
  if (frames.count > MAX_FRAMES || frames.pixels > MAX_PIXELS * 4) {
    throw new MalformedPhotoError("more frames than a picture has");
  }
  const table = tableAt(data, start + 9, descriptor[8]);
  if (table.length === 0 && !hasSharedTable) throw new MalformedPhotoError("a frame without colours");
  const [codeSize] = exactly(data, start + 9 + table.length, 1);
  const { blocks, place } = subBlocks(data, start + 10 + table.length);
  const { coded, whole } = wholePicture(joined(blocks), { codeSize, pixels: width * height });
  frames.removed.add("trailing", !whole);
  const packed = descriptor[8] & (INTERLACED | (table.length > 0 ? HAS_TABLE | TABLE_SIZE : 0));
  frames.usesSharedTable ||= table.length === 0;
  const covers = left === 0 && top === 0 && width === frames.canvas[0] && height === frames.canvas[1];
  const toBackground = frames.control.length > 0 && frames.control[3] >> 2 >= DISPOSAL_TO_BACKGROUND;
  frames.showsBackground ||= toBackground || (!covers && frames.count === 1);
  const placed = concat(Uint8Array.of(IMAGE), descriptor.subarray(0, 8), Uint8Array.of(packed));
  frames.parts.push(frames.control, placed, table, Uint8Array.of(codeSize), inSubBlocks(coded));
  frames.control = NOTHING;
  return place;
}

/** Full sub-blocks but for the last, so that their lengths carry nothing. @param {Uint8Array} coded */
function inSubBlocks(coded) {
  const parts = [];
  for (let place = 0; place < coded.length; place += SUB_BLOCK_LEN) {
    const piece = coded.subarray(place, place + SUB_BLOCK_LEN);
    parts.push(Uint8Array.of(piece.length), piece);
  }
  parts.push(Uint8Array.of(0));
  return joined(parts);
}
