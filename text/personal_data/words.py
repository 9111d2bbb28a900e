"""Words that say what a number is, in the languages of the network and in some of its guests'.

They are compared as `folding.without_accents` leaves them, at the beginnings of words, so that endings may follow; a `$`
stands where nothing may follow. In scripts that put words together without blanks they are looked for anywhere.
"""

import re

from text.personal_data.folding import without_accents

REACH = 48
"""Characters before a number in which a word can be about it."""
_SENTENCE_END = re.compile(r"[\n!?;]|\.\s+(?=[A-ZÀ-ÞА-ЯΑ-ΩԱ-Ֆ][^\W\d_]{2})")
_UNSPACED = re.compile(
    r"[\u0590-\u08ff\u0900-\u0dff\u0e00-\u0eff\u2600-\u27bf\u3040-\u9fff\uac00-\ud7af\U0001f300-\U0001faff]"
)


def any_of(words: str) -> re.Pattern[str]:
    """A pattern for any of the words or phrases, which stand on lines or between bars."""
    spaced: list[str] = []
    unspaced: list[str] = []
    for word in filter(None, (w.strip() for w in re.split(r"[|\n]", words))):
        bare, stop = (word[:-1], r"(?!\w)") if word.endswith("$") else (word, "")
        parts = [re.escape(part) for part in without_accents(bare).split()]
        (unspaced if _UNSPACED.match(word) else spaced).append(r"[\s:,.'’-]{1,3}".join(parts) + stop)
    either = [rf"(?<![^\W_])(?:{'|'.join(spaced)})"] if spaced else []
    return re.compile("|".join([*either, *unspaced]))


def sentence_before(text: str, start: int, reach: int = REACH) -> str:
    """What is said before `start` in the same sentence, as it is written."""
    window = text[max(0, start - reach) : start]
    ends = [found.end() for found in _SENTENCE_END.finditer(window)]
    return window[ends[-1] :] if ends else window


def before(text: str, start: int, reach: int = REACH) -> str:
    """The same, fit to be searched for words."""
    return without_accents(sentence_before(text, start, reach))


def said_before(words: re.Pattern[str], text: str, start: int) -> bool:
    """Whether one of the words is said shortly before `start`."""
    return words.search(before(text, start)) is not None


def last_end(words: re.Pattern[str], said: str) -> int:
    """Where the last of the words in `said` ends; -1 where there is none."""
    return max((found.end() for found in words.finditer(said)), default=-1)


