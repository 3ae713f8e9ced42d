// @ts-check
/**
 * The page's script, or its style, as one file, the same bytes from the same sources: `node build.js FILE [ENTRY
 * [MESSAGES]]`. FILE `-` is the standard output; without FILE it only says how long the script is. MESSAGES stands for
 * `page/messages.js`.
 */

import { fileURLToPath } from "node:url";
import { readFileSync, writeFileSync } from "node:fs";

import { build } from "esbuild";

const ENTRY = "page/main.js";
const HERE = fileURLToPath(new URL("./", import.meta.url));

// Curves that we do not use are made by these calls when the module is loaded, unless they are known to do nothing else.
const UNUSED_SUITES = /^export const \w+ = (?:QSF|createKitchenSink)\(.*;$/gm;
const CALLS = /\b(?:QSF|createKitchenSink|ecdhKem)\(/g;
const UNUSED_SUITES_COUNT = 3;

/** Leaves the suites that nobody uses out of the bundle. @type {import("esbuild").Plugin} */
const withoutUnusedSuites = {
  name: "without-unused-suites",
  setup({ onLoad }) {
    onLoad({ filter: /post-quantum[/]hybrid\.js$/ }, ({ path }) => {
      const source = readFileSync(path, "utf8");
      if (source.match(UNUSED_SUITES)?.length !== UNUSED_SUITES_COUNT) {
        throw new Error("@noble/post-quantum has other suites now; look again at what may be left out");
      }
      const contents = source.replace(UNUSED_SUITES, (line) => line.replace(CALLS, "/* @__PURE__ */ $&"));
      return { contents, loader: "js" };
    });
  },
};

/** Other messages in the place of the committed ones. @param {string} file @returns {import("esbuild").Plugin} */
const withMessages = (file) => ({
  name: "with-messages",
  setup({ onResolve }) {
    onResolve({ filter: /^\.[/]messages\.js$/ }, () => ({ path: file }));
  },
});

/** The bundle of one entry, as bytes. @param {string} [entry] @param {string} [messages] */
export async function bundle(entry = ENTRY, messages = `${HERE}page/messages.js`) {
  const { outputFiles, warnings } = await build({
    absWorkingDir: HERE,
    entryPoints: [entry],
    bundle: true,
    charset: "ascii",
    format: "esm",
    legalComments: "none",
    logLevel: "error",
    minify: true,
    platform: "browser",
    plugins: [withoutUnusedSuites, withMessages(messages)],
    target: ["es2022", "firefox128"],
    write: false,
  });
  if (warnings.length > 0) throw new Error(warnings.map(({ text }) => text).join("\n"));
  return outputFiles[0].contents;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , file, entry, messages] = process.argv;
  const built = await bundle(entry, messages);
  if (file === "-") {
    process.stdout.write(built);
  } else {
    if (file !== undefined) writeFileSync(file, built);
    console.log(`${built.length} bytes`);
  }
}
