// @ts-check
/** `in_firefox.js` and all that it imports as one script that a page can be given: `node tests/bundle.js FILE`. */

import { fileURLToPath } from "node:url";

import { build } from "esbuild";

await build({
  absWorkingDir: fileURLToPath(new URL("./", import.meta.url)),
  entryPoints: ["in_firefox.js"],
  bundle: true,
  charset: "ascii",
  format: "iife",
  logLevel: "error",
  minify: true,
  outfile: process.argv[2],
  platform: "browser",
  target: ["es2022", "firefox128"],
});