PHONE_WORDS = any_of("""
    kinito|tilefono|til mou|nomer telefona|telefona mi|moi nomer|moy nomer|nomera mi|nomerat mi|ra2mi|rakmi|raqmi
    phone|telephone|tel$|mobile|mob$|cell$|cellphone|call me|call us|call at|call on|call$|ring me|text me|text us|whatsapp
    whats app|watsapp|wa$|viber|telegram|signal$|sms|fax|hotline|landline|dial|reach me|reach us|contact me|contact number
    ph$|t:|m:|p:|f:|mich unter|erreichst|rufft|telefon|handy$|handynummer|handynr|mobil|rufnummer|ruf mich|ruft mich
    rufen sie|anruf|festnetz|durchwahl|erreichbar
    erreichen|erreicht|melde dich|meldet euch|fon$|rückruf
    téléphon|tél$|portable|appelez|appelle|appeler|joindre|joignable|contactez|contacte moi
    telef|tfno|tlf|tfn$|móvil|movil|celular|llám|llama|contáctame|cellular|cellulare|chiama|recapito|contattami|contattate
    telemóvel|telem$|liga me|ligue|ligar|zap$|whats$|contacte
    gsm|bel me|bel mij|bel ons|bel$|bellen|bereikbaar|bereiken
    kom$|komórk|zadzwoń|dzwoń|dzwonić|kontakt|volej|zavolej|zavolaj|volajte|zavolat|volat|volať
    hívj|hívható|elérhető|elérhetőség|hívás|sună|sunați|suna|sun-mă|apelați|contactați
    mobitel|nazovi|zovi|pokliči|pokličite|javi se|javite se|телефон|тел$|моб$|мобил|позови|јави се|јавете|јавите|обади
    обадете|звън|джиесем
    звони|позвони|сотов|вацап|ватсап|вотсап|вайбер|телеграм|связаться|дзвон|подзвон|зателефон|зв'яз|ѕвон|тэлефон|тэл$|пазван
    τηλ|κινητό|κιν$|καλέστε|κάλεσε|πάρε με|πάρτε με|επικοινων|βάιμπερ
    cep$|ara$|arayın|arayabilir|beni ara|ulaş|zəng|ring$|ringa|ringe|nås på|når mig|når meg|nå mig|nå meg|puhelin|puh$
    soita|kännyk|matkapuh
    helista|tālr|zvani|skambin|sími$|síminn|símanúmer|síma|farsími|hringdu|hringið|fón|teileafón|guthán|glaoigh|mowbajl
    ċempel|ċempil|ffoni|thirr|më telefono
    ტელ|მობილ|დამირეკ|დარეკ|հեռ|բջջ|զանգ|truca|mòbil|móbil|chámame
    هاتف|جوال|موبايل|موبایل|تلفون|تليفون|تلفن|اتصل|واتس|محمول|للتواصل|للاتصال|تماس|فون|טלפון|נייד|פלאפון|התקשר
    फोन|फ़ोन|मोबाइल|कॉल|電話|携帯|电话|手机|手機|전화|휴대폰|핸드폰|연락처|điện thoại|gọi|telepon|hubungi|โทร
    ☎|☏|✆|📞|📱|📲
""")

PHONE_WORDS_AFTER = any_of("""
    numarasından|numaradan|numaralı|numarama|nömrəsin|nömrədən|számon|számán|anrufen|erreichen|erreichbar|zu erreichen
    call me|text me|whatsapp me|appelez|appelle|llámame|llamadme|chiamami|chiamatemi|zadzwoń|дзвоніть|звоните|обади
""")
"""Where a language says it after the number."""

OWN_NUMBER = any_of("""
    contact|kontakt|contatt|contato|контакт|επαφή|iletişim|yhteys|kapcsolat|əlaqə|კონტაქტ|կապ$|write me|write to me
    message me|schreib mir|écris moi|écrivez moi|escríbeme|scrivimi|scrivetemi|napisz do|napiš mi|írj$|scrie mi|piši mi
    píšte mi|napíšte|napište|píš mi
    пиши|yaz bana
    my number|our number|his number|her number|their number|your number|my no$|my nr$|my digits
    meine nummer|meiner nummer|unsere nummer|seine nummer|ihre nummer|deine nummer|nummer lautet
    mon numéro|notre numéro|son numéro|leur numéro|mi número|nuestro número|su número|mio numero|nostro numero|suo numero
    meu número|nosso número|seu número|el meu número|nire zenbakia|mijn nummer|ons nummer|zijn nummer|haar nummer
    mój numer|nasz numer|jego numer|jej numer|mojego numeru|moje číslo|naše číslo|jeho číslo|její číslo|jej číslo
    számom|számunk|numărul meu|numărul nostru|numărul lui|numărul ei|moj broj|naš broj|njegov broj|njen broj|moja številka
    naša številka|мој број|наш број|његов број|мојот број|бројот ми|номерът ми|номерът на|моят номер|номера ми
    мой номер|наш номер|его номер|её номер|мій номер|наш номер|його номер|її номер|мой нумар
    αριθμός μου|αριθμός μας|αριθμό μου|νούμερο|numaram|numarası|nömrəm|nömrəsi
    mitt nummer|vårt nummer|hans nummer|hennes nummer|nummeret mitt|nummeret vårt|mit nummer|vores nummer|hendes nummer
    numeroni|numeromme|numeronsa|minu number|mu number|meie number|mans numurs|mūsu numurs|mano numeris|mūsų numeris
    númerið mitt|númerið okkar|m'uimhir|mo uimhir|numru tiegħi|numri im|numri ynë|meng nummer
    ჩემი ნომერი|ნომერია|իմ համար|համարս|համարն
    رقمي|رقمنا|رقمه|رقمها|شماره من|המספר שלי|मेरा नंबर|मेरा नम्बर|मेरो नम्बर
    私の番号|番号は|我的号码|我的號碼|号码是|제 번호|내 번호|번호는|số của tôi|nomor saya|หมายเลขของฉัน|আমার নম্বর|என் எண்|numero ko
""")

