// @ts-check
/** Every vector with its recipes followed, as JSON on standard output: for a reader that cannot follow them itself. */

import { files, folders, load, make } from "./recipes.js";

const RECIPES = ["hex", "base64", "utf8", "repeat", "shake256", "join", "chacha20poly1305", "file", "of"];
// Their fields are the texts and photos themselves.
const WITHOUT_RECIPES = ["clean-text", "clean-photo"];

/** @param {any} field @returns {any} */
function followed(field) {
  if (Array.isArray(field)) return field.map(followed);
  if (typeof field !== "object" || field === null) return field;
  if (RECIPES.some((name) => name in field)) return { base64: Buffer.from(make(field)).toString("base64") };
  return Object.fromEntries(Object.entries(field).map(([name, value]) => [name, followed(value)]));
}

/** @type {Record<string, any>} */
const spelled = {};
for (const folder of folders()) {
  for (const file of files(folder)) {
    const given = load(file);
    // The hashes guard what a recipe makes; Node's own run looks at them.
    const fields = Object.entries({ ...given, sha256: undefined }).map(([name, field]) => [name, followed(field)]);
    spelled[file] = WITHOUT_RECIPES.includes(folder) ? given : Object.fromEntries(fields);
  }
}
process.stdout.write(JSON.stringify({ spelled, folders: folders() }));
