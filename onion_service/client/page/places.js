// @ts-check
/** Choosing a place: type some letters, press one of the names that come. */

import { gazetteer, search } from "../places.js";
import { at, button, field, set } from "./elements.js";
import { say } from "./say.js";

/** The place chosen, an id of the directory; empty when none is. */
export class PlaceChoice {
  chosen = "";

  constructor() {
    field("place").addEventListener("input", () => this.#look());
    at("place-clear").addEventListener("click", () => {
      this.clear();
      field("place").focus();
    });
  }

  /** @param {{ id: string, name: string }[]} places */
  offer(places) {
    this.index = gazetteer(places);
    this.names = new Map(places.map(({ id, name }) => [id, name]));
    at("place-field").hidden = places.length === 0;
    if (!this.names.has(this.chosen)) this.clear();
  }

  clear() {
    this.chosen = "";
    field("place").value = "";
    at("place-chosen").hidden = true;
    set("places");
    set("places-count");
  }

  /** The name of the place chosen, or nothing. */
  get name() {
    return this.names?.get(this.chosen);
  }

  #look() {
    const typed = field("place").value;
    const found = this.index === undefined || typed.trim() === "" ? [] : search(this.index, typed);
    set("places", ...found.map((place) => {
      const item = document.createElement("li");
      item.append(button([place.name], () => this.#choose(place), { "data-id": place.id }));
      return item;
    }));
    set("places-count", typed.trim() === "" ? "" : say("Lugares encontrados: {count}", { count: found.length }));
  }

  /** @param {{ id: string, name: string }} place */
  #choose({ id, name }) {
    this.clear();
    this.chosen = id;
    set("place-name", name);
    at("place-chosen").hidden = false;
    at("place-clear").focus();
  }
}
