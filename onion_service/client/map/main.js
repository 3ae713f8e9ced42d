// @ts-check
/**
 * The map of published alerts, made larger and moved: the one script that runs under `/alerts/` (docs/spec/alerts.md,
 * "Script").
 *
 * All that is drawn stands in the page already; nothing is fetched, kept or sent. Without this script a picture stands
 * in the map's place.
 */

import { select } from "d3-selection";
import { zoom, zoomIdentity, zoomTransform } from "d3-zoom";

const LARGEST = 400;
const STEP = 2;
const PUSH = 60;
/** From these zooms on the names of smaller places are shown (forwarder/desk/publish/site/vector.py). */
const LEVELS = [0.9, 2.5, 6, 14, 28];
/** A page of this publication, by the way that leads there from the page of the map, and nothing else. */
const PAGE = /^(?:\.\.\/)*[a-z0-9][a-z0-9._/-]*(?:#[a-z0-9]+)?$/;

/** How many units of the map one pixel of the screen is. */
let unit = 1;

const at = (/** @type {string} */ id) => document.getElementById(id);

const [frame, drawing, shapes, told, chosen] = ["map", "map-drawing", "map-shapes", "map-zoom", "map-chosen"].map(at);
const around = at("map-window");
const picture = at("map-picture");
if (frame && drawing && shapes && told && chosen && around && picture) start();

function start() {
  const [width, height] = drawing.getAttribute("viewBox").split(" ").slice(2).map(Number);
  const turned = zoom()
    .scaleExtent([1, LARGEST])
    .extent([[0, 0], [width, height]])
    .translateExtent([[0, 0], [width, height]])
    .on("zoom", ({ transform }) => show(transform));
  const canvas = select(drawing).call(turned);
  at("map-closer")?.addEventListener("click", () => canvas.call(turned.scaleBy, STEP));
  at("map-farther")?.addEventListener("click", () => canvas.call(turned.scaleBy, 1 / STEP));
  at("map-all")?.addEventListener("click", () => canvas.call(turned.transform, zoomIdentity));
  around.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const does = KEYS[event.key];
    if (!does) return;
    event.preventDefault();
    does(canvas, turned);
  });
  shapes.addEventListener("click", choose);
  picture.hidden = true;
  frame.hidden = false;
  measure(width);
  addEventListener("resize", () => {
    measure(width);
    show(zoomTransform(drawing));
  });
  show(zoomIdentity);
}

/** @type {Record<string, (canvas: any, turned: any) => void>} */
const KEYS = {
  "+": (canvas, turned) => canvas.call(turned.scaleBy, STEP),
  "=": (canvas, turned) => canvas.call(turned.scaleBy, STEP),
  "-": (canvas, turned) => canvas.call(turned.scaleBy, 1 / STEP),
  0: (canvas, turned) => canvas.call(turned.transform, zoomIdentity),
  ArrowLeft: push(PUSH, 0),
  ArrowRight: push(-PUSH, 0),
  ArrowUp: push(0, PUSH),
  ArrowDown: push(0, -PUSH),
};

/** Moves what is shown, by as much whatever the zoom. @param {number} x @param {number} y */
function push(x, y) {
  return (/** @type {any} */ canvas, /** @type {any} */ turned) => {
    const { k } = zoomTransform(canvas.node());
    canvas.call(turned.translateBy, x / k, y / k);
  };
}

/** @param {{ k: number, x: number, y: number }} transform */
function show({ k, x, y }) {
  shapes.setAttribute("transform", `translate(${x},${y}) scale(${k})`);
  shapes.style.setProperty("--zoom", String(k));
  shapes.dataset.level = String(LEVELS.filter((from) => k / unit >= from).length);
  told.textContent = `${k < 10 ? Math.round(k * 10) / 10 : Math.round(k)}×`;
}

/** Names are as large on a small screen as on a large one. @param {number} width */
function measure(width) {
  const shown = drawing.getBoundingClientRect().width;
  if (shown <= 0) return;
  unit = width / shown;
  shapes.style.setProperty("--unit", String(unit));
}

/** Says what was pressed on, and where more is said of it. @param {Event} event */
function choose(event) {
  const spot = event.target instanceof Element ? event.target.closest(".spot") : null;
  if (!(spot instanceof SVGElement)) return;
  const { title = "", href = "" } = spot.dataset;
  if (PAGE.test(href)) {
    const link = document.createElement("a");
    link.href = href;
    link.textContent = title;
    chosen.replaceChildren(link);
  } else {
    chosen.textContent = title;
  }
}
