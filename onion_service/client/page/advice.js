// @ts-check
/** What the page advises: on what may identify a writer, on what was removed, on files, and on every failure. */

import { say } from "./say.js";

/** What was found in a text, and what to think about. @type {Record<string, () => HTMLElement[]>} */
const FOUND = {
  phone: () => say("Un teléfono. ¿Es tuyo o de alguien cercano? Quítalo."),
  email: () => say("Un correo. ¿Es tuyo o de alguien cercano? Quítalo."),
  handle: () => say("Una cuenta de redes. ¿Es tuya o de alguien cercano? Quítala."),
  link: () => say("Un enlace. Si solo te lo mandaron a ti, te señala."),
  "id-number": () => say("Un número de identificación o de cuenta. ¿Es tuyo? Quítalo."),
  plate: () => say("Una placa. Si es de tu coche, quítala."),
  address: () => say("Una dirección exacta. ¿Es tu casa o tu trabajo? Basta con la zona."),
  relation: () => say("Alguien cercano a ti. Quien lo conozca puede saber quién eres."),
  name: () => say("Tu nombre. Quítalo."),
  workplace: () => say("Dónde trabajas o estudias. Eso te señala."),
  witness: () => say("Dice que fuiste de los pocos que lo vieron. Eso te señala."),
};

/** What was taken out of a text or a file. @type {Record<string, () => HTMLElement[]>} */
const REMOVED = {
  exif: () => say("Datos de la cámara: lugar, hora y aparato"),
  xmp: () => say("Datos escritos por programas"),
  iptc: () => say("Datos de autor y de prensa"),
  thumbnail: () => say("Una foto pequeña escondida"),
  extra_picture: () => say("Otra foto escondida"),
  comment: () => say("Comentarios"),
  colour: () => say("Datos del color, que pueden decir el aparato"),
  time: () => say("La hora"),
  trailing: () => say("Datos después del final"),
  animation: () => say("La animación"),
  emoji: () => say("Detalles de emojis"),
  space: () => say("Espacios de más"),
  line: () => say("Renglones de más"),
  style: () => say("Letras con adorno, hechas normales"),
  typography: () => say("Comillas y guiones especiales, hechos normales"),
  lookalike: () => say("Letras disfrazadas de otras"),
  mark: () => say("Acentos raros"),
  other: () => say("Signos que aquí no se pueden mandar. Si era otra escritura, manda una foto del papel"),
};
const INVISIBLE = () => say("Signos invisibles");
const INVISIBLES = new Set(["control", "direction", "tag", "variation", "private", "broken", "invisible"]);
const IN_FILE = () => say("Otros datos escondidos del archivo");

/** Advice on one kind of finding. @param {string} kind */
export function advice(kind) {
  const found = FOUND[kind];
  if (found === undefined) throw new Error("a finding without advice");
  return found();
}

/** The kinds of findings that there is advice on, for the tests. */
export const ADVISED = Object.freeze(Object.keys(FOUND));

/** What was removed, each said once, with how many of it. @param {Record<string, number>[]} counts */
export function removedList(counts) {
  /** @type {Map<() => HTMLElement[], number>} */
  const sums = new Map();
  for (const [kind, count] of counts.flatMap((one) => Object.entries(one))) {
    const words = REMOVED[kind] ?? (INVISIBLES.has(kind) ? INVISIBLE : IN_FILE);
    sums.set(words, (sums.get(words) ?? 0) + count);
  }
  return [...sums].map(([words, count]) => [...words(), ` (${count})`]);
}

/** Why a file was not taken. @param {string} reason */
export function fileTrouble(reason) {
  switch (reason) {
    case "NotAPhotoError":
      return say("Este tipo de archivo no se puede limpiar aquí.");
    case "UnsupportedPhotoError":
      return say("Es una foto de un tipo raro que no se puede limpiar aquí. Hazle una captura de pantalla y manda la captura.");
    case "MalformedPhotoError":
      return say("La foto está dañada o incompleta. Elige otra copia.");
    case "TooLargePhotoError":
      return say("La foto es demasiado grande.");
    case "empty-file":
      return say("Está vacío.");
    default:
      return say("No se pudo leer.");
  }
}

/** Why a report cannot be sent as it is. @param {string} reason */
export function draftTrouble(reason) {
  switch (reason) {
    case "empty":
      return say("Escribe qué pasó. Es lo único que hace falta.");
    case "partners":
      return say("Elige de una a cuatro organizaciones.");
    case "too-large":
      return say("Los archivos son demasiado grandes. Quita alguno.");
    case "too-long":
      return say("Es demasiado largo. Caben unas diez páginas. Quita algo y manda el resto en otro informe.");
    case "undecided":
      return say("Falta decidir sobre un archivo: mándalo así o quítalo.");
    case "closed":
      return say("Todavía no hay conexión con el relevo. Tu texto sigue aquí; espera un momento.");
    case "another":
      return say("Ya hay un informe en camino. Espera a que salga.");
    default:
      return say("El relevo cambió su lista de temas, lugares u organizaciones. Elige otra vez.");
  }
}

/** What happened and what to do, as paragraphs' contents. @param {string} outcome */
export function failure(outcome) {
  switch (outcome) {
    case "clock-wrong":
      return [
        say("El reloj de tu aparato está mal, y así no se puede mandar sin riesgo."),
        say("Pon la hora y la zona horaria correctas, y luego intenta otra vez."),
      ];
    case "forged":
    case "malformed":
    case "rolled-back":
    case "wrong-relay":
    case "wrong-key":
      return [
        say("Lo que contesta este relevo no está firmado como debe. Puede ser un engaño."),
        say("No mandes nada por aquí. Compara la dirección con la que te dio la organización y avísale."),
      ];
    case "expired":
      return [
        say("La lista de este relevo ya venció: su operador no la ha renovado."),
        say("Mira si la fecha de tu aparato está bien. Si lo está, intenta otro día o busca a la organización por otro medio."),
      ];
    case "cell-refused":
    case "door-broken":
    case "route-changed":
      return [
        say("El relevo contestó algo que no esperábamos."),
        say("Intenta otra vez. Si sigue igual, espera una hora."),
      ];
    default:
      return [
        say("Algo falló dentro de esta página, así que dejó de mandar por completo."),
        say("Copia tu texto si quieres conservarlo, vuelve a cargar la página e intenta otra vez. Si sigue igual, usa el Navegador Tor más nuevo."),
      ];
  }
}
