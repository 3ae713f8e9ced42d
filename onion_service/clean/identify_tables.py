r"""What may identify a writer, as patterns that Python and the browser's client read alike (docs/spec/cleaning.md).

Tables only. A pattern is written in what both languages have in common: ASCII classes, no `.`, `$`, `\s` or named
group. Every repetition has an end, so a pattern looks at a bounded piece of text from each place: a hostile text takes
no longer than its length says. `<word>` in a pattern stands for a part below.
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


def _any_case(words: str) -> str:
    """A pattern for these words in capitals, small letters or both, where the text is read as it is written."""
    return "".join(f"[{one.upper()}{one}]" if one.isalpha() else one for one in words)


PARTS: Final = {
    # Phones.
    "sep": "(?: ?- ?|[ .])",
    "trunk": (
        r"(?:(?:(?:\+|00) ?)?52[ .-]?(?:\(?1\)?[ .-]?)?|(?:(?:\+|00) ?)?1[ .-]?|\(?04[45]\)?[ .-]?|\(?01\)?[ .-]?)?"
    ),
    "three": r"\(?[2-9]\d\d\)?",
    "two": r"\(?[2-9]\d\)?",
    # Addresses on the net.
    "url": r"""[^ \n]{0,300}[^ \n.,;:!?)'"\]}>]""",
    "net": "(?:face(?:book)?|feis|fb|insta(?:gram)?|ig|tik ?tok|twitter|telegram|snap(?:chat)?|discord|messenger)",
    "user": r"(?!<small>\b)[a-z0-9_.@-]{2,40}(?: (?!<small>\b)[a-z0-9_-]{2,30})?",
    # Words that name nothing.
    "small": (
        "(?:y|e|o|ni|pero|que|por|porque|para|cuando|donde|desde|hace|hasta|como|con|sin|en|el|la|los|las|un|una|unos"
        "|de|del|al|a|mi|su|se|me|ya|no|si|muy|yo|est[aeo]|es[aeo]|vi|i|and|but|or|when|where|since|who|so|the|an|in"
        "|at|on|it|to|from|for|with|of)"
    ),
    "what": r"(?: (?!(?:y|e|ni|pero|que|porque|cuando|donde|desde|hace|vi|i|and|but|when|where|since)\b)"
    r"[a-z0-9&'-]{1,20})",
    # Numbers that the state or a bank gave.
    "date": r"\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])",
    # Plates have no I, Ñ, O or Q.
    "l": "[a-hj-npr-z]",
    "L": "[A-HJ-NPR-Z]",
    # Streets.
    "street": (
        r"(?:calle|c(?=\.)|av|ave|avenida|blvd|boulevard|bulevar|calzada|calz|privada|priv|cerrada|callejon|andador"
        r"|prolongacion|prol|circuito|paseo|camino|retorno|carretera|pasaje)\.?"
    ),
    "sign": r"(?:#|n[or]{1,2}\.?|num\.?|numero|n°)",
    "Street": (
        r"(?:[Cc]alle|[Cc]\.|[Aa]v\.?|[Aa]ve\.?|[Aa]venida|[Bb]lvd\.?|[Bb]oulevard|[Bb]ulevar|[Cc]alzada|[Pp]rivada"
        r"|[Cc]errada|[Cc]allejón|[Aa]ndador|[Pp]rolongación|[Cc]ircuito|[Pp]aseo)"
    ),
    "of": "(?:de|del|la|las|los|el|y)",
    "Word": "[A-ZÁÉÍÓÚÑÜ0-9][A-Za-zÁÉÍÓÚÑÜáéíóúñü0-9.'-]{0,20}",
    "counted": (
        r"(?:de|am|pm|a\.m|p\.m|hrs?|horas?|min|minutos?|días?|semanas?|meses|años?|pesos|mil|hombres?|mujeres|personas"
        r"|sujetos|policías?|camionetas?|carros?|autos?|patrullas?|soldados|elementos|jóvenes|niños|cuadras?|metros|km"
        r"|veces|disparos|balazos|muertos|men|people|cars|trucks|shots)"
    ),
    "road": "(?:[Ss]treet|[Ss]t|[Aa]venue|[Aa]ve|[Rr]oad|[Rr]d|[Bb]oulevard|[Bb]lvd|[Dd]rive|Dr|[Ll]ane|Ln|Court|Ct|Way)",
    "home": (
        "(?:casa|domicilio|hogar|departamento|depa|edificio|cuadra|calle|colonia|ventana|azotea|balcon|patio|rancho"
        "|parcela|house|home|apartment|window|roof|street|block|building|balcony|yard)"
    ),
    "plus": "[2-9cfghjmpqrvwx]",
    # People.
    "kin": (
        "(?:(?:herman|prim|sobrin|niet|abuel|cunad|suegr|concun|hijastr|hermanastr|ahijad|vecin|companer|hij|ti)"
        "(?:[oa]s?|it[oa]s?)|amig(?:uit)?[oa]s?|espos(?:it)?[oa]s?|novi(?:ecit)?[oa]s?|prometid[oa]|jef(?:e|a|ecit[oa])s?"
        "|[pm]adr(?:es?|astros?|astras?|in[oa]s?)|[mp]a[mp](?:a|as|i|ita|ito)|ama|apa|yerno|nuera|com[pm]?adres?"
        "|patron(?:a|es)?|supervisora?|colegas?|alumn[oa]s?|maestr[oa]s?|profesora?|profe|emplead[oa]s?|familiar(?:es)?"
        "|parientes?|pareja)"
    ),
    "mine": (
        "(?:marido|mujer|viej[oa]|viejit[oa]|senora|bebes?|nin[oa]s?|chamac[oa]s?|morr[oa]s?|morrit[oa]s?|chav[oa]s?"
        "|carnal(?:es|it[oa])?|cuates?|compas?|gerente|encargad[oa]|abogad[oa]|caser[oa]|inquilin[oa]s?|roomies?"
        "|soci[oa]s?|clientes?|trabajador(?:a|es)|comandante|ex(?:[ -]?(?:espos[oa]|novi[oa]|marido|mujer|pareja"
        "|jef[ea]|suegr[oa]))?)"
    ),
    "which": (
        r"(?:(?:propi[oa]s?|querid[oa]s?|pobres?|difunt[oa]s?|unic[oa]s?|mejor(?:es)?|otr[oa]s?|nuev[oa]s?|antigu[oa]s?"
        r"|ex|dos|tres|cuatro|cinco|\d|primer[oa]?|segund[oa]|ultim[oa]) ){0,2}"
    ),
    "family": (
        r"(?:(?:brother|sister|mother|father|son|daughter)s?(?:[ -]in[ -]law)?|(?:step|god|grand)(?:brother|sister"
        r"|mother|father|son|daughter|child|ma|pa|kid|parent)s?|wife|husband|spouse|partner|(?:boy|girl)friends?|fiancee?"
        r"|kids?|child|children|baby|babies|mom|mum|mommy|dad|daddy|parents?|uncles?|aunt(?:ie)?s?|cousins?|nephews?"
        r"|nieces?|boss|bosses|supervisor|manager|employers?|employees?|co-?workers?|colleagues?|neighbou?rs?"
        r"|(?:room|class)?mates?|friends?|teachers?|students?|land(?:lord|lady)|tenants?|relatives?|lawyer)"
    ),
    # Names.
    "name": "<Cap>(?: (?:(?:de|del|de la|de los|y) )?<Cap>){0,4}",
    "Cap": "[A-ZÁÉÍÓÚÑÜ][A-Za-zÁÉÍÓÚÑÜáéíóúñü'-]{1,20}",
    "Title": "[A-ZÁÉÍÓÚÑÜ][a-záéíóúñü]{1,20}",
    "nobody": (
        "(?:Mexican|Hondure|Hondura|Guatemal|Salvador|Colombian|Vene[zs]|Cuban|Haitian|Nicarag|Testig|Poli|Maestr|Vecin"
        "|Madre|Padre|Estudiant|Ciudadan|Cat[oóh]|Cristian|Christian|Abogad|M[eé]dic|Enfermer|Herman|Hij|Espos|Migrant"
        "|Originari|Americ|Hispan|Latin|Indi|Spanish|Muslim|Jewish|Black|White|Nativ|Afr|Asian|Canad|Chin"
        "|(?:Yo|El|La|Un|Una|De|Su|Muy|En|Mi|Dios|From|In|At|The|An|Not|So|Very|Sure|Sorry)(?![a-z]))"
    ),
    # Work.
    "trade": (
        "(?:polic[ií]a|maestr[oa]|profesora?|doctora?|medic[oa]|enfermer[oa]|guardia|vigilante|velador|chofer|taxista"
        "|conductora?|periodista|reporter[oa]|abogad[oa]|contadora?|secretari[oa]|cajer[oa]|meser[oa]|cociner[oa]"
        "|emplead[oa]|trabajadora?|obrer[oa]|jornaler[oa]|soldado|militar|marino|bombero|paramedic[oa]|agente|custodi[oa]"
        "|directora?|coordinadora?|encargad[oa]|gerente|duen[oa]|propietari[oa]|estudiante|alumn[oa]|pastora?|sacerdote"
        "|parroco|sindic[oa]|regidora?|comisari[oa]|ejidatari[oa]|delegad[oa]|comerciante|vendedora?|mecanic[oa]|albanil"
        "|pescadora?|campesin[oa]|ganader[oa]|partera|intendente|conserje|recepcionista|camarista)"
    ),
    "job": (
        "(?:teacher|nurse|doctor|guard|police officer|cop|driver|reporter|journalist|lawyer|cashier|waiter|waitress|cook"
        "|worker|employee|soldier|firefighter|paramedic|agent|student|pastor|priest|farmer|owner|manager|principal)"
    ),
}

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
        r"\b(?:folio|expediente|carpeta(?: de investigacion)?|ticket|factura|guia|serie|oficio|averiguacion(?: previa)?)"
        r"(?: (?:de|no|num|numero))?[ :.#]{1,3}[a-z]{0,5}[/-]?\d[\d/-]{3,30}(?![a-z0-9@._])",
    ),
    # phone
    Rule(
        "phone",
        r"(?<![a-z0-9$#])(?<!\d[.,/:-])<trunk>(?:<three><sep>?\d{3}<sep>?\d{4}|<three><sep>\d{3}<sep>\d\d<sep>\d\d"
        r"|<three><sep>\d\d<sep>\d\d<sep>\d{3}|<three><sep>\d\d<sep>\d{3}<sep>\d\d|<three><sep>\d{4}<sep>\d{3}"
        r"|<two><sep>?\d{4}<sep>?\d{4}|<two><sep>\d{4}<sep>\d\d<sep>\d\d|<two>(?:<sep>\d\d){4})" + _NUMBER_END,
    ),
    Rule(
        "phone",
        r"\b(?:tel(?:efono)?s?|cel(?:ular)?(?:es)?|whats(?:app)?|wasap|guats|movil|phone|mobile|call|text|marca(?:r|me|le)?"
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
        r"(?<![a-z0-9@.-])(?:https?://)?(?:[a-z-]{1,10}\.)?(?:(?:facebook|fb|instagram|tiktok|twitter|x|snapchat|youtube"
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
        r"\b(?:ine|ife|credencial|elector|cic|ocr|nss|imss|issste|seguro social|afiliacion|ssn|social security|pasaporte"
        r"|passport|licencia|license|cedula|visa|matricula|cartilla|cuenta|clabe|tarjeta|card|account"
        r"|(?:numero|num|no\.?) de (?:empleado|nomina|control)|employee|badge)"
        r"(?: (?:de|del|la|el|es|mi|su|no|num|numero|is|number|elector|conducir|credito|debito|bancaria|mexican[oa]"
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
        r"\b(?:placas?|plates?|matriculas?)(?: (?:de(?: nuevo leon| baja california| [a-z]{4,15})?|del|la|las|son|eran|es"
        r"|era|is|was|number|numero|num|no|con|termina(?:n|cion|das)?|en|que|empiezan|federales|americanas|mexicanas)"
        r"){0,4}[ :.#(]{1,3}((?!<small>\b)(?:[a-z]{1,4}[ -]?\d{1,4}(?:[ -]?\d{1,4}){0,2}-?[a-z]?"
        r"|\d{1,3}-?[a-z]{2,3}(?:-?\d\d?)?|\d{3} (?!<small>\b)[a-z]{3}|[a-z]\d\d[ -]?[a-z]{3}|\d{2,7}))(?![a-z0-9])",
    ),
    # address
    Rule("address", r"\b<street> (?:[a-z0-9.'-]{1,20},? ){0,6}<sign> ?\d{1,5}(?![\d:])"),
    Rule(
        "address",
        r"(?<![A-Za-zÀ-ÿ])<Street> (?:<of> ){0,3}<Word>,? (?:(?:<Word>|<of>),? ){0,4}\d{1,5}"
        r"(?![\dA-Za-z:/%]|[.,]\d| ?<counted>(?![a-z]))",
        WRITTEN,
    ),
    Rule(
        "address",
        r"\b<street> (?:(?!(?:a|con|en|por|hay|habia|eran?|estaba|estaban|estan?|como|que|y|vi|hace|un|unos|unas|una|son|fue"
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
    Rule("address", r"\b(?:donde (?:vivo|vivimos)|where (?:i|we) live)\b"),
    Rule(
        "address",
        r"\b(?:desde|frente a|enfrente de|a?fuera de|de?tras de|atras de|junto a|lado de|cerca de|arriba de|cuadras? de"
        r"|vuelta de|esquina de|in front of|outside|behind|near|next to|across from|from) (?:mi|nuestr[oa]|my|our) <home>\b",
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
    Rule("address", r"(?<![\d.,])-?\d{1,2}\.\d{4,15}°? ?[ns]?[,;/ ] ?-?\d{1,3}\.\d{4,15}°?(?: ?[weo]\b)?"),
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
    Rule("relation", r"(?<!\bno )\bsoy (?:su <kin>\b|(?:(?:el|la|un|una) )?<which><kin> del?\b)"),
    Rule(
        "relation",
        r"\b(?:my|our) (?:(?:older|younger|little|big|twin|late|ex|own|best|two|three|\d)[ -]){0,2}(?:<family>|ex)\b",
    ),
    Rule("relation", r"\b<family> of (?:mine|ours)\b"),
    # name
    Rule(
        "name",
        f"(?<![A-Za-zÀ-ÿ])(?:{_any_case('me llamo')}|{_any_case('mi nombre')}(?: completo)? {_any_case('es')}"
        f"|{_any_case('my name is')}|[Mm]i apellido es|[Mm]is apellidos son|[Mm]i apodo es|[Mm]e (?:dicen|apodan)"
        "|[Mm]e conocen (?:como|por))[ :]{1,2}(?:[Ee]l |[Ll]a )?<name>",
        WRITTEN,
    ),
    Rule(
        "name",
        r"(?<![A-Za-zÀ-ÿ])(?:[Mm]e llamo|[Mm]i nombre es|[Mm]y name is) (?!(?:los|las|una?s?|por|para|mis?|sus?|mucho|pero"
        r"|que|cuando|desde|más|mas|ayer|hoy|anoche|luego|después|despues|así|asi|otr[oa]|alguien|gritando|not|the|private"
        r"|importante|secreto|privado|confidencial|falso)(?![a-záéíóúñü]))[a-záéíóúñü]{3,20}",
        WRITTEN,
    ),
    Rule(
        "name",
        r"(?<![A-Za-zÀ-ÿ])(?:[Ss]oy|I am|I'm|[Aa]tte\.?|[Aa]tentamente)(?:[:,.]? |[:,.]?\n)(?!<nobody>)"
        r"<Title>(?: (?:(?:de|del|de la) )?<Title>){0,3}",
        WRITTEN,
    ),
    # workplace
    Rule(
        "workplace",
        r"(?:(?<![^.,;:!?(\n])|(?<=[.,;:!?(] )|(?<=\byo )|(?<=\by )|(?<=\bque )|(?<=\bdonde )|(?<=\bporque )|(?<=\bno )"
        r"|(?<=\bya )|(?<=\btambien )|(?<=\baqui )|(?<=\bahora ))trabajo (?:en|para|de|con|como)(?! (?:equipo|conjunto)\b)"
        r"<what>{1,4}",
    ),
    Rule(
        "workplace",
        r"\b(?:trabajamos|laboro|laboramos|chambeo|estoy trabajando|yo (?:trabajaba|trabaje|laboraba|chambeaba)"
        r"|i work|we work|i used to work|i am working|i'm working|i worked) (?:en|para|de|con|como|at|for|in|as)"
        r"(?! (?:equipo|conjunto|fear)\b)<what>{1,4}",
    ),
    Rule(
        "workplace",
        r"\b(?:mi (?:trabajo|chamba|escuela|oficina|empresa|negocio|tienda|universidad|facultad|prepa|preparatoria|secu"
        r"|secundaria|primaria|colegio|corporacion|batallon|iglesia|parroquia|taller|fabrica|maquila|maquiladora|hospital"
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
        r"\b(?:fui|soy|era|estaba) (?:el|la) unic[oa](?: (?:que|persona|testigo))?\b|\bunic[oa] testigo (?:soy|fui|era) yo\b"
        r"|\bsol(?:o|amente) yo (?:vi|estaba|se|sabia|sabemos|lo)\b|\bnadie mas (?:lo |la |los )?(?:vio|estaba|sabe|sabia)\b",
    ),
    Rule(
        "witness",
        r"\b(?:me toco a mi|a mi me toco|yo (?:le |les |lo |la |los )?(?:llame|marque|hable) (?:al?|a la)\b[ a-z]{0,12}"
        r"(?:911|066|089|policia|emergencias)|yo (?:puse|hice|levante) (?:la|una) (?:denuncia|queja)|yo (?:lo )?(?:denuncie"
        r"|reporte|grabe)|yo (?:tome|saque) (?:la|las|el|los|unas) (?:fotos?|videos?)|yo (?:soy|fui) (?:quien|el que|la que)"
        r"|fui yo (?:quien|el que|la que)|saben quien soy|me reconocieron|me conocen)\b",
    ),
    Rule("witness", r"(?<![A-Za-zÀ-ÿ])(?:[Ll]lamé|[Mm]arqué) al (?:911|066|089)\b", WRITTEN),
    Rule(
        "witness",
        r"\b(?:i(?: was|'m| am) the only|only i (?:saw|know|was)|(?:nobody|no one) else (?:saw|was|knows)"
        r"|i (?:called|phoned) (?:911|the police)|i filed (?:the|a) (?:report|complaint)|i (?:recorded|filmed|took) the"
        r"|i(?: was|'m| am) the one who|it happened to me|they know (?:me|who i am)|i reported (?:it|them|him))\b",
    ),
)
