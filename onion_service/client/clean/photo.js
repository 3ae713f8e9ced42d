// @ts-check
/**
 * A photo leaves with its picture and nothing about who took it, where or when (docs/spec/cleaning.md, "Photos").
 *
 * Bytes in, bytes out, never through a canvas. The picture's compressed data is copied, so every decoded pixel stays what it
 * was; around it only the parts on an allow-list are written anew, and no byte is taken over that a decoder does not need.
 */

import { NotAPhotoError, TooLargePhotoError } from "./errors.js";
import * as gif from "./gif.js";
import * as jpeg from "./jpeg.js";
import { kindOf } from "./kinds.js";
import { MAX_PHOTO_LEN } from "./picture.js";
import * as png from "./png.js";
import * as webp from "./webp.js";

/** @type {ReadonlyMap<string, (data: Uint8Array) => import("./picture.js").CleanPhoto>} */
const CLEANERS = new Map([
  ["jpeg", jpeg.clean],
  ["png", png.clean],
  ["webp", webp.clean],
  ["gif", gif.clean],
]);

/**
 * The photo with only its picture, its orientation and, for a GIF or WebP, its animation.
 *
 * A clean photo is its own clean form. Throws a `CleanError`; the writer must act as it says.
 * @param {Uint8Array} data
 */
export function cleanPhoto(data) {
  if (data.length > MAX_PHOTO_LEN) throw new TooLargePhotoError(`more than ${MAX_PHOTO_LEN} bytes`);
  const kind = kindOf(data);
  const clean = CLEANERS.get(kind);
  if (clean === undefined) throw new NotAPhotoError(`not a photo that can be cleaned: ${kind}`);
  return clean(data);
}
