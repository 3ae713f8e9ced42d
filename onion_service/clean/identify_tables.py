r"""What may identify a writer, as patterns that Python and the browser's client read alike (docs/spec/cleaning.md).

Tables only. A pattern is written in what both languages have in common: ASCII classes, no `.`, `$`, `\s` or named
group. Every repetition has an end, so a pattern looks at a bounded piece of text from each place: a hostile
text takes no longer than its length says. `<word>` in a pattern stands for a part in `identify_parts`.
"""

from dataclasses import dataclass
from typing import Final

# The most serious first. What is NOTHING is known to be harmless: it hides what it covers.
NOTHING: Final = ""
KINDS: Final = (
    "id-number",
    "phone",
    "email",
    "handle",
    "address",
    "plate",
    "name",
    "workplace",
    "witness",
    "relation",
    "link",
    NOTHING,
)
PLAIN: Final = "plain"
WRITTEN: Final = "written"
ALWAYS: Final = "always"
CARD: Final = "card"


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern for a kind. It reads the text folded (small letters, no accents: `plain`) or as it is (`written`).

    What it marks is its only group, which ends where the pattern ends, or else all of it, when `check` agrees.
    """

    kind: str
    pattern: str
    view: str = PLAIN
    check: str = ALWAYS


_NUMBER_END: Final = r"(?![a-z0-9])(?![.,:/-]\d)"

RULES: Final = (
    # Sums of money and numbers of files say nothing of a writer, and look like phones.
    Rule(NOTHING, r"\$ ?\d{1,3}(?:,\d{3}){1,4}(?:\.\d\d?)?(?!\d)|\$ ?\d{1,12}(?:\.\d\d?)?(?!\d)"),
    Rule(
        NOTHING,
        r"\b\d{1,12}(?:[ ,]\d{3}){0,4}(?:\.\d\d?)?(?: (?:mil|millones|millon)(?: de)?)? ?"
        r"(?:pesos|dolares|dlls|dls|usd|mxn|m\.n|varos|euros|dollars|bucks)\b",
    ),
    Rule(
        NOTHING,
        r"\b(?:folio|expediente|carpeta(?: de investigacion)?|ticket|factura|guia|serie|oficio|averiguacion(?:"
        r" previa)?)"
        r"(?: (?:de|no|num|numero))?[ :.#]{1,3}[a-z]{0,5}[/-]?\d[\d/-]{3,30}(?![a-z0-9@._])",
    ),
    # phone
    Rule(
        "phone",
        r"(?<![a-z0-9$#])(?<!\d[.,/:-])(?<!\d{4} )<trunk>(?:<three><sep>?\d{3}<sep>?\d{4}"
        r"|<three><sep>\d{3}<sep>\d\d<sep>\d\d"
        r"|<three><sep>\d\d<sep>\d\d<sep>\d{3}|<three><sep>\d\d<sep>\d{3}<sep>\d\d|<three><sep>\d{4}<sep>\d{3}"
        r"|<two><sep>?\d{4}<sep>?\d{4}|<two><sep>\d{4}<sep>\d\d<sep>\d\d|<two>(?:<sep>\d\d){4})(?! \d{4}(?!\d))"
        + _NUMBER_END,
    ),
    Rule(
        "phone",
        r"\b(?:tel(?:efono)?s?|cel(?:ular)?(?:es)?|whats(?:app)?|wasap|guats|movil|phone|mobile|call|text"
        r"|marca(?:r|me|le)?"
        r"|llam(?:ar|a|ame|ale|arme|en|enme)|(?:mi|su) numero|(?:my|his|her) number)"
        r"(?:[ :.,#]{1,2}(?:es|el|al|de|a|mi|su|is|at|me|on|numero|num|no|casa)){0,3}[ :.,#]{0,3}"
        r"(\+?\(?\d(?:[ .()-]{0,2}\d){6,14})" + _NUMBER_END,
    ),
    # email
    Rule(
        "email",
        r"(?<![a-z0-9._%+-])[a-z0-9._%+-]{1,64}(?:@(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,24}"
        r"| ?(?:@|\(?arroba\)?|[(\[]at[)\]]) ?(?:gmail|hotmail|outlook|yahoo|icloud|live|msn|proton(?:mail)?)"
        r"(?:(?:\.| ?(?:punto|dot) ?)[a-z]{2,3}){0,2})(?![a-z0-9])",
    ),
    # handle
    Rule("handle", r"(?<![a-z0-9._%+@/-])@(?=[0-9_.]{0,29}[a-z])[a-z0-9_][a-z0-9_.]{0,28}[a-z0-9_]"),
    Rule(
        "handle",
        r"(?<![a-z0-9@.-])(?:https?://)?(?:[a-z-]{1,10}\.)?(?:(?:facebook|fb|instagram|tiktok|twitter|x"
        r"|snapchat|youtube"
        r"|linkedin|whatsapp)\.com|threads\.net|(?:fb|m|t|wa|telegram|signal)\.me|discord\.gg|youtu\.be)/<url>",
    ),
    Rule(
        "handle",
        r"\b(?:mi (?:(?:cuenta|perfil|usuario|pagina|user|nick)(?: de| en)? )?(?:<net>|usuario|nick|user)"
        r"(?: es|:| =| esta como)|(?:en|por) (?:el )?<net> (?:estoy|aparezco|salgo|me encuentra[ns]?|soy)(?: como)?"
        r"|my (?:<net>|username|handle)(?: name| account)?(?: is|:)) ?<user>",
    ),
    # link
    Rule("link", r"\bhttps?://<url>"),
    Rule(
        "link",
        r"(?<![a-z0-9@.-])(?:www\.<url>|(?:[a-z0-9-]{1,63}\.){1,4}(?:com|net|org|mx|onion)(?![a-z0-9@-])(?:/<url>)?)",
    ),
    # id-number: CURP, clave de elector, RFC, then numbers that only the word before tells
    Rule("id-number", r"\b[a-z]{4}\d{6}[hmx][a-z]{5}[a-z0-9]\d\b"),
    Rule("id-number", r"\b[a-z]{6}\d{8}[hm]\d{3}\b"),
    Rule("id-number", r"\b[a-z&]{3,4}-?<date>-?[a-z0-9]{2}[0-9a]\b"),
    Rule("id-number", r"\b(?:rfc|curp)(?: es)?[ :.]{1,3}([a-z]{3,4}[ -]?\d{6}(?:[ -]?[a-z0-9]{3})?)\b"),
    Rule("id-number", r"\bidmex\d{8,12}"),
    Rule("id-number", r"(?<![\d-])\d{3}-\d\d-\d{4}(?![\d-])"),
    Rule(
        "id-number",
        r"\b(?:ine|ife|credencial|elector|cic|ocr|nss|imss|issste|seguro social|afiliacion|ssn|social security"
        r"|pasaporte"
        r"|passport|licencia|license|cedula|visa|matricula|cartilla|cuenta|clabe|tarjeta|card|account"
        r"|(?:numero|num|no\.?) de (?:empleado|nomina|control)|employee|badge)"
        r"(?: (?:de|del|la|el|es|mi|su|no|num|numero|is|number|conducir|credito|debito|mexican[oa]|banorte|bbva"
        r"|bancomer|banamex|santander|hsbc|azteca|coppel"
        r"|consular|escolar|profesional)){0,3}[ :.#]{1,3}([a-z]{0,3}\d(?:[ -]?\d){4,19})(?![a-z0-9])",
    ),
    Rule("id-number", r"(?<![a-z0-9$])(?<!\d[.,/:-])\d(?:[ -]?\d){12,18}" + _NUMBER_END, check=CARD),
    # plate
    Rule(
        "plate",
        r"(?<![a-z0-9-])(?!(?:ene|feb|mar|abr|may|jun|jul|sep|nov|dec|jan|apr)-)(?:<l>{3}-\d\d-\d\d|<l>{3}-\d{3}-<l>"
        r"|<l>{2}-\d\d-\d{3}|<l>{2}-\d{4}-<l>|<l>{2}-\d{3}-<l>{2}|<l>\d\d-<l>{3}|\d{3}-<l>{2}-\d|\d\d-<l>{2}-\d<l>"
        r"|<l>-\d{3}-<l>{3}|\d-<l>{3}-\d\d)(?![a-z0-9-])",
    ),
    Rule(
        "plate",
        r"(?<![A-Za-z0-9-])(?!(?:LAS|DEL|MAS|HAY|UNA|SUS|ERA|FUE|LES|THE|AND|MAY|MAR|FEB|ABR|RAM|CBR|MEX|SEP)[ \d])"
        r"(?:<L>{3} \d\d \d\d|<L>{3}\d{4}|<L>{3} \d{3} <L>|<L>{3}\d{3}<L>|<L>\d\d ?<L>{3}|\d{3}-(?!USD|MXN)<L>{3}"
        r"|\d{3}<L>{2}\d)(?![A-Za-z0-9-])",
        WRITTEN,
    ),
    Rule(
        "plate",
        r"\b(?:placas?|plates?|matriculas?)(?: (?:de(?: nuevo leon| baja california| [a-z]{4,15})?|del|la|las"
        r"|son|eran|es"
        r"|era|is|was|number|numero|num|no|con|termina(?:n|cion|das)?|en|que|empiezan|federales|americanas|mexicanas)"
        r"){0,4}[ :.#(]{1,3}((?!<small>\b)(?:[a-z]{1,4}[ -]?\d{1,4}(?:[ -]?\d{1,4}){0,2}-?[a-z]?"
        r"|\d{1,3}-?[a-z]{2,3}(?:-?\d\d?)?|\d{3} (?!<small>\b)[a-z]{3}|[a-z]\d\d[ -]?[a-z]{3}|\d[a-z]{3}\d{3}"
        r"|\d{2,7}))(?![a-z0-9])",
    ),
    # address
    Rule("address", r"\b<street> (?:[a-z0-9.'-]{1,20},? ){0,6}<sign> ?<door>(?![\d:])"),
    Rule(
        "address",
        r"(?<![A-Za-zÀ-ÿ])<Street> (?:<of> ){0,3}<Word>,? (?:(?:<Word>|<of>),? ){0,4}<door>"
        r"(?![\dA-Za-z:/%]|[.,]\d| ?<counted>(?![a-z]))",
        WRITTEN,
    ),
    Rule(
        "address",
        r"\b<street> (?:(?!(?:a|con|en|por|hay|habia|eran?|estaba|estaban|estan?|como|que|y|vi|hace|un|unos"
        r"|unas|una|son|fue"
        r"|fueron|llegaron|paso|pasaron|entre|cuando|donde|se|me|no|si|ya|mas|to|at|and|about|with|su|libertad)\b)"
        r"[a-z0-9.]{1,20} ){1,4}\d{1,5}(?:(?![^.,;\n)])(?![.,]\d)"
        r"|(?= (?:col|colonia|int|interior|esq|esquina|entre|depto|fracc|zona|cp|c\.p)\b))",
    ),
    Rule(
        "address",
        r"\b(?:colonia|col|fraccionamiento|fracc|barrio|ejido|residencial|infonavit)\.? (?:[a-z0-9.'-]{1,20},? ){1,5}"
        r"(?:<sign>|c\.?p\.?|casa) ?#?\d{1,5}(?!\d)",
    ),
    Rule(
        "address",
        r"\b(?:casa|depto|dpto|departamento|apartamento|edificio|interior|int|lote|lt|manzana|mza?|local|domicilio"
        r"|vivienda|cuarto|habitacion|torre)\.? (?:marcad[oa] con el )?<sign> ?\d{1,5}(?!\d)",
    ),
    Rule("address", r"\b(?:lote|lt|manzana|mza?|depto|dpto|departamento|interior)\.? \d{1,4}(?:-?[a-z])?(?![a-z0-9])"),
    Rule("address", r"(?<![a-z0-9&#/])#\d{2,5}(?:-?[a-z])?(?![a-z0-9])"),
    Rule("address", r"\b(?:c\.? ?p\.?|codigo postal|zip(?: code)?)(?: es)?[ :.]{0,3}\d{5}(?!\d)"),
    Rule(
        "address",
        r"\b(?:(?<!sta )(?<!aba )(?<!gue )(?<!\ben )(?<!edo )(?<!on )(?<!lio )(?<! vi )(?<!rlo )viv(?:o|imos)"
        r"|resido|radico|i live|we live|mi (?:casa|domicilio)(?: es| esta| queda)|my (?:house|home|address) is)"
        r" (?!in fear)(?:en|por|sobre|frente|enfrente|al?|atras|cerca|junto|aqui|on|at|in|near|next|across|\d{1,5})\b"
        r"<what>{0,5}",
    ),
    Rule("address", r"\b(?:mi (?:domicilio|direccion)|my address)(?: es| is|:)<what>{1,6}"),
    Rule("address", r"\b(?:donde (?:vivo|vivimos)|where (?:i|we) live)\b"),
    Rule(
        "address",
        r"\b(?:desde|frente a|enfrente de|a?fuera de|de?tras de|atras de|junto a|lado de|cerca de|arriba de"
        r"|cuadras? de"
        r"|vuelta de|esquina de|in front of|outside|behind|near|next to|across from|from) (?:mi|nuestr[oa]|my"
        r"|our) <home>\b",
    ),
    Rule(
        "address",
        r"(?<![A-Za-z0-9.])\d{1,5} (?:[NSEW]\.? |North |South |East |West )?(?:[A-Z0-9][A-Za-z0-9]{0,19} ){1,3}<road>"
        r"(?![A-Za-z])",
        WRITTEN,
    ),
    Rule(
        "address",
        r"(?<![a-z0-9.])\d{3,5} (?:(?!(?:<small>|men|people|down|up|feet|was|were)\b)[a-z0-9]{2,20} ){1,2}"
        r"(?:street|avenue|ave|road|blvd|boulevard|drive|lane)(?![a-z])",
    ),
    Rule("address", r"\b(?:apt|apartment|unit|suite)\.? ?#? ?\d{1,5}[a-z]?\b"),
    Rule("address", r"(?<![\d.,])-?\d{1,2}\.\d{4,15}°? ?[ns]?(?:[,;/] ?-?| -)\d{1,3}\.\d{4,15}°?(?: ?[weo]\b)?"),
    Rule("address", r"""\b\d{1,3} ?° ?\d{1,2} ?' ?(?:\d{1,2}(?:\.\d{1,6})? ?(?:"|''))? ?[nsewo]\b"""),
    Rule("address", r"\blat(?:itud|itude)?[ :.=]{1,3}-?\d{1,2}\.\d{2,15}"),
    Rule("address", r"(?<![a-z0-9+])(?=[2-9+]{0,11}[cfghjmpqrvwx])<plus>{4,8}\+<plus>{2,3}(?![a-z0-9+])"),
    Rule("address", r"(?<![a-z0-9/:])///[a-z]{2,20}\.[a-z]{2,20}\.[a-z]{2,20}"),
    # relation
    Rule(
        "relation",
        r"\b(?:mis?|nuestr[oa]s?) <which>(?:<kin>|<mine>)\b(?: (?:mayor|menor|gemel[oa]|chic[oa])(?:e?s)?\b)?",
    ),
    Rule("relation", r"\b(?:<kin>|<mine>) (?:mi[oa]s?|nuestr[oa]s?)\b"),
    Rule("relation", r"(?<!\bno )\b(?:soy|somos) (?:su <kin>\b|(?:(?:el|la|un|una) )?<which><kin> del?\b)"),
    Rule(
        "relation",
        r"\b(?:my|our) (?:(?:older|younger|little|big|twin|late|ex|own|best|two|three|\d)[ -]){0,2}(?:<family>|ex)\b",
    ),
    Rule("relation", r"\b<family> of (?:mine|ours)\b"),
    # name
    Rule(
        "name",
        "(?<![A-Za-zÀ-ÿ])(?:[Mm]e llamo|ME LLAMO|[Mm]i nombre(?: completo)? es|MI NOMBRE ES|[Mm]y name is|MY NAME IS"
        "|[Mm]i apellido es|[Mm]is apellidos son|[Mm]i apodo es|[Mm]e (?:dicen|apodan)"
        "|[Mm]e conocen (?:como|por))[ :]{1,2}(?:[Ee]l |[Ll]a )?<name>",
        WRITTEN,
    ),
    Rule(
        "name",
        r"(?<![A-Za-zÀ-ÿ])(?:[Mm]e llamo|[Mm]i nombre es|[Mm]y name is) (?!(?:los|las|una?s?|por|para|mis?|sus?"
        r"|mucho|pero"
        r"|que|cuando|desde|más|mas|ayer|hoy|anoche|luego|después|despues|así|asi|otr[oa]|alguien|gritando|not"
        r"|the|private"
        r"|importante|secreto|privado|confidencial|falso)(?![a-záéíóúñü]))[a-záéíóúñü]{3,20}",
        WRITTEN,
    ),
    Rule(
        "name",
        r"(?<![A-Za-zÀ-ÿ])(?:[Ss]oy|[Hh]abla|Yo,|I am|I'm|[Aa]tte?\.?|[Aa]tentamente)(?:[:,.]? |[:,.]?\n)(?!<nobody>)"
        r"<Title>(?: (?:(?:de|del|de la) )?<Title>){0,3}",
        WRITTEN,
    ),
    # workplace
    Rule(
        "workplace",
        r"(?:(?<![^.,;:!?(\n])|(?<=[.,;:!?(] )|(?<=\byo )|(?<=\by )|(?<=\bque )|(?<=\bdonde )|(?<=\bporque )"
        r"|(?<=\bno )"
        r"|(?<=\bya )|(?<=\btambien )|(?<=\baqui )|(?<=\bahora ))trabajo (?:en|para|de|con|como)(?! (?:equipo"
        r"|conjunto)\b)"
        r"<what>{1,5}",
    ),
    Rule(
        "workplace",
        r"\b(?:trabajamos|laboro|laboramos|chambeo|(?:estoy|yo estaba) trabajando|yo (?:trabajaba|trabaje"
        r"|laboraba|chambeaba)"
        r"|i work|we work|i used to work|i am working|i'm working|i worked) (?:en|para|de|con|como|at|for|in|as)"
        r"(?! (?:equipo|conjunto|fear)\b)<what>{1,5}",
    ),
    Rule(
        "workplace",
        r"\b(?:mi (?:trabajo|chamba|escuela|oficina|empresa|negocio|tienda|universidad|facultad|prepa"
        r"|preparatoria|secu"
        r"|secundaria|primaria|colegio|corporacion|batallon|iglesia|parroquia|taller|fabrica|maquila"
        r"|maquiladora|hospital"
        r"|clinica|puesto)|my (?:job|work|workplace|office|school|company|shop|store|church|university|college|unit"
        r"|precinct|factory))\b",
    ),
    Rule(
        "workplace",
        r"(?<!\bno )\bsoy (?:(?:el|la|un|una|unic[oa]) ){0,2}<trade>\b(?: (?:de|del|en)<what>{1,3})?",
    ),
    Rule("workplace", r"\bi(?: am|'m) (?:an?|the) (?:only )?(?:[a-z]{3,12} )?<job>\b(?: (?:at|in|of|for)<what>{1,3})?"),
    # witness
    Rule(
        "witness",
        r"\b(?:fui|soy|era|estaba) (?:el|la) unic[oa](?: (?:que|persona|testigo))?\b|\bunic[oa] testigo (?:soy"
        r"|fui|era) yo\b"
        r"|\bsol(?:o|amente) yo (?:vi|estaba|se|sabia|sabemos|lo)\b|\bnadie mas (?:lo |la |los )?(?:vio|estaba"
        r"|sabe|sabia)\b",
    ),
    Rule(
        "witness",
        r"\b(?:me toco a mi|a mi me toco|yo (?:le |les |lo |la |los )?(?:llame|marque|hable) (?:al?|a la)\b["
        r" a-z]{0,12}"
        r"(?:911|066|089|policia|emergencias)|yo (?:puse|hice|levante) (?:la|una) (?:denuncia|queja)|yo (?:lo"
        r" )?(?:denuncie"
        r"|reporte|grabe)|yo (?:tome|saque) (?:la|las|el|los|unas) (?:fotos?|videos?)|yo (?:soy|fui) (?:quien"
        r"|el que|la que)"
        r"|fui yo (?:quien|el que|la que)|saben quien soy|me reconocieron|me conocen)\b",
    ),
    Rule("witness", r"(?<![A-Za-zÀ-ÿ])(?:[Ll]lamé|[Mm]arqué) al (?:911|066|089)\b", WRITTEN),
    Rule(
        "witness",
        r"\b(?:i(?: was|'m| am) the only|only i (?:saw|know|was)|(?:nobody|no one) else (?:saw|was|knows)"
        r"|i (?:called|phoned) (?:911|the police)|i filed (?:the|a) (?:report|complaint)|i (?:recorded|filmed"
        r"|took) the"
        r"|i(?: was|'m| am) the one who|it happened to me|they know (?:me|who i am)|i reported (?:it|them|him))\b",
    ),
)
