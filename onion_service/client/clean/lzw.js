// @ts-check
/**
 * Where a GIF's coded picture ends (docs/spec/cleaning.md, "GIF").
 *
 * The codes are followed for their lengths only; no picture is built.
 */

import { equal } from "../bytes.js";
import { MalformedPhotoError } from "./errors.js";

const SMALLEST_CODE_SIZE = 2;
const LARGEST_CODE_SIZE = 8;
const MOST_BITS = 12;
const MOST_CODES = 1 << MOST_BITS;

/**
 * The codes of exactly this many pixels and the end code, zero bits after it; and whether that was all.
 *
 * Codes that stand between the last pixel and the end are left out. Throws MalformedPhotoError when the codes give fewer
 * pixels or more, or are not LZW.
 * @param {Uint8Array} coded
 * @param {{ codeSize: number, pixels: number }} picture
 */
export function wholePicture(coded, { codeSize, pixels }) {
  if (codeSize < SMALLEST_CODE_SIZE || codeSize > LARGEST_CODE_SIZE) {
    throw new MalformedPhotoError("a code size that cannot be");
  }
  const { bit, width } = endOfPixels(coded, codeSize, pixels);
  const wholeBytes = Math.floor(bit / 8);
  const bits = bit % 8;
  const cut = new Uint8Array(wholeBytes + Math.ceil((bits + width) / 8));
  cut.set(coded.subarray(0, wholeBytes));
  let tail = ((1 << codeSize) + 1) << bits;
  if (bits > 0) tail |= coded[wholeBytes] & ((1 << bits) - 1);
  for (let place = wholeBytes; place < cut.length; place += 1, tail >>= 8) cut[place] = tail & 255;
  return { coded: cut, whole: equal(cut, coded) };
}

/** The bit after the last pixel's code, and how wide the next code is. @param {Uint8Array} coded @param {number} codeSize @param {number} pixels */
function endOfPixels(coded, codeSize, pixels) {
  const clear = 1 << codeSize;
  const end = clear + 1;
  // How many pixels each code of the dictionary stands for.
  const lengths = new Uint32Array(MOST_CODES).fill(1, 0, clear);
  let [following, width, before, left] = [clear + 2, codeSize + 1, 0, pixels];
  let [held, heldBits, place, bit] = [0, 0, 0, 0];
  while (left > 0) {
    while (heldBits < width) {
      if (place >= coded.length) throw new MalformedPhotoError("the picture is cut off");
      held |= coded[place] << heldBits;
      heldBits += 8;
      place += 1;
    }
    const code = held & ((1 << width) - 1);
    held >>>= width;
    heldBits -= width;
    bit += width;
    if (code === clear) {
      [following, width, before] = [clear + 2, codeSize + 1, 0];
      continue;
    }
    if (code === end || code > following || (code === following && (before === 0 || following === MOST_CODES))) {
      throw new MalformedPhotoError("the picture data is not LZW");
    }
    if (before > 0 && following < MOST_CODES) {
      lengths[following] = before + 1;
      following += 1;
    }
    before = lengths[code];
    left -= before;
    if (left < 0) throw new MalformedPhotoError("more pixels than the picture has");
    if (following === 1 << width && width < MOST_BITS) width += 1;
  }
  return { bit, width };
}
