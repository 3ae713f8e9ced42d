"""The parts that the patterns of `identify_tables` are put together from, by the name that they have there.

Tables only. A part may name other parts, and never itself.
"""

from typing import Final

PARTS: Final = {
    # Phones.
    "sep": "(?: ?- ?|[ .])",
    "trunk": (
        r"(?:(?:(?:\+|00) ?)?52[ .-]?(?:\(?1\)?[ .-]?)?|(?:(?:\+|00) ?)?1[ .-]?|\(?04[45]\)?[ .-]?|\(?01\)?[ .-]?)?"
    ),
    "three": r"(?:\([2-9]\d\d\)|[2-9]\d\d)",
    "two": r"(?:\([2-9]\d\)|[2-9]\d)",
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
    "door": r"\d{1,5}(?:-?[A-Za-z](?![A-Za-z0-9]))?",
    "sign": r"(?:#|n[or]{1,2}\.?|num\.?|numero|n°)",
    "Street": (
        r"(?:[Cc]alle|[Cc]\.|[Aa]v\.?|[Aa]ve\.?|[Aa]venida|[Bb]lvd\.?|[Bb]oulevard|[Bb]ulevar|[Cc]alzada|[Pp]rivada"
        r"|[Cc]errada|[Cc]allejón|[Aa]ndador|[Pp]rolongación|[Cc]ircuito|[Pp]aseo)"
    ),
    "of": "(?:de|del|la|las|los|el)",
    "Word": "[A-ZÁÉÍÓÚÑÜ0-9][A-Za-zÁÉÍÓÚÑÜáéíóúñü0-9.'-]{0,20}",
    "counted": (
        r"(?:de|am|pm|a\.m|p\.m|hrs?|horas?|min|minutos?|días?|semanas?|meses|años?|pesos|mil|hombres?|mujeres"
        r"|personas"
        r"|sujetos|policías?|camionetas?|carros?|autos?|patrullas?|soldados|elementos|jóvenes|niños|cuadras?"
        r"|metros|km"
        r"|veces|disparos|balazos|muertos|men|people|cars|trucks|shots)"
    ),
    "road": "(?:[Ss]treet|[Ss]t|[Aa]venue|[Aa]ve|[Rr]oad|[Rr]d|[Bb]oulevard|[Bb]lvd|[Dd]rive|Dr|[Ll]ane|Ln"
    "|Court|Ct|Way)",
    "home": (
        "(?:casa|domicilio|hogar|departamento|depa|edificio|cuadra|calle|colonia|ventana|azotea|balcon|patio|rancho"
        "|parcela|house|home|apartment|window|roof|street|block|building|balcony|yard)"
    ),
    "plus": "[2-9cfghjmpqrvwx]",
    # People.
    "kin": (
        "(?:(?:herman|prim|sobrin|niet|abuel|cunad|suegr|concun|hijastr|hermanastr|ahijad|vecin|companer|hij|ti)"
        "(?:[oa]s?|it[oa]s?)|amig(?:uit)?[oa]s?|espos(?:it)?[oa]s?|novi(?:ecit)?[oa]s?|prometid[oa]|jef(?:e|a"
        "|ecit[oa])s?"
        "|[pm]adr(?:es?|astros?|astras?|in[oa]s?)|[mp]a[mp](?:a|as|i|ita|ito)|ama|apa|yerno|nuera|com[pm]?adres?"
        "|patron(?:a|es)?|supervisora?|colegas?|alumn[oa]s?|maestr[oa]s?|profesora?|profe|emplead[oa]s?"
        "|familiar(?:es)?"
        "|parientes?|pareja)"
    ),
    "mine": (
        "(?:marido|mujer|viej[oa]|viejit[oa]|senora|bebes?|nin[oa]s?|chamac[oa]s?|morr[oa]s?|morrit[oa]s?|chav[oa]s?"
        "|carnal(?:es|it[oa])?|cuates?|compas?|gerente|encargad[oa]|abogad[oa]|caser[oa]|inquilin[oa]s?|roomies?"
        "|soci[oa]s?|clientes?|trabajador(?:a|es)|comandante|ex(?:[ -]?(?:espos[oa]|novi[oa]|marido|mujer|pareja"
        "|jef[ea]|suegr[oa]))?)"
    ),
    "which": (
        r"(?:(?:propi[oa]s?|querid[oa]s?|pobres?|difunt[oa]s?|unic[oa]s?|mejor(?:es)?|otr[oa]s?|nuev[oa]s?"
        r"|antigu[oa]s?"
        r"|ex|dos|tres|cuatro|cinco|\d|primer[oa]?|segund[oa]|ultim[oa]) ){0,2}"
    ),
    "family": (
        r"(?:(?:brother|sister|mother|father|son|daughter)s?(?:[ -]in[ -]law)?|(?:step|god|grand)(?:brother|sister"
        r"|mother|father|son|daughter|child|ma|pa|kid|parent)s?|wife|husband|spouse|partner|(?:boy"
        r"|girl)friends?|fiancee?"
        r"|kids?|child|children|baby|babies|mom|mum|mommy|dad|daddy|parents?|uncles?|aunt(?:ie)?s?|cousins?|nephews?"
        r"|nieces?|boss|bosses|supervisor|manager|employers?|employees?|co-?workers?|colleagues?|neighbou?rs?"
        r"|(?:room|class)?mates?|friends?|teachers?|students?|land(?:lord|lady)|tenants?|relatives?|lawyer)"
    ),
    # Names.
    "name": "<Cap>(?: (?:(?:de|del|de la|de los|y) )?<Cap>){0,4}",
    "Cap": "[A-ZÁÉÍÓÚÑÜ][A-Za-zÁÉÍÓÚÑÜáéíóúñü'-]{1,20}",
    "Title": "[A-ZÁÉÍÓÚÑÜ][a-záéíóúñü]{1,20}",
    "nobody": (
        "(?:Mexican|Hondure|Hondura|Guatemal|Salvador|Colombian|Vene[zs]|Cuban|Haitian|Nicarag|Testig|Poli"
        "|Maestr|Vecin"
        "|Madre|Padre|Estudiant|Ciudadan|Cat[oóh]|Cristian|Christian|Abogad|M[eé]dic|Enfermer|Herman|Hij|Espos"
        "|Migrant"
        "|Originari|Americ|Hispan|Latin|Indi|Spanish|Muslim|Jewish|Black|White|Nativ|Afr|Asian|Canad|Chin|Espa|Ingl"
        "|(?:Yo|El|La|Un|Una|De|Su|Muy|En|Mi|Dios|From|In|At|The|An|Not|So|Very|Sure|Sorry)(?![a-z]))"
    ),
    # Work.
    "trade": (
        "(?:polic[ií]a|maestr[oa]|profesora?|doctora?|medic[oa]|enfermer[oa]|guardia|vigilante|velador|chofer|taxista"
        "|conductora?|periodista|reporter[oa]|abogad[oa]|contadora?|secretari[oa]|cajer[oa]|meser[oa]|cociner[oa]"
        "|emplead[oa]|trabajadora?|obrer[oa]|jornaler[oa]|soldado|militar|marino|bombero|paramedic[oa]|agente"
        "|custodi[oa]"
        "|directora?|coordinadora?|encargad[oa]|gerente|duen[oa]|propietari[oa]|estudiante|alumn[oa]|pastora?"
        "|sacerdote"
        "|parroco|sindic[oa]|regidora?|comisari[oa]|ejidatari[oa]|delegad[oa]|comerciante|vendedora?"
        "|mecanic[oa]|albanil"
        "|pescadora?|campesin[oa]|ganader[oa]|partera|intendente|conserje|recepcionista|camarista)"
    ),
    "job": (
        "(?:teacher|nurse|doctor|guard|police officer|cop|driver|reporter|journalist|lawyer|cashier|waiter"
        "|waitress|cook"
        "|worker|employee|soldier|firefighter|paramedic|agent|student|pastor|priest|farmer|owner|manager|principal)"
    ),
}
