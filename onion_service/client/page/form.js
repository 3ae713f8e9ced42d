// @ts-check
/** The form as the directory fills it, and what its writer says in it. */

import { SLOTS } from "../cells.js";
import { fingerprintWords } from "../keys.js";
import { settleBoxes, watchBoxes } from "./boxes.js";
import { at, field, make, set } from "./elements.js";
import { Files } from "./files.js";
import { PlaceChoice } from "./places.js";
import { chosenLanguage, say, sayWords } from "./say.js";

/** @typedef {import("../directory.js").Directory} Directory */
/** @typedef {import("../directory.js").Partner} Partner */

/** All that can be filled in. */
export class Form {
  files = new Files();
  place = new PlaceChoice();

  constructor() {
    watchBoxes();
  }

  /** Offer what the directory lists; what was chosen stays chosen where it still exists. @param {Directory} directory */
  offer(directory) {
    const topic = chosen("topic")[0] ?? "";
    const known = new Set(all("partner").map(({ value }) => value));
    const partners = new Set(chosen("partner"));
    at("topics-field").hidden = directory.topics.length === 0;
    const noTopic = { id: "", name: { es: "", en: "" } };
    set(
      "topics",
      ...[...directory.topics, noTopic].map(({ id, name }) =>
        choice("radio", "topic", id, id === "" ? say("Otra cosa") : sayWords(name), id === topic),
      ),
    );
    this.place.offer(directory.places);
    this.files.allow(directory.attachments_max);
    at("partners-field").hidden = false;
    set(
      "partners",
      ...directory.partners.map((partner, number) => {
        const isChosen = known.has(partner.id) ? partners.has(partner.id) : number < SLOTS;
        return described(partner, isChosen);
      }),
    );
    settleBoxes();
  }

  /** What is written now, as it is. */
  get draft() {
    return {
      text: field("text").value,
      lang: chosenLanguage(),
      topic: chosen("topic")[0] ?? "",
      place: this.place.chosen,
      where: field("where").value,
      when: chosen("when")[0] ?? "unsaid",
    };
  }

  /** The ids of the partners chosen. */
  get to() {
    return chosen("partner");
  }

  get isEmpty() {
    return field("text").value === "" && field("where").value === "" && this.files.isEmpty;
  }

  clear() {
    for (const id of ["text", "where"]) field(id).value = "";
    for (const { name, value } of [{ name: "topic", value: "" }, { name: "when", value: "unsaid" }]) {
      for (const input of all(name)) input.checked = input.value === value;
    }
    settleBoxes();
    this.place.clear();
    this.files.clear();
  }
}

/** @param {string} name */
function all(name) {
  return /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll(`input[name=${name}]`)]);
}

/** @param {string} name */
function chosen(name) {
  return all(name).filter(({ checked }) => checked).map(({ value }) => value);
}

/** @param {"radio" | "checkbox"} type @param {string} name @param {string} value @param {HTMLElement[]} words @param {boolean} checked */
function choice(type, name, value, words, checked) {
  const id = `${name}-${value}`;
  const input = make("input", { type, name, value, id, autocomplete: "off", checked });
  return make("span", { className: "choice" }, input, make("label", { htmlFor: id }, words));
}

/** @param {Partner} partner @param {boolean} isChosen */
function described(partner, isChosen) {
  const name = document.createElement("span");
  name.textContent = partner.name;
  return make(
    "div",
    { className: "partner" },
    choice("checkbox", "partner", partner.id, [name], isChosen),
    make("p", { className: "hint" }, sayWords(partner.about)),
    make(
      "details",
      {},
      make("summary", {}, say("Comprobar la llave de {name}", { name: partner.name })),
      make("p", {}, say("Si la organización publicó estas palabras, compáralas una por una. Si no son iguales, no le mandes nada por aquí.")),
      make("p", { className: "words", lang: "es" }, fingerprintWords(partner.sealingKey.fingerprint)),
    ),
  );
}
