// @ts-check
/**
 * What kind of file some bytes are, told by how they begin and never by a name (docs/spec/cleaning.md, "Kinds").
 *
 * The media types are a closed list; anything else is `application/octet-stream`.
 */

import { label, says } from "./picture.js";

export const UNKNOWN = "unknown";
/** @type {ReadonlySet<string>} */
export const PHOTO_KINDS = new Set(["jpeg", "png", "webp", "gif"]);
/** @type {Readonly<Record<string, string>>} */
export const MEDIA_TYPE_OF_KIND = Object.freeze({
  jpeg: "image/jpeg",
  png: "image/png",
  webp: "image/webp",
  gif: "image/gif",
  heic: "image/heic",
  avif: "image/avif",
  tiff: "image/tiff",
  pdf: "application/pdf",
  zip: "application/zip",
  ole: "application/x-ole-storage",
  rtf: "application/rtf",
  mp3: "audio/mpeg",
  m4a: "audio/mp4",
  aac: "audio/aac",
  ogg: "audio/ogg",
  wav: "audio/wav",
  amr: "audio/amr",
  flac: "audio/flac",
  mp4: "video/mp4",
  quicktime: "video/quicktime",
  "3gpp": "video/3gpp",
  webm: "video/webm",
  avi: "video/x-msvideo",
  [UNKNOWN]: "application/octet-stream",
});

/** @type {[string, string][]} */
const BEGINNINGS = [
  ["\xff\xd8\xff", "jpeg"],
  ["\x89PNG\r\n\x1a\n", "png"],
  ["GIF87a", "gif"],
  ["GIF89a", "gif"],
  ["%PDF-", "pdf"],
  ["PK\x03\x04", "zip"],
  ["PK\x05\x06", "zip"],
  ["\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"],
  ["{\\rtf", "rtf"],
  ["II*\0", "tiff"],
  ["MM\0*", "tiff"],
  ["ID3", "mp3"],
  ["OggS", "ogg"],
  ["fLaC", "flac"],
  ["#!AMR", "amr"],
  ["\x1aE\xdf\xa3", "webm"],
];
const RIFF = new Map([
  ["WEBP", "webp"],
  ["WAVE", "wav"],
  ["AVI ", "avi"],
]);
/** @type {[string[], string][]} */
const BRANDS = [
  [["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"], "heic"],
  [["avif", "avis"], "avif"],
  [["M4A ", "M4B "], "m4a"],
  [["qt  "], "quicktime"],
  [["3gp4", "3gp5", "3gp6", "3ge6", "3g2a"], "3gpp"],
];

/** The kind, one of the keys of `MEDIA_TYPE_OF_KIND`; `unknown` when nothing matches. @param {Uint8Array} data */
export function kindOf(data) {
  const begun = BEGINNINGS.find(([beginning]) => says(data, beginning));
  if (begun !== undefined) return begun[1];
  const brand = label(data.subarray(8, 12));
  if (says(data, "RIFF")) return RIFF.get(brand) ?? UNKNOWN;
  if (says(data, "ftyp", 4)) return BRANDS.find(([brands]) => brands.includes(brand))?.[1] ?? "mp4";
  if (data.length >= 2 && data[0] === 0xff && (data[1] & 0xe0) === 0xe0) {
    if ((data[1] & 0xf6) === 0xf0) return "aac";
    return (data[1] & 0x06) !== 0 ? "mp3" : UNKNOWN;
  }
  return UNKNOWN;
}

/** The media type of what these bytes are. @param {Uint8Array} data */
export function mediaTypeOf(data) {
  return MEDIA_TYPE_OF_KIND[kindOf(data)];
}
