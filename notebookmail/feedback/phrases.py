# ruff: noqa: RUF001 -- letters of many scripts
"""What mail systems, answering machines and readers say: data, in lower case, of many languages.

A phrase stands for what contains it, or begins with it where its table says so. What the phrases decide, and in
which order, stands in the modules that read them.
"""

from __future__ import annotations

from typing import Final

OF_THE_SENDER: Final = (
    "sender address", "address of sender", "sender rejected", "sender verif", "sender domain", "envelope sender",
    "mail from domain", "return path", "sender denied", "from address",
)  # fmt: skip
"""Of bounces that speak of the sender, whatever else they say."""

NO_SUCH_ADDRESS: Final = (
    "user unknown", "unknown user", "no such user", "user not found", "user doesn't", "user does not",
    "user not exist", "not a known user", "no such recipient", "recipient unknown", "unknown recipient",
    "recipient not found", "recipientnotfound", "recipient not exist", "recipient does not exist",
    "invalid recipient", "not a valid recipient", "no such mailbox", "unknown mailbox", "mailbox unknown",
    "mailbox not found", "mailbox does not exist", "mailbox doesn't exist", "no mailbox", "not a valid mailbox",
    "invalid mailbox", "mailbox invalid", "bad mailbox", "no such address", "address unknown",
    "address does not exist", "address doesn't exist", "bad destination mailbox", "bad address",
    "invalid address", "address not found", "not present in directory", "address wasn't found",
    "address couldn't be found", "account does not exist", "account doesn't exist",
    "account that you tried to reach does not exist", "no such account", "no account by that name",
    "unknown account", "account not found", "account is disabled", "account has been disabled",
    "account disabled", "account closed", "account has been closed", "account inactive", "account is inactive",
    "mailbox is inactive", "mailbox disabled", "mailbox is disabled", "user disabled", "user is disabled",
    "tried to reach is disabled", "user account is unavailable", "not our customer", "not known at this site",
    "no one at this address", "no longer accepts mail", "no longer valid", "no longer exists",
    "no longer in use", "has moved to", "user has left", "not local", "unrouteable address",
    "unroutable address", "badrcptto", "not listed in", "name is not recognized", "name not recognized",
    "directory lookup failed", "host unknown", "unknown host", "host not found", "no such domain",
    "domain not found", "invalid domain", "domain does not exist", "doesn't exist", "nxdomain",
    "name or service not known", "couldn't be found or is invalid", "domain is not reachable",
    "does not accept mail", "accepts no mail", "null mx", "no smtp service", "no mx record", "may not exist",
    "no valid recipients", "nullmx", "benutzer unbekannt", "empfänger unbekannt", "postfach existiert nicht",
    "adresse existiert nicht", "utilisateur inconnu", "adresse inconnue", "destinataire inconnu",
    "destinataire invalide", "n'existe pas", "usuario desconocido", "no existe", "utente sconosciuto",
    "nessun utente", "inesistente", "usuário desconhecido", "não existe", "нет такого", "не существует",
    "не найден", "nie istnieje", "存在しません", "見つかりません", "不存在", "宛先不明",
)  # fmt: skip
"""Of bounces whose address or domain is unknown or closed."""

NOT_OF_THE_ADDRESS: Final = (
    "full", "quota", "exceeded", "too large", "too big", "size limit", "storage", "insufficient", "no space",
    "spam", "junk", "virus", "malware", "phish", "blacklist", "black list", "blocklist", "block list", "blocked",
    "listed at", "listed in", "dnsbl", "rbl", "reputation", "policy", "policies", "content", "prohibited",
    "banned", "suspicious", "spf", "dkim", "dmarc", "authenticat", "not authorized", "unauthorized",
    "not allowed", "not permitted", "permission", "restricted", "relay", "access denied", "greylist",
    "try again", "rate", "too many", "timed out", "timeout", "connection refused", "deferred", "expired", "loop",
    "hop count", "reverse dns", "ptr record", "tls", "encryption", "voll", "plein", "llen", "pieno", "cheio",
    "переполнен", "いっぱい", "已满",
)  # fmt: skip
"""Of bounces that speak of this letter, this hour, or the way it was sent."""

