// @ts-check
/** Bytes as text and back, in Node and in a browser. */

/** @param {string} spelling @returns {Uint8Array} */
export function unbase64(spelling) {
  if (typeof Buffer !== "undefined") return new Uint8Array(Buffer.from(spelling, "base64"));
  return /** @type {any} */ (Uint8Array).fromBase64(spelling);
}

/** @param {Uint8Array} bytes @returns {string} */
export function base64(bytes) {
  if (typeof Buffer !== "undefined") return Buffer.from(bytes).toString("base64");
  return /** @type {any} */ (bytes).toBase64();
}
