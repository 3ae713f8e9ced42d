// @ts-check
/** Lengths are the specification's, letters hide whom they are for, and the tables are those of Python. */

import "./surroundings.js";

import assert from "node:assert/strict";
import { test } from "node:test";

import { utf8 } from "../bytes.js";
import { LETTER, LETTER_HEAD_LEN, PARCEL, SLOT_LEN } from "../cells.js";
import { NotForUs } from "../errors.js";
import { Kind, cover, peel, roundTag, wrap } from "../layers.js";
import { openLetter, seal, sealPart, sealReport } from "../letter.js";
import { PART_MAX, REPORT_MAX, attach, report } from "../report.js";
import { OpeningKey } from "../suite.js";
import { differences } from "../tables.js";

const partners = Array.from({ length: 5 }, () => OpeningKey.generate());
const keys = partners.map(({ sealingKey }) => sealingKey);

test("the lengths are those of the specification", () => {
  assert.equal(LETTER_HEAD_LEN, 4_704);
  assert.deepEqual([0, 1, 2].map((depth) => LETTER.lengthAfter(depth)), [32_768, 31_615, 30_478]);
  assert.deepEqual([0, 1, 2].map((depth) => PARCEL.lengthAfter(depth)), [1_048_576, 1_047_423, 1_046_286]);
  assert.deepEqual([REPORT_MAX, PART_MAX], [25_753, 1_041_561]);
});

test("a letter has one length for one to four partners, and each of them opens it and nobody else", async () => {
  const said = report({ text: "Se lo llevaron." });
  for (const count of [1, 2, 3, 4]) {
    const cell = await sealReport(said, { to: keys.slice(0, count), relays: 2 });
    assert.equal(cell.length, LETTER.lengthAfter(2));
    for (const partner of partners.slice(0, count)) assert.deepEqual(await openLetter(cell, [partner]), said);
    await assert.rejects(openLetter(cell, partners.slice(count)), NotForUs);
  }
});

test("a partner's slot is at each of the four places", async () => {
  const places = new Set();
  for (let tries = 0; tries < 200 && places.size < 4; tries += 1) {
    const cell = await seal(utf8("\x02x"), { to: [keys[0]], cellClass: LETTER, relays: 1 });
    for (let place = 0; place < 4; place += 1) {
      const slot = cell.slice(place * SLOT_LEN, (place + 1) * SLOT_LEN);
      const isOurs = await partners[0].open(slot, { purpose: utf8("letter slot") }).then(() => true, () => false);
      if (isOurs) places.add(place);
    }
  }
  assert.equal(places.size, 4);
});

test("a letter for nobody, for too many or for one partner twice is not made", async () => {
  await assert.rejects(sealPart(utf8("x"), { to: keys, relays: 1 }), RangeError);
  await assert.rejects(sealPart(utf8("x"), { to: [keys[0], keys[0]], relays: 1 }), RangeError);
});

test("an envelope of a letter and of cover are alike but for the last relay", async () => {
  const relays = [OpeningKey.generate(), OpeningKey.generate()];
  for (const count of [1, 2]) {
    const route = relays.slice(0, count).map(({ sealingKey }) => sealingKey);
    const cell = await sealReport(report({ text: "Hola." }), { to: [keys[0]], relays: count });
    const letter = await wrap(cell, { route });
    const dropped = await cover(LETTER, { route });
    assert.deepEqual([letter.envelope.length, dropped.envelope.length], [LETTER.wireLength, LETTER.wireLength]);
    assert.deepEqual(letter.envelope.slice(0, 16), roundTag(route[0]));
    assert.deepEqual(letter.envelope.slice(0, 16), dropped.envelope.slice(0, 16));
    let peeled = [await peel(letter.envelope, relays[0]), await peel(dropped.envelope, relays[0])];
    assert.deepEqual([peeled[0].inner, peeled[1].inner], [letter.inside, dropped.inside]);
    if (count === 2) {
      assert.deepEqual(peeled.map(({ kind }) => kind), [Kind.PASS, Kind.PASS]);
      peeled = [await peel(peeled[0].inner, relays[1]), await peel(peeled[1].inner, relays[1])];
    }
    assert.deepEqual(peeled.map(({ kind }) => kind), [Kind.PASS, Kind.COVER]);
    assert.deepEqual(peeled[0].inner, cell);
  }
});

test("an attachment is cut into parts of one length but for the last", async () => {
  const data = new Uint8Array(2 * PART_MAX + 1).fill(3);
  let breaths = 0;
  const breathe = async () => void (breaths += 1);
  const { attachment, parts } = await attach(data, { media: "image/png", cleaned: true }, breathe);
  assert.equal(breaths, 3);
  assert.deepEqual(parts.map(({ length }) => length), [PART_MAX, PART_MAX, 1]);
  assert.equal(attachment.parts[0], attachment.parts[1]);
  const empty = attach(new Uint8Array(), { media: "image/png", cleaned: true }, breathe);
  await assert.rejects(empty, { name: "malformed" });
  await assert.rejects(attach(data, { media: "image/bmp", cleaned: true }, breathe), { name: "malformed" });
});

test("a private key is not printed", () => {
  assert.equal(String(partners[0]), "OpeningKey(...)");
  assert.equal(JSON.stringify(partners[0]).includes("seed"), false);
});

test("the tables are as they would be written from Python's", () => {
  assert.deepEqual(differences(), []);
});
