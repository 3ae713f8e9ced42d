// @ts-check
/** A place is found by what a person would type of its name, the most likely one first. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

import { gazetteer, search } from "../places.js";

const NAMES = [
  "Apodaca, Nuevo León",
  "Leona Vicario, Quintana Roo",
  "León, Guanajuato",
  "Nuevo León",
  "Reynosa, Tamaulipas",
  "Río Bravo, Tamaulipas",
  "Ciudad Juárez, Chihuahua",
  "Juárez, Nuevo León",
  "San Luis Río Colorado, Sonora",
  "San Luis Potosí, San Luis Potosí",
  "Tijuana, Baja California",
  "Tuxtla Gutiérrez, Chiapas",
  "Acapulco de Juárez, Guerrero",
  "Ñuu Savi, Oaxaca",
];
const PLACES = gazetteer(NAMES.map((name, at) => ({ id: `p${at}`, name })));
/** @param {string} typed @param {number} [limit] */
const found = (typed, limit) => search(PLACES, typed, limit === undefined ? {} : { limit }).map(({ name }) => name);

test("accents and case do not matter", () => {
  for (const typed of ["reynosa", "REYNOSA", "Réynosa", "  reynosa  ", "reynosa,"]) assert.deepEqual(found(typed), ["Reynosa, Tamaulipas"], typed);
  assert.deepEqual(found("nuu savi"), ["Ñuu Savi, Oaxaca"]);
  assert.deepEqual(found("rio bravo"), ["Río Bravo, Tamaulipas"]);
});

test("words may come in any order and unfinished", () => {
  for (const typed of ["tamaulipas rey", "tam reynosa", "reynosa tamaulipas"]) assert.deepEqual(found(typed), ["Reynosa, Tamaulipas"], typed);
  assert.deepEqual(found("colorado san"), ["San Luis Río Colorado, Sonora"]);
});

test("a name comes before one that begins so, then words of places, then what they lie in, then what is inside", () => {
  assert.deepEqual(found("leon"), ["León, Guanajuato", "Leona Vicario, Quintana Roo", "Nuevo León", "Apodaca, Nuevo León", "Juárez, Nuevo León"]);
  assert.deepEqual(found("juarez"), ["Juárez, Nuevo León", "Ciudad Juárez, Chihuahua", "Acapulco de Juárez, Guerrero"]);
  assert.deepEqual(found("uana"), ["Tijuana, Baja California", "León, Guanajuato"].sort((a, b) => NAMES.indexOf(a) - NAMES.indexOf(b)));
});

test("one slip in a long word is forgiven, and comes last", () => {
  for (const typed of ["reinosa", "reynoza", "renosa", "reyynosa", "reynsoa", "reinos"]) assert.deepEqual(found(typed), ["Reynosa, Tamaulipas"], typed);
  assert.deepEqual(found("tijauna"), ["Tijuana, Baja California"]);
  assert.deepEqual(found("tuxla gutierez"), ["Tuxtla Gutiérrez, Chiapas"]);
  for (const typed of ["leom", "rinosa", "raynoza", "tixuanna"]) assert.deepEqual(found(typed), [], typed);
  const near = gazetteer(["Puebla del Sur", "Pueblo Nuevo", "El Pueblito", "Antipueblo"].map((name) => ({ id: name, name })));
  assert.deepEqual(
    search(near, "pueblo").map(({ name }) => name),
    ["Pueblo Nuevo", "Antipueblo", "Puebla del Sur", "El Pueblito"],
  );
});

test("nothing typed finds nothing, and no more come than were asked for", () => {
  for (const typed of ["", "  ", ",.-", "zzz", "reynosa zzz"]) assert.deepEqual(found(typed), [], typed);
  assert.deepEqual(found("san luis", 1), ["San Luis Río Colorado, Sonora"]);
  assert.equal(found("a", 100).length, NAMES.filter((name) => /[aá]/i.test(name)).length);
  assert.equal(found("a").length, 8);
});

test("what is given back is the directory's own entry", () => {
  const place = Object.freeze({ id: "x", name: "Xalapa, Veracruz" });
  assert.equal(search(gazetteer([place]), "xal")[0], place);
  assert.deepEqual(search(gazetteer([{ id: "y", name: "---" }, { id: "z", name: "😀" }]), "x"), []);
});

test("a key is answered at once among 2 000 places, without a JIT", () => {
  const program = `
    import { gazetteer, search } from ${JSON.stringify(new URL("../places.js", import.meta.url).href)};
    const parts = ["San", "Santa", "Villa", "Nueva", "Puerto", "Ciudad", "Ojo", "Luis", "Rosa", "Hidalgo", "Juárez", "Allende", "Morelos"];
    const places = Array.from({ length: 2_000 }, (_, at) => ({
      id: "p" + at, name: parts[at % 13] + " " + parts[(at * 7) % 13] + " " + parts[(at * 31) % 11] + at + ", " + parts[(at * 3) % 13] + " del Norte",
    }));
    const index = gazetteer(places);
    const times = [];
    for (const typed of ["s", "sa", "san lu", "villahermosx", "xxxxxxx yyyyyyy zzzzzzz", "nrote juarze allende"]) {
      search(index, typed);
      const start = performance.now();
      search(index, typed);
      times.push(performance.now() - start);
    }
    console.log(JSON.stringify({ found: search(index, "norte san").length, worst: Math.max(...times) }));`;
  const ended = spawnSync(process.execPath, ["--jitless", "--input-type=module", "-e", program], { encoding: "utf8" });
  assert.equal(ended.status, 0, ended.stderr);
  const { found: some, worst } = JSON.parse(ended.stdout);
  assert.equal(some, 8);
  assert.ok(worst < 400, `a key takes ${worst} ms`);
});
