"""The words of the desk's closed lists and errors, in Spanish; the catalogues have the other languages.

Everything here is a table: what has no line in it is caught by a test, not by a person who reads English in a page.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from crypto.cells import CellClass
from crypto.errors import CryptoError, WrongPassphrase
from crypto.report import When
from forwarder.desk import errors, findings
from forwarder.desk.casework import Deed
from forwarder.desk.corroboration import Reason
from forwarder.desk.endpoint import Refusal
from forwarder.desk.listener import Trouble
from forwarder.desk.publish import errors as publishing
from forwarder.desk.sandbox import Way
from forwarder.desk.tending import Told
from forwarder.desk.triage import State
from forwarder.desk.web.catalogues import msg
from forwarder.errors import BadCopy, Damaged, NoSpace, NotAGazetteer, NotWritten
from onion_service import errors as tor
from onion_service import refusals

SAID: Final[Mapping[Enum, str]] = {
    State.NEW: msg("nuevo"),
    State.CHECKING: msg("en revisión"),
    State.CONFIRMED: msg("confirmado"),
    State.UNCONFIRMED: msg("sin confirmar"),
    State.FALSE: msg("falso"),
    State.PUBLISHED: msg("publicado"),
    State.CORRECTED: msg("corregido"),
    State.WITHDRAWN: msg("retirado"),
    Way.BUBBLEWRAP: msg("bubblewrap, lo más fuerte"),
    Way.NAMESPACES: msg("el núcleo del sistema, sin bubblewrap"),
    Way.FILTERS: msg("el núcleo del sistema, que aquí da poco: sólo se abren textos e imágenes"),
    When.UNSAID: msg("no lo dice"),
    When.NOW: msg("en ese momento"),
    When.TODAY: msg("ese mismo día"),
    When.THIS_WEEK: msg("esa semana"),
    When.EARLIER: msg("antes"),
    Deed.MARKED: msg("lo marcó como"),
    Deed.NOTED: msg("anotó:"),
    Deed.TAGGED: msg("puso la etiqueta"),
    Deed.UNTAGGED: msg("quitó la etiqueta"),
    Deed.ASSIGNED: msg("lo encargó a"),
    Deed.MERGED: msg("lo juntó con"),
    Deed.SPLIT: msg("lo separó de"),
    Deed.KEPT_APART: msg("dijo que no es lo mismo que"),
    Deed.ALSO: msg("anotó que también lo tiene"),
    Deed.TOLD: msg("quiso que se le dijera a"),
    Deed.QUEUED: msg("dejó una alerta para que salga sola"),
    Deed.UNQUEUED: msg("quitó la alerta que iba a salir sola"),
    Deed.ISSUED: msg("publicó la versión de la alerta"),
    Reason.SAME_PLACE: msg("el mismo lugar"),
    Reason.SAME_TOPIC: msg("el mismo tema"),
    Reason.SAME_TIME: msg("las mismas seis horas"),
    Reason.TIME_CAN_MEET: msg("tiempos que pueden coincidir"),
    Reason.SHARED_WORDS: msg("palabras en común"),
    Reason.ALMOST_THE_SAME_TEXT: msg("casi el mismo texto: puede ser una persona que escribió dos veces, o una copia"),
    CellClass.LETTER: msg("cartas"),
    CellClass.PARCEL: msg("paquetes de adjuntos"),
    findings.Outcome.CLEANED: msg("limpiado"),
    findings.Outcome.REBUILT: msg("hecho de nuevo a partir de sus píxeles"),
    findings.Outcome.NOT_CLEANED: msg("no se pudo limpiar"),
    findings.Removed.CAMERA: msg("datos de la cámara: lugar, hora, aparato (Exif)"),
    findings.Removed.XMP: msg("notas de un editor (XMP)"),
    findings.Removed.CAPTION: msg("leyendas y nombres (IPTC)"),
    findings.Removed.THUMBNAIL: msg("una segunda imagen pequeña"),
    findings.Removed.EXTRA_PICTURE: msg("otras imágenes"),
    findings.Removed.COMMENT: msg("comentarios"),
    findings.Removed.COLOUR: msg("el perfil de color"),
    findings.Removed.TIME: msg("una hora"),
    findings.Removed.TRAILING: msg("datos pegados después de la imagen"),
    findings.Removed.OTHER: msg("otras partes que ningún programa necesita para mostrarlo"),
    findings.Removed.CODING: msg("la codificación original: cada píxel se escribió de nuevo"),
    findings.Removed.ANIMATION: msg("el movimiento: las imágenes después de la primera"),
    findings.Removed.ACTIVE: msg(
        "texto, enlaces, formularios, programas y archivos de adentro: cada página es ahora una imagen"
    ),
    findings.Removed.PAGES: msg("las páginas después de la última que se muestra"),
    findings.Removed.METADATA: msg("metadatos: autores, horas, programas, títulos"),
    findings.Removed.HIDDEN: msg("caracteres ocultos, parecidos y de control"),
    findings.Remains.PICTURE: msg("lo que se ve, y el ruido propio de la cámara"),
    findings.Remains.WORDS: msg("lo que dice, y cómo lo dice"),
    findings.Remains.SOUND: msg("las voces y lo que se oye detrás"),
    findings.Remains.CODING: msg("la codificación de la grabadora, que puede nombrar su programa"),
    findings.Remains.FORMATTING: msg("letras, estilos y la forma en que se acomodó"),
    findings.Remains.LINKS: msg("enlaces: no los siga desde aquí"),
    findings.Remains.TAGS: msg("campos que un segundo programa todavía encuentra"),
    findings.Unchecked.WATERMARK: msg("marcas escondidas en la imagen, el sonido o la redacción misma"),
    findings.Unchecked.JUDGE: msg("no estaba el segundo programa (exiftool) que revisa la copia"),
    findings.Unchecked.MEDIA: msg("por qué se mandó como otra clase de archivo de la que es"),
    findings.Unchecked.ORIGINAL: msg("todo: no se abrió"),
    findings.Reason.KIND: msg("no hay limpiador para esta clase de archivo"),
    findings.Reason.TOOL: msg("no está instalado el programa que limpia esta clase de archivo"),
    findings.Reason.BROKEN: msg("está cortado, dañado, o no es lo que dice ser"),
    findings.Reason.LARGE: msg("es más grande de lo que aquí se abre"),
    findings.Reason.LIMIT: msg("al abrirlo se acabó la memoria o el tiempo, o se detuvo el programa que lo abría"),
    findings.Reason.ACTIVE: msg("trae programas, o partes que llaman a la red"),
    Refusal.NOT_A_DELIVERY: msg(
        "No nombra una ronda de este relevo: compare round_seconds de desk.toml con el del operador."
    ),
    Refusal.TOO_FAR_AHEAD: msg(
        "Según el reloj de esta computadora, su ronda todavía no pasa. Revise la fecha, la hora y la zona;"
        " si están bien, avise al operador del relevo."
    ),
    Refusal.TOO_LONG: msg(
        "Es más largo de lo que este relevo manda: compare letters y parcels de desk.toml con los del operador."
    ),
    Refusal.BROKEN_OFF: msg("Se cortó antes de llegar entero. No hay nada que hacer: el relevo lo vuelve a ofrecer."),
    Refusal.NOT_A_BUNDLE: msg(
        "No lo firmó este relevo, o no es lo que se pidió: compare identity, letters y parcels de desk.toml"
        " con los del operador; si están bien, avísele."
    ),
    Refusal.DIFFERENT: msg("Ya está otra entrega de esa misma ronda. No debería pasar: avise al operador del relevo."),
    Refusal.NOT_STORED: msg("No se pudo guardar: libere espacio en el disco; el relevo lo vuelve a ofrecer."),
    Trouble.ONLY_CALLED: msg("Esta mesa sólo espera a que el relevo la llame; no va a recoger nada."),
    Trouble.NO_WAY_OUT: msg("La mesa no puede salir a la red: no recoge lo que faltó ni dice nada a otras mesas."),
    Trouble.NO_DIRECTORY: msg("No se pudo traer el directorio del relevo."),
    Trouble.WORD_WAITS: msg("Una palabra para otra mesa todavía no sale."),
    Trouble.WORD_FORGOTTEN: msg(
        "Una palabra para otra mesa ya no sale: lo que iba a decir cambió."
        " Mire el incidente y, si quiere, dígala otra vez."
    ),
    Told.NOT_RELEASED: msg("Lo publicado no se pudo firmar de nuevo. La terminal dice por qué."),
    Told.NOT_SERVED: msg("Lo publicado no se ofrece por ahora a quienes guardan copias; se intenta otra vez."),
    Told.NOT_SAID: msg("Un canal no pudo decir lo que tocaba: veladora desk channel posts dice cuál y por qué."),
    findings.Reason.TAGS: msg("un segundo programa todavía encontró campos ocultos en la copia"),
}

# What to press for a step, by the state that it leads to.
STEP: Final[Mapping[State, str]] = {
    State.NEW: msg("Devolver a nuevos"),
    State.CHECKING: msg("Empezar a revisar"),
    State.CONFIRMED: msg("Confirmar"),
    State.UNCONFIRMED: msg("Dejar sin confirmar"),
    State.FALSE: msg("Marcar como falso"),
    State.PUBLISHED: msg("Anotar que se publicó"),
    State.CORRECTED: msg("Anotar que se corrigió"),
    State.WITHDRAWN: msg("Anotar que se retiró"),
}

# What went wrong and what to do about it, by the class of the error; the nearest class counts.
_TROUBLE: Final[Mapping[type[Exception], tuple[str, str]]] = {
    WrongPassphrase: (msg("La frase no abre esta mesa."), msg("Escríbala otra vez; no se cambió nada.")),
    errors.NotOpened: (
        msg("El buzón no se abre: la frase no es la suya, o el archivo está dañado."),
        msg("Escríbala otra vez; si sigue igual, use la última copia buena de la carpeta."),
    ),
    errors.BadSettings: (
        msg("Los ajustes de la mesa (desk.toml) no se pueden usar."),
        msg("Corrija el archivo como dice docs/partner.es.md; no se inició nada."),
    ),
    errors.AlreadyThere: (
        msg("Ahí ya hay algo, y no se tocó."),
        msg("Use otra carpeta, o lo que ya está."),
    ),
    errors.Busy: (
        msg("Otro programa está usando el buzón; no se cambió nada."),
        msg("Cierre lo que trabaje con esta mesa (una copia de seguridad, otra orden) y vuelva a intentar."),
    ),
    errors.NotStored: (
        msg("El buzón no se pudo escribir; está como antes."),
        msg("Libere espacio en el disco; el relevo lo vuelve a ofrecer por sí mismo."),
    ),
    errors.Unreadable: (
        msg("Una parte del buzón no se puede leer."),
        msg("Copie la carpeta a otro lado, revise el disco y siga con la última copia buena."),
    ),
    errors.NoSuchReport: (msg("No hay reporte con ese número."), msg("Vuelva al buzón y elija uno de la lista.")),
    errors.NoSuchIncident: (
        msg("No hay incidente con ese número."),
        msg("Vuelva a los incidentes y elija uno de la lista."),
    ),
    errors.MergedAway: (
        msg("Ese incidente ya es parte de otro."),
        msg("Vuelva a los incidentes y elija uno de la lista."),
    ),
    errors.NoSuchState: (msg("No hay un estado con ese nombre."), msg("Elija uno de la lista.")),
    errors.NoSuchStep: (
        msg("Ese paso ya no es posible: alguien lo cambió mientras tanto."),
        msg("Cargue la página de nuevo y mire en qué estado está."),
    ),
    errors.ReasonMissing: (msg("Este paso necesita un motivo."), msg("Escriba en pocas palabras por qué.")),
    errors.BadWords: (
        msg("Así no se puede guardar."),
        msg("Escríbalo más corto o con letras sencillas. Una etiqueta es una sola palabra."),
    ),
    errors.NothingToSearch: (
        msg("No hay ninguna palabra que buscar, o hay demasiadas."),
        msg("Escriba al menos una palabra de letras o números, y no más de una oración."),
    ),
    errors.NotMerged: (
        msg("Estos reportes no se pueden juntar ni separar así."),
        msg("Elija dos o más; de dos incidentes públicos, retire uno primero."),
    ),
    errors.NoSuchAttachment: (
        msg("Ese adjunto no está, o todavía no llega entero."),
        msg("Sus partes llegan en otros momentos que el reporte: espere unas horas."),
    ),
    errors.NoSandbox: (
        msg("Este sistema no tiene con qué encerrar al programa que abre lo ajeno; no se abrió nada."),
        msg("Instale bubblewrap (apt-get install bubblewrap) y vuelva a intentar."),
    ),
    errors.BadAnswer: (
        msg("El programa que abre lo ajeno no contestó como debe; su respuesta se tiró."),
        msg("Lo que se le dio sigue sellado."),
    ),
    errors.NotOpenedSafely: (
        msg("El programa que abre lo ajeno se detuvo antes de terminar."),
        msg("Intente otra vez. Si pasa sólo con un reporte, puede ser que se haya hecho para eso: avísenos."),
    ),
    errors.NotAcknowledged: (
        msg("El original sigue sellado."),
        msg("Lea la advertencia; si aun así lo necesita, marque la casilla."),
    ),
    errors.DeskRuns: (
        msg("Otro programa de esta mesa está abierto, o se están cambiando sus llaves."),
        msg("Cierre el otro programa y vuelva a intentar."),
    ),
    errors.BadForm: (
        msg("Lo que llegó no es un formulario de esta mesa; no se cambió nada."),
        msg("Vuelva atrás, cargue la página de nuevo y mándelo desde ahí."),
    ),
    errors.DeskLocked: (
        msg("La mesa se cerró mientras tanto."),
        msg("Ábrala, y mire si quedó hecho antes de hacerlo otra vez."),
    ),
    errors.TryLater: (
        msg("La frase no abrió la mesa varias veces seguidas."),
        msg("Espere unos segundos y escríbala una vez más, despacio."),
    ),
    errors.NothingToTell: (
        msg("De este incidente no se puede decir nada a otra mesa, o ya se le dijo."),
        msg("Tiene que estar en revisión o confirmado, y sus reportes nombrar un tema y un lugar."),
    ),
    errors.SingleReport: (
        msg("Hay un solo reporte, y decirlo puede señalar a quien lo escribió."),
        msg("Piense quién más pudo saberlo; si aun así quiere decirlo, marque la casilla."),
    ),
    errors.NobodyToTell: (
        msg("A esa mesa no se le puede decir, o no sabría que la palabra es de ustedes."),
        msg("El directorio del relevo tiene que nombrar a las dos mesas: dé su tarjeta al operador."),
    ),
    errors.NotHeard: (
        msg("Ninguna mesa dijo eso, o no de este incidente."),
        msg("Cargue la página de nuevo y mire qué dijeron."),
    ),
    publishing.NotAnAlert: (
        msg("Eso no se puede decir en una alerta."),
        msg("Cada idioma necesita un título de una línea y un texto. Corríjalo y mire otra vez qué saldría."),
    ),
    publishing.NotInThisState: (
        msg("Una alerta retirada queda retirada."),
        msg("Publique una nueva; tendrá su propio número."),
    ),
    publishing.NoPlace: (
        msg("No se sabe dónde es."),
        msg("Nombre un lugar de la lista de lugares de la mesa."),
    ),
    publishing.NotConfirmed: (
        msg("Ese número de organizaciones no puede ser."),
        msg("Son las que aquí consta que lo tienen. Anote primero cuáles son."),
    ),
    publishing.MissingLanguage: (
        msg("Falta un idioma."),
        msg("Escriba el título y el texto en todos los idiomas de la mesa."),
    ),
    publishing.NotPublic: (
        msg("No hay ninguna alerta publicada de ese incidente."),
        msg("Mire la lista de lo publicado."),
    ),
    publishing.AlreadyPublic: (
        msg("Ya hay una alerta publicada de ese incidente."),
        msg("Corríjala o retírela."),
    ),
    publishing.MayNotLeave: (
        msg("Todavía no puede salir."),
        msg("Mire otra vez qué saldría; ahí dice qué hace falta."),
    ),
    publishing.ChangedMeanwhile: (
        msg("Algo cambió desde que usted lo vio, así que esta vez no salió nada."),
        msg("Esto es lo que saldría ahora. Léalo otra vez."),
    ),
    publishing.StillWaits: (
        msg("Viene de una sola fuente y todavía tiene que esperar."),
        msg("Mire otra vez qué saldría: ahí dice hasta cuándo, y qué puede hacer."),
    ),
    publishing.DoesNotWait: (msg("Esta alerta no tiene que esperar."), msg("Publíquela ahora, o mírela otra vez.")),
    publishing.TooMuchToPublish: (
        msg("Todo lo publicado junto ya no cabe en una lista."),
        msg("Lo que es público sigue así. Escriba textos más cortos, y avísenos."),
    ),
    publishing.NoAlertsKey: (
        msg("La mesa se abrió sin la llave que firma lo publicado."),
        msg("Devuelva el archivo alerts.key desde una copia de la carpeta; después cierre la mesa y ábrala otra vez."),
    ),
    publishing.OtherAlertsKey: (
        msg("El archivo alerts.key no es el de la llave con que esta mesa publica."),
        msg("Devuélvalo desde una copia de la carpeta: los lectores confían en esa llave y en ninguna otra."),
    ),
    publishing.BadPlaces: (
        msg("La lista de lugares de la mesa no se puede usar."),
        msg("Corrija el archivo que nombra places en desk.toml, o bórrelo: entonces vale la lista de México."),
    ),
    BadCopy: (
        msg("La carpeta de lo publicado ya no es lo que esta mesa firmó, o no se puede leer."),
        msg("Revise el disco, y quién más escribe ahí. Luego quite esa carpeta: la mesa la hace y la firma de nuevo."),
    ),
    Damaged: (
        msg("Un archivo de esta mesa está dañado, o alguien lo cambió."),
        msg("Revise el disco y siga con la última copia buena de la carpeta."),
    ),
    NotAGazetteer: (
        msg("La lista de lugares no se puede usar."),
        msg("Corrija el archivo que nombra places en desk.toml, o bórrelo: entonces vale la lista de México."),
    ),
    NoSpace: (msg("El disco está lleno."), msg("Libere espacio y vuelva a intentar.")),
    NotWritten: (
        msg("No se pudo escribir en la carpeta de la mesa."),
        msg("Revise el disco, y de quién es la carpeta."),
    ),
    tor.TorMissing: (
        msg("No está instalado tor."),
        msg("Instale tor 0.4.8 o más nuevo (apt-get install tor)."),
    ),
    tor.TorTooOld: (msg("El tor instalado es muy viejo."), msg("Instale tor 0.4.8 o más nuevo.")),
    tor.OnionUnreachable: (
        msg("El relevo no se encuentra, o no deja entrar a esta mesa."),
        msg(
            "Puede estar apagado: se intenta otra vez. Si sigue igual, compare con el operador partners_onion de"
            " desk.toml y la pull_key de su tarjeta."
        ),
    ),
    tor.ClientKeyRefused: (
        msg("tor no aceptó la llave con que esta mesa entra al relevo."),
        msg("Compare partners_onion de desk.toml con lo que le dio el operador."),
    ),
    tor.DialError: (
        msg("La llamada al relevo se cortó o tardó demasiado."),
        msg("Se intenta otra vez. Si sigue igual, revise la conexión y avise al operador."),
    ),
    refusals.ClockWrong: (
        msg("El reloj de esta computadora y el del relevo no van iguales."),
        msg("Ponga bien la fecha, la hora y la zona; si están bien, avise al operador del relevo."),
    ),
    refusals.WrongRelay: (
        msg("El directorio es de otro relevo."),
        msg("La dirección del relevo en desk.toml es vieja o la cambiaron: pídala otra vez al operador."),
    ),
    refusals.OutOfPatience: (
        msg("El relevo no contestó o no aceptó nada en todo ese tiempo."),
        msg("Puede estar lleno o apagado; se intenta otra vez."),
    ),
    tor.TorNotBootstrapped: (
        msg("tor no logra entrar a su red."),
        msg("Revise que haya internet y que el reloj de esta computadora esté bien; luego intente otra vez."),
    ),
    tor.OnionNotPublished: (
        msg("La dirección de la mesa todavía no se puede encontrar."),
        msg("Espere un minuto e intente otra vez; si sigue igual, revise el reloj de esta computadora."),
    ),
    tor.SocketTaken: (
        msg("Otro programa de esta mesa está recibiendo."),
        msg("Cierre el otro programa y vuelva a intentar."),
    ),
    tor.SocketPathTooLong: (
        msg("La carpeta de la mesa está demasiado adentro de otras."),
        msg("Use una carpeta con una ruta más corta."),
    ),
    tor.TorError: (
        msg("tor no se pudo usar."),
        msg("Intente otra vez; si sigue igual, lea lo que dice la terminal."),
    ),
    tor.OnionServiceError: (
        msg("Algo de la red no se pudo usar."),
        msg("Intente otra vez; si sigue igual, lea lo que dice la terminal."),
    ),
    CryptoError: (
        msg("Algo está dañado o no es lo que dice ser."),
        msg("No lo use; si se repite, avise al operador del relevo."),
    ),
    Exception: (
        msg("Algo falló."),
        msg("Antes de intentar otra vez, mire si quedó hecho. Si se repite, avísenos."),
    ),
}


def trouble(error: Exception) -> tuple[str, str]:
    """What went wrong, and what to do next, in the words of the sources."""
    return next(_TROUBLE[kind] for kind in type(error).__mro__ if kind in _TROUBLE)


def known_troubles() -> frozenset[type[Exception]]:
    """The errors that have words of their own."""
    return frozenset(_TROUBLE)