PERHAPS_NO_SUCH_ADDRESS: Final = (
    "mailbox unavailable", "mailbox is unavailable", "recipient address rejected", "address rejected",
    "recipient rejected", "rejected recipient", "account unavailable",
)  # fmt: skip
"""Of unknown addresses, where nothing speaks against it."""

ALWAYS_NO_SUCH_ADDRESS: Final = (
    "recipient address rejected: access denied",
)  # fmt: skip
"""Of unknown addresses, though a word of the others is in it."""

SYSTEM_TITLES: Final = (
    "mail delivery system", "mail delivery subsystem", "mail deliver system", "mailer-daemon", "mailer daemon",
    "mail delivery agent", "delivery subsystem", "internet mail delivery", "ndr administrator",
    "microsoft outlook", "microsoft exchange", "mail router", "mail transfer system",
)  # fmt: skip
"""In the display names of mail systems."""

KEEPER_TITLES: Final = (
    "system administrator", "systemadministrator", "systeembeheerder", "systemansvarig", "administrateur syst",
    "administrador del sistema", "administrador do sistema", "amministratore di sistema", "mail administrator",
    "mail system",
)  # fmt: skip
"""In the display names of mail systems and of those who keep them."""

FAILURES: Final = (
    "undeliver", "non-deliver", "not be delivered", "not been delivered", "was not delivered", "be delivered to",
    "delivery fail", "delivery has failed", "failed delivery", "failure notice", "mail failed", "failed perman",
    "failure delivery", "delivery error", "delivery status notification", "delivery problem",
    "delivery to the following", "returned mail", "returned to sender", "returning message",
    "returning to sender", "message returned", "returned message", "did not reach", "could not be sent",
    "could not send", "couldn't be delivered", "wasn't able to deliver", "unable to deliver", "unable to send",
    "cannot be delivered", "can't be delivered", "can not be delivered", "isn't able to deliver",
    "was unable to deliver", "error sending your mail", "mail system error", "error while attempting to deliver",
    "error has occurred while attempting", "has been rejected", "was rejected", "message rejected",
    "not deliver", "user unknown", "unknown user", "invalid user address", "permanent error", "fatal error",
    "undelivered", "delivery report", "message blocked", "address not found", "no such user", "mail could not",
    "mail failure", "malformed address", "addresses had", "unzustellbar", "nicht zugestellt",
    "zustellung fehlgeschlagen", "konnte nicht", "fehlgeschlagen", "non remis", "non distribu",
    "échec de la remise", "n'a pas pu être", "pas été remis", "no se pudo entregar", "no se ha podido entregar",
    "no entregado", "error de entrega", "mancato recapito", "non recapit", "impossibile recapitare",
    "não foi possível entregar", "não entregue", "falha na entrega", "onbestelbaar", "niet worden bezorgd",
    "kan inte levereras", "kunne ikke leveres", "niedostarcz", "nie można dostarczyć", "не доставлен",
    "недоставл", "не удалось доставить", "невозможно доставить", "не было доставлено", "配信できません",
    "配信不能", "届けできません", "送信できません", "送信に失敗", "エラー通知", "投稿する権限", "配送失败",
    "退信", "无法送达", "無法傳遞", "投递失败",
)  # fmt: skip
"""Of reports that a letter was not delivered."""

DELAYS: Final = (
    "delayed", "(delay)", "warning message only", "still being retried", "not yet been delivered",
    "will be retried", "will keep trying", "will continue to try", "will be attempted",
    "warning: could not send", "warning--could not send", "delivery is being retried",
    "there was a temporary problem", "trying to deliver", "do not need to resend", "verzögert", "retardé",
    "retrasad", "ritardat", "задерж",
)  # fmt: skip
"""Of reports that a letter is late, and still on its way."""

