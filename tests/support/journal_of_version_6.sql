BEGIN TRANSACTION;
CREATE TABLE campaign (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        digest TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        server TEXT NOT NULL,
        account TEXT NOT NULL,
        sender TEXT NOT NULL,
        generation INTEGER NOT NULL,
        is_resend INTEGER NOT NULL,
        is_finished INTEGER NOT NULL,
        fence INTEGER NOT NULL,
        begun REAL NOT NULL,
        last_run REAL NOT NULL,
        closed_at REAL,
        entry_count INTEGER NOT NULL DEFAULT 0,
        checksum INTEGER NOT NULL DEFAULT 0,
        rules INTEGER NOT NULL DEFAULT 1,
        known_by TEXT NOT NULL DEFAULT '',
        reads TEXT NOT NULL DEFAULT '[]',
        said_count INTEGER NOT NULL DEFAULT 0,
        secret TEXT NOT NULL DEFAULT ''
    );
INSERT INTO "campaign" VALUES(1,'c1ab80bdc43211b81a8d112931589c02','May Letters','','','',0,0,1,1,1800000000.0,1800000000.0,1800000000.0,3,397038671,2,'recipient','[["amount", "day", "name", "price"]]',3,'11f45eb56fc209b50acdf9d94c7b16fe');
CREATE TABLE entry (
        campaign INTEGER NOT NULL,
        generation INTEGER NOT NULL,
        number INTEGER NOT NULL,
        key BLOB NOT NULL,
        state INTEGER NOT NULL,
        recipient TEXT NOT NULL,
        at REAL NOT NULL,
        attempts INTEGER NOT NULL,
        code INTEGER,
        reply TEXT NOT NULL,
        next_at REAL,
        message_id TEXT NOT NULL DEFAULT '',
        delivered TEXT NOT NULL DEFAULT '',
        checksum INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (campaign, generation, number)
    ) WITHOUT ROWID;
INSERT INTO "entry" VALUES(1,0,0,X'429532430CB33BB8F25BA1899B11D4DD',1,'Ann@example.org',1800000000.0,1,250,'ok',NULL,'<dcaad41fb6ac8092fe801ad2ef7231d5@example.org>','',717874929);
INSERT INTO "entry" VALUES(1,0,1,X'72700DB87CEC3C816A1A48F0910E25D8',1,'bo@example.org',1800000000.0,1,250,'ok',NULL,'<373527a91d6e4ffb1d5ab501b52f5d25@example.org>','',4014572967);
INSERT INTO "entry" VALUES(1,0,2,X'1A73D3FC3ABE4D47601004B1ADB5A14B',1,'cy@example.org',1800000000.0,1,250,'ok',NULL,'<7483ff455a6c2968d19d48fa10f88904@example.org>','',771758810);
CREATE TABLE feedback (
        campaign INTEGER NOT NULL,
        generation INTEGER NOT NULL,
        number INTEGER NOT NULL,
        kind TEXT NOT NULL,
        digest BLOB NOT NULL,
        recipient TEXT NOT NULL,
        is_permanent INTEGER NOT NULL,
        at REAL NOT NULL,
        code TEXT NOT NULL,
        reason TEXT NOT NULL,
        sender TEXT NOT NULL,
        subject TEXT NOT NULL,
        matched_by TEXT NOT NULL,
        suppresses TEXT NOT NULL,
        checksum INTEGER NOT NULL,
        PRIMARY KEY (campaign, generation, number, kind, digest, recipient)
    ) WITHOUT ROWID;
INSERT INTO "feedback" VALUES(1,0,1,'reply',X'01010101010101010101010101010101','bo@example.org',0,1800000030.0,'','','bo@example.org','Re: Hello','token','',264854252);
CREATE TABLE position (
        campaign INTEGER NOT NULL,
        mailbox TEXT NOT NULL,
        folder TEXT NOT NULL,
        uidvalidity INTEGER NOT NULL,
        uid INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        PRIMARY KEY (campaign, mailbox, folder)
    ) WITHOUT ROWID;
INSERT INTO "position" VALUES(1,'','read',0,1800000060500,1812212008);
INSERT INTO "position" VALUES(1,'imap.example.org/me','INBOX',7,42,3024878918);
CREATE TABLE said (
        campaign INTEGER NOT NULL,
        generation INTEGER NOT NULL,
        number INTEGER NOT NULL,
        person INTEGER NOT NULL,
        digest INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        PRIMARY KEY (campaign, generation, number)
    ) WITHOUT ROWID;
INSERT INTO "said" VALUES(1,0,0,7065073018420738173,3341365344638644043,3433632040);
INSERT INTO "said" VALUES(1,0,1,3190528080787221902,-2452570521000300725,2356731779);
INSERT INTO "said" VALUES(1,0,2,-5236987053358465530,450797718024662859,543748131);
CREATE TABLE suppression (
        address TEXT NOT NULL PRIMARY KEY,
        cause TEXT NOT NULL,
        reason TEXT NOT NULL,
        since REAL NOT NULL,
        campaign TEXT NOT NULL,
        checksum INTEGER NOT NULL
    ) WITHOUT ROWID;
CREATE TABLE suppression_count (addresses INTEGER NOT NULL);
INSERT INTO "suppression_count" VALUES(0);
CREATE TABLE usage (
        account TEXT NOT NULL,
        minute INTEGER NOT NULL,
        messages INTEGER NOT NULL,
        PRIMARY KEY (account, minute)
    ) WITHOUT ROWID;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('campaign',1);
COMMIT;
PRAGMA application_id=1851944300;
PRAGMA user_version=6;