OTHER_NUMBER = any_of("""
    order|invoice|ticket|project|grant|agreement|reference|ref$|isbn|issn|doi$|ean$|sku$|serial|version|build|bug$|issue
    id$|pin$
    code|passcode|password|zoom|meeting|pic$|oid$|vat$|tax|registration|licen|case|article|item|product|model|batch|tracking
    parcel|flight|page|room|population|lottery|file|revision|commit|account|membership|customer|edition|patent|oclc|vol$
    bestell|rechnung|auftrag|projekt|artikel|serien|kunden|akten|mitglied|matrikel|steuer|sendung|vertrag|konto
    commande|facture|projet|référence|dossier|siret|siren|colis|série|contrat|pedido|factura|fatura|proyecto|projeto
    progetto
    ordine|fattura|expediente|referencia|riferimento|código|codice|partita|protocollo|protocolo|matrícula|matricola|processo
    bestel|factuur|kvk|dossier|zamówien|faktur|nip$|regon|krs$|seri|sygnatur|objednávk|ičo$|ič$|dič$|spis
    rendelés|számla|adószám|azonosító|comand|proiect|cui$|cif$|narudž|naročil|račun|поръчк|заказ|замовлен|рахун|фактур
    проект|инн$|огрн|код|договор|артикул|бик$|єдрпоу|еик$|нарачк|поруџб|παραγγελ|τιμολόγ|έργ|αφμ$|κωδικ|πρωτοκόλλ
    sipariş|fatura|proje|vergi|kod$|kodu|ordre|bestil|faktura|prosjekt|orgnr|tilaus|lasku|hanke|tellimus|arve|pasūtījum
    rēķin
    užsakym|sąskait|pöntun|verkefni|ordu|uimhir ordaithe|porosi|შეკვეთ|պատվեր|sifariş|الطلب|طلب|فاتورة|مشروع|הזמנה
    注文|订单|訂單|주문
""")

CARD_WORDS = any_of("""
    card|visa|mastercard|maestro|amex|carte|karte|karta|kartę|karty|kartou|kart|carta|cartão|tarjeta|targeta|kaart|kort
    kártya
    kaard|kortelė|karteles|κάρτ|карт|kartica|картичк|cárta|ბარათ|քարտ|بطاقة|כרטיס
""")

INSTITUTION = any_of("""
    school|museum|muse|hotel|hostel|universi|theat|library|centre|center|office|venue|conference|restaurant|college|academy|church
    institut|gymnasium|lyce|kindergarten|company|ministry|agency|station|airport|schule|bibliothek|rathaus|amt$|verein|treffpunkt
    école|collège|lycée|bibliothèque|mairie|gare$|escuela|colegio|instituto|biblioteca|universidad|ayuntamiento|scuola|liceo|istituto
    escola|agrupamento|szkoł|liceum|uniwersytet|biblioteka|škol|gimnazij|univerzit|gymnázi|základ|iskola|gimnázium|könyvtár|egyetem
    școal|scoal|liceul|colegiul|okul|lise|üniversite|müze|kütüphane|школ|гимнази|гімназі|ліцей|лицей|университет|університет|музе
    училищ|читалищ|σχολ|γυμνάσιο|λύκειο|μουσεί|πανεπιστ|skola|skolan|skole|skolen|gymnas|bibliotek|koulu|lukio|yliopisto|kool
    gümnaasium|skol|vidusskola|mokykl|gimnazij|progimnazij|skóli|scoil|სკოლ|դպրոց|مدرسة|جامعة|فندق|בית ספר
""")
"""Whose addresses and numbers are there to be found."""
