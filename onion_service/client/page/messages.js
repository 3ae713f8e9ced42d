// @ts-check
// Written by deploy/page.py from the catalogues; change those.
/** @type { { code: string, direction: "ltr" | "rtl" }[] } */
export const LANGUAGES = [{"code": "es", "direction": "ltr"}, {"code": "en", "direction": "ltr"}];
/** @type {Record<string, Record<string, string>>} */
export const MESSAGES = {
 "Acentos raros": {
  "en": "Unusual accents"
 },
 "Ahora mismo.": {
  "en": "Right now."
 },
 "Algo falló dentro de esta página, así que dejó de mandar por completo.": {
  "en": "Something failed inside this page, so it stopped sending altogether."
 },
 "Alguien cercano a ti. Quien lo conozca puede saber quién eres.": {
  "en": "Somebody close to you. Whoever knows them may work out who you are."
 },
 "Antes.": {
  "en": "Earlier."
 },
 "Archivo {number}: SIN limpiar, {size}, sin su nombre. La organización lo limpiará al recibirlo.": {
  "en": "File {number}: NOT cleaned, {size}, without its name. The organisation will clean it when it arrives."
 },
 "Archivo {number}: limpio, {size}, sin su nombre.": {
  "en": "File {number}: clean, {size}, without its name."
 },
 "Archivos: {left} de {of} partes": {
  "en": "Files: {left} of {of} parts"
 },
 "Así sale la foto {number}. ¿Se ve algo que te delate?": {
  "en": "This is how photo {number} leaves. Does it show anything that gives you away?"
 },
 "Cerrando con llave…": {
  "en": "Locking it…"
 },
 "Comentarios": {
  "en": "Comments"
 },
 "Comillas y guiones especiales, hechos normales": {
  "en": "Special quotes and dashes, made plain"
 },
 "Comprobar la llave de {name}": {
  "en": "Check the key of {name}"
 },
 "Conectando con el relevo. Puedes ir escribiendo.": {
  "en": "Connecting to the relay. You can start writing."
 },
 "Copia tu texto si quieres conservarlo, vuelve a cargar la página e intenta otra vez. Si sigue igual, usa el Navegador Tor más nuevo.": {
  "en": "Copy your text if you want to keep it, load the page again and try again. If it stays like this, use the newest Tor Browser."
 },
 "Cuándo": {
  "en": "When"
 },
 "Datos de autor y de prensa": {
  "en": "Author and press data"
 },
 "Datos de la cámara: lugar, hora y aparato": {
  "en": "Camera data: place, time and device"
 },
 "Datos del color, que pueden decir el aparato": {
  "en": "Colour data, which can tell the device"
 },
 "Datos después del final": {
  "en": "Data after the end"
 },
 "Datos escritos por programas": {
  "en": "Data written by programs"
 },
 "Detalles de emojis": {
  "en": "Details of emojis"
 },
 "Dice que fuiste de los pocos que lo vieron. Eso te señala.": {
  "en": "It says that you were one of few who saw it. That points to you."
 },
 "Dónde trabajas o estudias. Eso te señala.": {
  "en": "Where you work or study. That points to you."
 },
 "El relevo cambió su lista de temas, lugares u organizaciones. Elige otra vez.": {
  "en": "The relay changed its list of topics, places or organisations. Choose again."
 },
 "El relevo contestó algo que no esperábamos.": {
  "en": "The relay answered something we did not expect."
 },
 "El relevo está lleno o en pausa. No cierres: se intenta otra vez en menos de un minuto y tu texto sigue aquí.": {
  "en": "The relay is full or paused. Do not close: it is tried again in less than a minute and your text is still here."
 },
 "El relevo no contesta. No cierres: se intenta otra vez en menos de un minuto y tu texto sigue aquí.": {
  "en": "The relay does not answer. Do not close: it is tried again in less than a minute and your text is still here."
 },
 "El reloj de tu aparato está mal, y así no se puede mandar sin riesgo.": {
  "en": "Your device's clock is wrong, and so it cannot be sent safely."
 },
 "Elige de una a cuatro organizaciones.": {
  "en": "Choose one to four organisations."
 },
 "En tus palabras": {
  "en": "In your words"
 },
 "Es demasiado largo. Caben unas diez páginas. Quita algo y manda el resto en otro informe.": {
  "en": "It is too long. About ten pages fit. Take something out and send the rest as another report."
 },
 "Es una foto de un tipo raro que no se puede limpiar aquí. Hazle una captura de pantalla y manda la captura.": {
  "en": "It is a photo of a rare kind that cannot be cleaned here. Take a screenshot of it and send that."
 },
 "Escribe qué pasó. Es lo único que hace falta.": {
  "en": "Write what happened. It is the only thing needed."
 },
 "Espacios de más": {
  "en": "Extra spaces"
 },
 "Esta semana.": {
  "en": "This week."
 },
 "Este relevo no recibe archivos.": {
  "en": "This relay takes no files."
 },
 "Este tipo de archivo no se puede limpiar aquí.": {
  "en": "This kind of file cannot be cleaned here."
 },
 "Está vacío.": {
  "en": "It is empty."
 },
 "Falta decidir sobre un archivo: mándalo así o quítalo.": {
  "en": "A file is waiting for you to decide: send it as it is, or remove it."
 },
 "Hasta {size} en total y {count} archivos.": {
  "en": "Up to {size} in all, and {count} files."
 },
 "Hoy.": {
  "en": "Today."
 },
 "Intenta otra vez. Si sigue igual, espera una hora.": {
  "en": "Try again. If it stays like this, wait an hour."
 },
 "La animación": {
  "en": "The animation"
 },
 "La foto es demasiado grande.": {
  "en": "The photo is too large."
 },
 "La foto está dañada o incompleta. Elige otra copia.": {
  "en": "The photo is damaged or incomplete. Choose another copy."
 },
 "La hora": {
  "en": "The time"
 },
 "La lista de este relevo ya venció: su operador no la ha renovado.": {
  "en": "This relay's list has expired: its operator has not renewed it."
 },
 "Letras con adorno, hechas normales": {
  "en": "Decorated letters, made plain"
 },
 "Letras disfrazadas de otras": {
  "en": "Letters disguised as others"
 },
 "Limpiando un archivo…": {
  "en": "Cleaning a file…"
 },
 "Limpio. {size}.": {
  "en": "Clean. {size}."
 },
 "Lo que contesta este relevo no está firmado como debe. Puede ser un engaño.": {
  "en": "What this relay answers is not signed as it must be. It may be a trap."
 },
 "Los archivos son demasiado grandes. Quita alguno.": {
  "en": "The files are too large. Remove one."
 },
 "Lugar": {
  "en": "Place"
 },
 "Lugares encontrados: {count}": {
  "en": "Places found: {count}"
 },
 "Mandarlo así de todos modos": {
  "en": "Send it as it is anyway"
 },
 "Mira si la fecha de tu aparato está bien. Si lo está, intenta otro día o busca a la organización por otro medio.": {
  "en": "See whether your device's date is right. If it is, try another day, or reach the organisation another way."
 },
 "No aparece en ninguna ronda. Mándalo otra vez.": {
  "en": "It is in no round. Send it again."
 },
 "No cabe «{name}»: en total caben {size}.": {
  "en": "“{name}” does not fit: {size} fit in all."
 },
 "No mandes nada por aquí. Compara la dirección con la que te dio la organización y avísale.": {
  "en": "Do not send anything here. Compare the address with the one the organisation gave you, and tell them."
 },
 "No se pudo leer.": {
  "en": "It could not be read."
 },
 "Otra cosa": {
  "en": "Something else"
 },
 "Otra foto escondida": {
  "en": "Another hidden photo"
 },
 "Otros datos escondidos del archivo": {
  "en": "Other hidden data of the file"
 },
 "Para": {
  "en": "For"
 },
 "Pon la hora y la zona horaria correctas, y luego intenta otra vez.": {
  "en": "Set the right time and time zone, then try again."
 },
 "Puede decir quién lo hizo, dónde y con qué. La organización lo limpiará al recibirlo, pero ella sí podría verlo. Si puedes, manda mejor una captura de pantalla.": {
  "en": "It can say who made it, where and with what. The organisation will clean it when it arrives, but they could see it. If you can, send a screenshot instead."
 },
 "Quitar «{name}»": {
  "en": "Remove “{name}”"
 },
 "Renglones de más": {
  "en": "Extra lines"
 },
 "Si la organización publicó estas palabras, compáralas una por una. Si no son iguales, no le mandes nada por aquí.": {
  "en": "If the organisation published these words, compare them one by one. If they are not the same, send it nothing here."
 },
 "Signos invisibles": {
  "en": "Invisible signs"
 },
 "Signos que aquí no se pueden mandar. Si era otra escritura, manda una foto del papel": {
  "en": "Signs that cannot be sent here. If it was another script, send a photo of the paper"
 },
 "Sin limpiar: sale tal como está, sin su nombre. {size}.": {
  "en": "Not cleaned: it leaves as it is, without its name. {size}."
 },
 "Son demasiados archivos: caben {count}.": {
  "en": "Too many files: {count} fit."
 },
 "Su ronda todavía no cierra. Si dejas la página abierta, aquí dirá en cuál salió; tarda unos {minutes} minutos.": {
  "en": "Its round has not closed yet. If you leave the page open, it will say here in which it left; that takes about {minutes} minutes."
 },
 "Tema": {
  "en": "Topic"
 },
 "Todavía no hay conexión con el relevo. Tu texto sigue aquí; espera un momento.": {
  "en": "There is no connection to the relay yet. Your text is still here; wait a moment."
 },
 "Tu informe no aparece en ninguna ronda: quizá el relevo se apagó. Mándalo otra vez.": {
  "en": "Your report is in no round: perhaps the relay was switched off. Send it again."
 },
 "Tu informe sale en menos de un minuto.": {
  "en": "Your report leaves in less than a minute."
 },
 "Tu informe ya salió de tu aparato y está en el relevo.": {
  "en": "Your report has left your device and is at the relay."
 },
 "Tu nombre. Quítalo.": {
  "en": "Your name. Take it out."
 },
 "Tu texto ya salió. Faltan los archivos.": {
  "en": "Your text has left. The files are still to come."
 },
 "Un correo. ¿Es tuyo o de alguien cercano? Quítalo.": {
  "en": "An e-mail address. Is it yours, or of somebody close to you? Take it out."
 },
 "Un enlace. Si solo te lo mandaron a ti, te señala.": {
  "en": "A link. If it was sent only to you, it points to you."
 },
 "Un número de identificación o de cuenta. ¿Es tuyo? Quítalo.": {
  "en": "An identity or account number. Is it yours? Take it out."
 },
 "Un teléfono. ¿Es tuyo o de alguien cercano? Quítalo.": {
  "en": "A telephone number. Is it yours, or of somebody close to you? Take it out."
 },
 "Una cuenta de redes. ¿Es tuya o de alguien cercano? Quítala.": {
  "en": "A social media account. Is it yours, or of somebody close to you? Take it out."
 },
 "Una dirección exacta. ¿Es tu casa o tu trabajo? Basta con la zona.": {
  "en": "An exact address. Is it your home or your work? The area is enough."
 },
 "Una foto pequeña escondida": {
  "en": "A small hidden photo"
 },
 "Una placa. Si es de tu coche, quítala.": {
  "en": "A number plate. If it is of your car, take it out."
 },
 "Va en la ronda de las {utc} UTC ({mexico} en el centro de México). Ya está en camino a las organizaciones.": {
  "en": "It is in the round of {utc} UTC ({mexico} in central Mexico). It is on its way to the organisations."
 },
 "Ya hay un informe en camino. Espera a que salga.": {
  "en": "A report is on its way already. Wait until it has left."
 },
 "«{name}»:": {
  "en": "“{name}”:"
 }
};
