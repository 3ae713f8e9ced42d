// @ts-check
/** Finds and makes the page's elements; text goes in as text, never as markup. */

/** The element of that id; the page always has it. @param {string} id @returns {HTMLElement} */
export function at(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no ${id}`);
  return found;
}

/** The field of that id, for its value. @param {string} id @returns {HTMLInputElement} */
export function field(id) {
  return /** @type {HTMLInputElement} */ (at(id));
}

/**
 * A new element with its properties and what is in it.
 * @param {string} tag
 * @param {Record<string, string | number | boolean>} [properties] names with a hyphen are attributes
 * @param {...(Node | string | (Node | string)[])} inside
 */
export function make(tag, properties = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-")) element.setAttribute(name, String(value));
    else Object.assign(element, { [name]: value });
  }
  element.append(...inside.flat());
  return element;
}

/** What the element says from now on. A status that says it already is left alone, so that it is not read aloud again.
 * @param {string} id @param {...(Node | string | (Node | string)[])} inside */
export function set(id, ...inside) {
  const element = at(id);
  const after = make("div", {}, ...inside);
  if (element.role === "status" && element.textContent === after.textContent) return;
  element.replaceChildren(...after.childNodes);
}

/** A button that does something when it is pressed. @param {(Node | string)[]} inside @param {() => void} act @param {Record<string, string | boolean>} [properties] */
export function button(inside, act, properties = {}) {
  const element = make("button", { type: "button", ...properties }, inside);
  element.addEventListener("click", act);
  return element;
}

/** Let the browser draw what was changed before long work begins. */
export function drawn() {
  return new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve, 0));
    // A page that is not in front is not drawn at all.
    setTimeout(resolve, 200);
  });
}
