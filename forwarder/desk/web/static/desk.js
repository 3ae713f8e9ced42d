// What the pages do with script beyond what they do without: single keys, printing, and locking when nobody is there.

const { at, csrf, stage, minutes, seconds, keys, locking, gone } = document.body.dataset;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const ASK = 5 * SECOND;
const LOOK = 3 * SECOND;
const isOpen = stage === "open";

const main = document.querySelector("#main");
const notice = document.querySelector("#locking");

const send = (path, fields) => fetch(at + path, {
  method: "POST",
  body: new URLSearchParams({ csrf, ...fields }),
  redirect: "manual",
});

function say(text) {
  if (notice.textContent !== text) notice.textContent = text;
  notice.hidden = text === "";
}

// --- locking: in one tab it is locked in all ---

const tabs = new BroadcastChannel(`veladora${at}`);

// `idle` says that no person did this, so that it keeps no desk open.
function leave() {
  main.hidden = true;
  location.replace(`${at}/still?idle=yes`);
}

if (isOpen) {
  tabs.addEventListener("message", leave);
  document.querySelector("#lock").addEventListener("submit", () => tabs.postMessage("locked"));
} else {
  tabs.postMessage("locked");
}

// A page that the browser kept to go back to may be of a desk that is locked by now.
addEventListener("pageshow", (event) => {
  if (event.persisted && isOpen) leave();
});

// --- locking by itself: the program alone knows when, and is asked ---

let deadline = Date.now() + Number(seconds) * SECOND;
let asked = Date.now();
let asking = false;
let acted = false;

async function ask() {
  if (asking) return;
  asking = true;
  asked = Date.now();
  const byPerson = acted;
  acted = false;
  try {
    const answer = await send("/alive", byPerson ? {} : { idle: "yes" });
    if (answer.ok) {
      deadline = Date.now() + Number(await answer.text()) * SECOND;
      show();
    } else {
      leave();
    }
  } catch {
    main.hidden = true;
    say(gone);
  }
  asking = false;
}

// What nobody has answered for is not shown.
function show() {
  const rest = deadline - Date.now();
  main.hidden = rest <= 0;
  say(rest <= Math.min(MINUTE, Number(minutes) * MINUTE / 2) ? locking : "");
}

function seen() {
  acted = true;
  if (!notice.hidden) ask();
}

function watch() {
  if (notice.textContent !== gone) show();
  if (main.hidden || Date.now() - asked >= ASK) ask();
}

if (isOpen) {
  // Not `scroll`: a page scrolls by itself too, when something appears in it, as our own warning does.
  for (const what of ["keydown", "pointerdown", "pointermove", "input", "wheel", "touchmove"]) {
    addEventListener(what, seen, { passive: true, capture: true });
  }
  setInterval(watch, SECOND);
  // A laptop that was asleep counts its time too.
  document.addEventListener("visibilitychange", watch);
}

// --- attachments that are still being opened ---

// Only that part of the page is made new: what is being written beside it stays.
async function look() {
  const files = document.querySelector("#opening");
  if (!files?.querySelector("[data-pending]")) return;
  try {
    const answer = await fetch(`${location.pathname}?idle=yes`, { redirect: "manual" });
    const found = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#opening");
    if (found) files.replaceWith(document.adoptNode(found));
  } catch {
    // The next look, or `ask`, finds out why.
  }
  setTimeout(look, LOOK);
}
setTimeout(look, LOOK);

// --- printing ---

const print = document.querySelector("#print");
if (print) {
  print.hidden = false;
  document.querySelector("#print-hint").hidden = true;
  print.addEventListener("click", () => window.print());
}

// --- single keys ---

const rows = [...document.querySelectorAll("#list > .report")];
let current = -1;

function choose(step) {
  if (!rows.length) {
    return follow(step > 0 ? "#after" : "#before");
  }
  rows[current]?.classList.remove("current");
  current = Math.min(rows.length - 1, Math.max(0, current + step));
  rows[current].classList.add("current");
  rows[current].querySelector("a.open").focus();
}

function follow(selector) {
  document.querySelector(selector)?.click();
}

// A step that asks why is opened, not taken.
function take(step) {
  const button = document.querySelector(`[data-step="${step}"]`);
  const fold = button?.closest("details");
  if (fold) {
    fold.open = true;
    fold.querySelector("textarea").focus();
  } else {
    button?.click();
  }
}

const DEEDS = {
  j: () => choose(1),
  k: () => choose(-1),
  x: () => rows[current]?.querySelector("input[type=checkbox]")?.click(),
  c: () => take("checking"),
  n: () => document.querySelector("#note-text")?.focus(),
  b: () => location.assign(`${at}/inbox`),
  i: () => location.assign(`${at}/incidents`),
  "/": () => (document.querySelector("#words") ? document.querySelector("#words").focus() : location.assign(`${at}/inbox#words`)),
  "?": () => location.assign(`${at}/help`),
};

addEventListener("keydown", (event) => {
  if (keys !== "on" || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select")) return;
  const deed = Object.hasOwn(DEEDS, event.key) && DEEDS[event.key];
  if (deed) {
    event.preventDefault();
    // A key that is held down goes along the list, and does nothing else twice.
    if (!event.repeat || "jk".includes(event.key)) deed();
  }
});
