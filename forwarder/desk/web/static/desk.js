// What the pages do with script beyond what they do without: single keys, printing, and locking when nobody is there.

const { at, csrf, minutes, keys, locking } = document.body.dataset;
const MINUTE = 60_000;
const isOpen = Number(minutes) > 0;

const send = (path, fields) => fetch(at + path, {
  method: "POST",
  body: new URLSearchParams({ csrf, ...fields }),
  redirect: "manual",
});

// --- locking by itself ---

let last = Date.now();
let told = Date.now();

const isAway = () => Date.now() - last;

function seen() {
  last = Date.now();
  document.querySelector("#locking").hidden = true;
  if (last - told > MINUTE) {
    told = last;
    send("/alive", {}).catch(() => {});
  }
}

function watch() {
  const left = Number(minutes) * MINUTE - isAway();
  if (left <= 0) {
    lockNow();
    return;
  }
  const notice = document.querySelector("#locking");
  if (left <= MINUTE && notice.hidden) {
    notice.textContent = locking;
    notice.hidden = false;
  }
}

function lockNow() {
  const form = document.querySelector("#lock");
  const idle = document.createElement("input");
  idle.type = "hidden";
  idle.name = "idle";
  idle.value = "yes";
  form.append(idle);
  form.submit();
}

if (isOpen) {
  for (const what of ["keydown", "pointerdown", "pointermove", "input", "scroll"]) {
    addEventListener(what, seen, { passive: true, capture: true });
  }
  setInterval(watch, 1_000);
  // A laptop that was asleep counts its time too.
  document.addEventListener("visibilitychange", watch);
}

// A page that the browser kept to go back to may be of a desk that is locked by now.
addEventListener("pageshow", (event) => {
  if (event.persisted) {
    document.querySelector("main").hidden = true;
    location.reload();
  }
});

// --- attachments that are still being opened ---

let typed = false;
addEventListener("input", () => { typed = true; }, { capture: true });
if (document.querySelector("[data-pending]")) {
  setTimeout(() => typed || location.reload(), 3_000);
}

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
    deed();
  }
});
