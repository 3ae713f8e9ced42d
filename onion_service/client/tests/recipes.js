// @ts-check
/** Byte strings as the vector files write them (tests/vectors/README.md). It imports nothing of the client. */

import assert from "node:assert/strict";
import { createCipheriv, createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";

const FOLDER = new URL("../../../tests/vectors/", import.meta.url);
const TAG_LEN = 16;

/** @typedef {Record<string, any>} Case */

/** The case in a vector file, given by its path under the folder of vectors. @param {string} file @returns {Case} */
export function load(file) {
  return JSON.parse(readFileSync(new URL(file, FOLDER), "utf8"));
}

/** The folders that hold vectors. */
export function folders() {
  const entries = readdirSync(FOLDER, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith("_")).map(({ name }) => name);
}

/** The vector files of a folder, by their paths. @param {string} folder */
export function files(folder) {
  const found = readdirSync(new URL(`${folder}/`, FOLDER)).filter((name) => name.endsWith(".json"));
  assert.ok(found.length > 0, `no vectors in ${folder}`);
  return found.sort().map((name) => `${folder}/${name}`);
}

/** A field's bytes, checked against the hash beside them. @param {Case} given @param {string} name */
export function bytesOf(given, name) {
  const data = make(given[name]);
  const wanted = given.sha256?.[name];
  if (wanted !== undefined) assert.equal(createHash("sha256").update(data).digest("hex"), wanted);
  return data;
}

/** The bytes of a recipe. @param {Case} recipe @returns {Uint8Array} */
export function make(recipe) {
  if ("hex" in recipe) return bytes(Buffer.from(recipe.hex, "hex"));
  if ("base64" in recipe) return bytes(Buffer.from(recipe.base64, "base64"));
  if ("utf8" in recipe) return bytes(Buffer.from(recipe.utf8, "utf8"));
  if ("repeat" in recipe) return bytes(Buffer.from(recipe.repeat.repeat(recipe.count), "hex"));
  if ("shake256" in recipe) {
    return bytes(createHash("shake256", { outputLength: recipe.length }).update(recipe.shake256, "utf8").digest());
  }
  if ("join" in recipe) return bytes(Buffer.concat(recipe.join.map(make)));
  if ("chacha20poly1305" in recipe) return sealed(recipe.chacha20poly1305);
  if ("file" in recipe) return make(load(recipe.file)[recipe.field]);
  if ("of" in recipe) return changed(make(recipe.of), recipe);
  throw new Error(`not a recipe: ${Object.keys(recipe)}`);
}

/** @param {Case} box */
function sealed({ key, nonce, aad, plaintext }) {
  const cipher = createCipheriv("chacha20-poly1305", Buffer.from(key, "hex"), Buffer.from(nonce, "hex"), {
    authTagLength: TAG_LEN,
  });
  const given = make(plaintext);
  cipher.setAAD(make(aad), { plaintextLength: given.length });
  return bytes(Buffer.concat([cipher.update(given), cipher.final(), cipher.getAuthTag()]));
}

/** @param {Uint8Array} data @param {Case} recipe */
function changed(data, recipe) {
  if ("cut" in recipe) return data.slice(0, recipe.cut);
  const copy = data.slice();
  if ("flip" in recipe) copy[recipe.flip[0]] ^= 1 << recipe.flip[1];
  else if ("put" in recipe) copy.set(Buffer.from(recipe.put[1], "hex"), recipe.put[0]);
  else throw new Error(`not a change: ${Object.keys(recipe)}`);
  return copy;
}

/** @param {Buffer} buffer */
function bytes(buffer) {
  return new Uint8Array(buffer);
}