GIVEN_UP: Final = (
    "given up", "giving up", "gave up", "returning message", "permanent error", "failed permanently",
)  # fmt: skip
"""Of reports that only look like those of a delay."""

ANSWER_PREFIXES: Final = (
    "res:", "odp:", "ynt:", "vá:", "enc:", "rif:", "ref:", "i:", "r:", "doorst:", "回覆:", "答复:", "轉寄:",
    "ответ:", "отв:", "пересл:", "re:", "fw:", "fwd:", "aw:", "wg:", "tr:", "rv:", "sv:", "vs:", "antw:",
    "回复:", "转发:",
)  # fmt: skip
"""How subjects of answers and of what is forwarded begin."""

AUTOMATIC_SUBJECTS: Final = (
    "automatic reply", "auto reply", "auto-reply", "autoreply", "auto response", "auto-response", "autoresponse",
    "automated reply", "automated response", "autoresponder", "autorespons", "out of office", "out-of-office",
    "ooo", "vacation reply", "away from my mail", "i am out of the office", "out of the office",
    "automatische antwort", "abwesenheitsnotiz", "abwesenheit", "abwesenheitsbenachrichtigung",
    "réponse automatique", "reponse automatique", "absence du bureau", "absent du bureau",
    "respuesta automática", "respuesta automatica", "fuera de la oficina", "fuera de oficina",
    "risposta automatica", "fuori sede", "fuori ufficio", "resposta automática", "resposta automatica",
    "fora do escritório", "ausência temporária", "automatisch antwoord", "automatische beantwoording", "afwezig",
    "niet aanwezig", "autosvar", "automatiskt svar", "frånvaro", "automatisk svar", "fraværsmelding",
    "ikke til stede", "fravær", "automaattinen vastaus", "poissa toimistosta", "poissaoloviesti",
    "automatyczna odpowiedź", "odpowiedź automatyczna", "nieobecność", "poza biurem", "automatická odpověď",
    "mimo kancelář", "automatická odpoveď", "automatikus válasz", "házon kívül", "răspuns automat",
    "αυτόματη απάντηση", "εκτός γραφείου", "otomatik yanıt", "ofis dışında", "автоматический ответ", "автоответ",
    "вне офиса", "автоматична відповідь", "מענה אוטומטי", "رد تلقائي", "自動応答", "自動返信", "不在通知",
    "不在", "自动回复", "自動回覆", "外出", "자동 회신", "부재중", "trả lời tự động", "balasan otomatis",
)  # fmt: skip
"""How answering machines begin their subjects."""

UNSUBSCRIBE_WORDS: Final = frozenset({
    "abbestellen", "abmelden", "abonelikten çık", "afmeld", "afmelden", "annulla iscrizione", "austragen",
    "avregistrera", "avsluta prenumeration", "baja", "bitte abmelden", "bitte austragen", "cancelar inscrição",
    "cancelar suscripción", "cancellami", "dar de baja", "darse de baja", "descadastrar", "disiscrivimi",
    "disiscrizione", "désabonnement", "désabonner", "désinscription", "désinscrire", "désinscrivez-moi",
    "leiratkozás", "list unsubscribe", "meld av", "newsletter abbestellen", "odhlásit", "opt out", "opt-out",
    "peruuta tilaus", "please remove me", "please remove me from this list", "please remove me from your list",
    "please remove me from your mailing list", "please unsubscribe", "please unsubscribe me", "remove",
    "remove me", "remove me from this list", "remove me from your list", "se désabonner", "stop",
    "take me off this list", "take me off your list", "uitschrijven", "unsubscribe",
    "unsubscribe from this list", "unsubscribe me", "unsubscribe me from this list", "unsubscribe please",
    "unsubscribe request", "wypisz", "wypisz mnie", "διαγραφή", "відписатися", "отписаться", "отписка", "退会",
    "退訂", "退订", "配信停止", "수신거부",
})  # fmt: skip
"""All that a message says that asks for no more letters."""
