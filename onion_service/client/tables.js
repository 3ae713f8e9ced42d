// @ts-check
/**
 * The tables that the client shares with Python, written as modules: the words of fingerprints and the characters of clean
 * texts, and what may identify a writer. `node tables.js` writes them; with `--check` it writes nothing and fails when one is not as it would be written.
 */

import { readFileSync, writeFileSync } from "node:fs";

const HERE = new URL("./", import.meta.url);
const ROOT = new URL("../../", HERE);

/** Every table, by its path in this folder, as it must be. @returns {Record<string, string>} */
export function files() {
  return { "words.js": words(), "clean/tables.js": characters(), "identify-tables.js": identifying() };
}

/** The paths of tables that are not as they would be written. */
export function differences() {
  return Object.entries(files())
    .filter(([path, wanted]) => held(path) !== wanted)
    .map(([path]) => path);
}

function words() {
  const text = /_TEXT: Final = """\n([^"]*)"""/.exec(readFileSync(new URL("crypto/words.py", ROOT), "utf8"));
  if (text === null) throw new Error("crypto/words.py no longer has its words where they were");
  const list = text[1].trim().split(/\s+/);
  if (list.length !== 2_048) throw new Error(`crypto/words.py has ${list.length} words`);
  return [
    "// @ts-check",
    "// Written by tables.js from crypto/words.py; change it there.",
    "/** The 2 048 Spanish words of BIP-39 (MIT licence), in the order of that list (docs/spec/keys.md). */",
    `export const WORDS = Object.freeze(${JSON.stringify(list.join(" "))}.split(" "));`,
    "",
  ].join("\n");
}

function characters() {
  const tables = JSON.parse(readFileSync(new URL("tests/vectors/clean-tables.json", ROOT), "utf8"));
  return [
    "// @ts-check",
    "// Written by tables.js from tests/vectors/clean-tables.json; change onion_service/clean/characters.py.",
    "/** Which characters a text may keep, and the plain form of the rest (docs/spec/cleaning.md). @type {any} */",
    `export const TABLES = ${escaped(JSON.stringify(tables))};`,
    "",
  ].join("\n");
}

function identifying() {
  const tables = JSON.parse(readFileSync(new URL("tests/vectors/identify-tables.json", ROOT), "utf8"));
  return [
    "// @ts-check",
    "// Written by tables.js from tests/vectors/identify-tables.json; change onion_service/clean/identify_tables.py.",
    "/**",
    " * What may identify a writer (docs/spec/cleaning.md).",
    " * @type {{ kinds: string[], parts: Record<string, string>, rules: string[][] }}",
    " */",
    `export const TABLES = ${escaped(JSON.stringify(tables))};`,
    "",
  ].join("\n");
}

/** What cannot be seen, or turns the line round, is written as an escape. @param {string} json */
function escaped(json) {
  return json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** @param {string} path */
function held(path) {
  try {
    return readFileSync(new URL(path, HERE), "utf8");
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "ENOENT") return "";
    throw error;
  }
}

if (process.argv[1] !== undefined && new URL(`file://${process.argv[1]}`).href === import.meta.url) {
  if (process.argv.includes("--check")) {
    const different = differences();
    for (const path of different) console.error(`not as generated: ${path}`);
    process.exitCode = different.length > 0 ? 1 : 0;
  } else {
    for (const [path, content] of Object.entries(files())) writeFileSync(new URL(path, HERE), content);
  }
}
