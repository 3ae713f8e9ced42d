// @ts-check
/**
 * Which way up a photo is: the one fact of its EXIF that is kept (docs/spec/cleaning.md, "Orientation").
 *
 * Reading never fails: an EXIF block that does not hold a proper orientation says "upright".
 */

import { concat, equal } from "../bytes.js";
import { ascii, big, bigBytes, little, says } from "./picture.js";

/** @typedef {import("./counts.js").Counts} Counts */

export const UPRIGHT = 1;
export const EXIF_LABEL = "Exif\0\0";
const ORIENTATION_TAG = 0x0112;
const SHORT = 3;
const ENTRY_LEN = 12;

/** The orientation, 1 to 8, that an EXIF block (with or without its label) gives; 1 when it gives none. @param {Uint8Array} exif */
export function orientationIn(exif) {
  const tiff = says(exif, EXIF_LABEL) ? exif.subarray(EXIF_LABEL.length) : exif;
  const read = says(tiff, "MM\0*") ? big : says(tiff, "II*\0") ? little : undefined;
  if (read === undefined) return UPRIGHT;
  const start = read(tiff, 4, 4);
  const end = Math.min(start + 2 + read(tiff, start, 2) * ENTRY_LEN, tiff.length - ENTRY_LEN + 1);
  for (let place = start + 2; place < end; place += ENTRY_LEN) {
    if (read(tiff, place, 2) === ORIENTATION_TAG) {
      const isOneShort = read(tiff, place + 2, 2) === SHORT && read(tiff, place + 4, 4) === 1;
      const value = read(tiff, place + 8, 2);
      return isOneShort && value >= 1 && value <= 8 ? value : UPRIGHT;
    }
  }
  return UPRIGHT;
}

/** An EXIF block, without its label, that says the orientation and nothing else. @param {number} orientation */
export function smallestExif(orientation) {
  const entry = concat(bigBytes(ORIENTATION_TAG, 2), bigBytes(SHORT, 2), bigBytes(1, 4), bigBytes(orientation, 2));
  return concat(ascii("MM\0*"), bigBytes(8, 4), bigBytes(1, 2), entry, new Uint8Array(2), new Uint8Array(4));
}

/** The orientation after one more EXIF block (without its label): the first that is not upright stays.
 * @param {number} before @param {Uint8Array} exif @param {Counts} removed */
export function takeOrientation(before, exif, removed) {
  const orientation = before === UPRIGHT ? orientationIn(exif) : before;
  removed.add("exif", orientation === UPRIGHT || !equal(exif, smallestExif(orientation)));
  return orientation;
}
