// @ts-check
/** Leaving at once: everything written is cleared and the page replaced by an empty one, with no way back to it. */

const ESCAPES = 3;
const ESCAPE_WINDOW_MS = 2_000;

/** Whether closing the page would lose something. */
let isUnsent = () => false;
let isLeaving = false;

/** Watch the button, the Escape key, and closing. `forget` clears what the script holds; `unsent` says whether something
 * would be lost. @param {HTMLElement} button @param {{ forget: () => void, unsent: () => boolean }} page */
export function watchLeaving(button, { forget, unsent }) {
  isUnsent = unsent;
  button.addEventListener("click", () => leave(forget));
  /** @type {number[]} */
  let presses = [];
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || event.repeat) return;
      presses = [...presses.filter((at) => event.timeStamp - at < ESCAPE_WINDOW_MS), event.timeStamp];
      if (presses.length >= ESCAPES) leave(forget);
    },
    { capture: true },
  );
  window.addEventListener("beforeunload", (event) => {
    if (!isLeaving && isUnsent()) event.preventDefault();
  });
}

/** @param {() => void} forget */
function leave(forget) {
  isLeaving = true;
  // What is seen goes first, so that nothing that fails below leaves it on the screen.
  for (const entry of document.querySelectorAll("input, textarea")) {
    if (entry instanceof HTMLInputElement || entry instanceof HTMLTextAreaElement) entry.value = "";
  }
  document.body.replaceChildren();
  document.title = "";
  try {
    forget();
  } finally {
    location.replace("about:blank");
  }
}
