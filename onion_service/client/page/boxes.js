// @ts-check
/**
 * What is ticked now is what was ticked at first, at any moment: a browser that keeps a session on disk keeps each box that
 * is not as it was at first, whatever `autocomplete` says, and so it keeps none of them.
 */

/** Watch every box of the page, those to come too. */
export function watchBoxes() {
  document.addEventListener("change", settleBoxes, { capture: true });
}

/** Call it when the script has ticked, made or cleared some. */
export function settleBoxes() {
  for (const box of document.querySelectorAll("input[type=radio], input[type=checkbox]")) {
    if (box instanceof HTMLInputElement) box.defaultChecked = box.checked;
  }
}
