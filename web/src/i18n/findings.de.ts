/** What the node's doctor says, in German. `{}` stands for what differs; of several that fit, the first is taken. Commands, paths and names of settings stay. */
import type { FindingTexts } from './findings';
import type { Sentences } from './warnings';

const permissions: Sentences = [
  ['only this user can read and write {}', 'Nur dieses Benutzerkonto kann {} lesen und schreiben.'],
  ['{} can\'t be read by this user', '{} lässt sich von diesem Benutzerkonto nicht lesen.'],
  ['{} can\'t be written by this user', '{} lässt sich von diesem Benutzerkonto nicht schreiben.'],
  ['{} has mode {}: other users of this machine can reach it', '{} hat die Rechte {}: Andere Benutzerkonten dieses Rechners kommen heran.'],
  ['run tidings as the user with number {}, who owns it, or chown {}', 'Starte tidings mit dem Benutzerkonto Nummer {}, dem es gehört, oder ändere das mit chown {}'],
  ['{} is not there, and this user can\'t make it in {}', '{} fehlt, und dieses Benutzerkonto kann nichts anlegen in {}.'],
  ['choose another place with --data-dir, or make the folder and give it to this user', 'Wähle mit --data-dir einen anderen Ort, oder lege den Ordner an und übergib ihn diesem Benutzerkonto.'],
  ['{} is not there yet; the first start makes it', '{} fehlt noch; der erste Start legt es an.'],
];

const node: Sentences = [
  ['version {} runs as process {}, but this program has version {}', 'Version {} läuft als Prozess {}, aber dieses Programm hat Version {}.'],
  ['version {} runs as process {}', 'Version {} läuft als Prozess {}.'],
  ['restart the node to bring it up to date', 'Starte den Knoten neu, um ihn zu aktualisieren.'],
];

const disk: Sentences = [
  ['the free space can\'t be read: {}', 'Der freie Platz lässt sich nicht ermitteln: {}'],
  ['look with `df`', 'Sieh mit `df` nach.'],
  ['{} free, {} kept back: nothing is accepted', '{} frei, {} als Reserve: Es wird nichts mehr angenommen.'],
  ['{} free, {} kept back', '{} frei, {} als Reserve.'],
  ['make room on the disk, or move the data folder to a larger one', 'Schaff Platz auf der Platte, oder zieh mit dem Datenordner auf eine größere um.'],
];

const clock: Sentences = [
  ['{} was written {} s in the future: the clock went back', '{} wurde {} s in der Zukunft geschrieben: Die Uhr ging zurück.'],
  ['the disk\'s clock and this machine\'s differ by {} s', 'Die Uhr der Platte und die dieses Rechners unterscheiden sich um {} s.'],
  ['set the clock, and keep it right with systemd-timesyncd or chrony', 'Stell die Uhr, und lass sie von systemd-timesyncd oder chrony richtig halten.'],
  ['the clock is not kept by a time server; signatures of clients are refused when it is far off', 'Kein Zeitserver hält die Uhr richtig. Geht sie sehr falsch, werden Unterschriften von Geräten abgelehnt.'],
  ['see `timedatectl`: NTP must be active and reach a server', 'Sieh mit `timedatectl` nach: NTP muss eingeschaltet sein und einen Server erreichen.'],
  ['it is {}', 'Es ist {}.'],
];

const port: Sentences = [
  ['any port; the node says which when it starts', 'Beliebiger Port; der Knoten sagt beim Start, welcher.'],
  ['the node listens on {}', 'Der Knoten ist erreichbar auf {}.'],
  ['nobody listens on {}', 'Niemand antwortet auf {}.'],
  [
    'give doctor the flags and variables that the node was started with; if the settings were changed since, restart the node',
    'Gib doctor dieselben Optionen und Variablen mit, mit denen der Knoten gestartet wurde. Wurden die Einstellungen seitdem geändert, starte den Knoten neu.',
  ],
  [
    'ports below 1024 need a privilege: AmbientCapabilities=CAP_NET_BIND_SERVICE in the systemd unit, or a proxy',
    'Ports unter 1024 brauchen ein Vorrecht: AmbientCapabilities=CAP_NET_BIND_SERVICE in der systemd-Unit, oder einen Proxy.',
  ],
  ['`ss -ltnp` shows what uses it', '`ss -ltnp` zeigt, wer ihn benutzt.'],
  ['choose an address of this machine', 'Wähle eine Adresse dieses Rechners.'],
  ['{} is free; no node runs on this folder', '{} ist frei; auf diesem Ordner läuft kein Knoten.'],
];

const peers: Sentences = [
  ['whether darkchat-peers answer can only be seen while the node runs', 'Ob darkchat-peers antworten, zeigt sich nur, während der Knoten läuft.'],
  ['start the node and run this again', 'Starte den Knoten, und wiederhole das.'],
  ['{} is linked', '{} ist verbunden.'],
  ['{} is not linked', '{} ist nicht verbunden.'],
  [
    'see that it runs and that firewalls let its peer port through; the node calls it again by itself',
    'Sieh nach, ob er läuft und ob Firewalls seinen Peer-Port durchlassen. Der Knoten versucht es von selbst wieder.',
  ],
  ['only servers that you named, or of this machine, reach the peer port', 'Nur Server, die du genannt hast, oder die auf diesem Rechner laufen, erreichen den Peer-Port.'],
  [
    'any server may link with this node, read all that is said in channels, and speak in any name',
    'Jeder Server darf sich mit diesem Knoten verbinden, alles mitlesen, was in Kanälen gesagt wird, und unter jedem Namen sprechen.',
  ],
  ['name the servers that may: darkchat-allowed-peers', 'Nenne die Server, die das dürfen: darkchat-allowed-peers.'],
];

const channels: Sentences = [
  ['guests without keys are let in, and can take any name', 'Gäste ohne Schlüssel kommen herein und können jeden Namen annehmen.'],
  ['turn darkchat-keyless off unless you need darkchat\'s oldest web pages', 'Schalte darkchat-keyless aus, wenn du die ältesten Webseiten von darkchat nicht brauchst.'],
];

const tls: Sentences = [
  ['renew it; the node takes up new files by itself', 'Erneuere es; der Knoten übernimmt neue Dateien von selbst.'],
  ['correct tls-cert and tls-key', 'Berichtige tls-cert und tls-key.'],
  ['no certificate was got yet', 'Es gibt noch kein Zertifikat.'],
  [
    'the log of the node says why none was got; port 443 (or 80, with acme-http-listen) of the name must lead here',
    'Warum, steht im Protokoll des Knotens. Port 443 des Namens (oder 80, mit acme-http-listen) muss hierher führen.',
  ],
  ['look at the folder acme in the data folder', 'Sieh dir den Ordner acme im Datenordner an.'],
  ['the node speaks plain HTTP; a proxy must speak TLS for {}', 'Der Knoten spricht unverschlüsseltes HTTP; ein Proxy muss TLS sprechen für {}.'],
  ['{} is not encrypted, and web apps may not call it', '{} ist nicht verschlüsselt; Web-Apps dürfen es nicht aufrufen.'],
  ['set acme-domains, or tls-cert and tls-key, or a proxy with TLS before the node', 'Setze acme-domains oder tls-cert und tls-key, oder stell einen Proxy mit TLS vor den Knoten.'],
  ['the node speaks plain HTTP and knows no public address', 'Der Knoten spricht unverschlüsseltes HTTP und kennt keine öffentliche Adresse.'],
  [
    'set public-url, and acme-domains or a proxy with TLS; for trying things on this machine this is fine',
    'Setze public-url, dazu acme-domains oder einen Proxy mit TLS. Zum Ausprobieren auf diesem Rechner ist es gut so.',
  ],
  ['the certificate is not for {}', 'Das Zertifikat gilt nicht für {}.'],
  ['get one with this name, or correct public-url', 'Besorge eines mit diesem Namen, oder berichtige public-url.'],
  ['it can\'t be read how long the certificate is good', 'Wie lange das Zertifikat gilt, lässt sich nicht lesen.'],
  ['the certificate is good from {} only', 'Das Zertifikat gilt erst ab {}.'],
  ['wait, or set the clock', 'Warte, oder stell die Uhr.'],
  ['the certificate was good until {}', 'Das Zertifikat galt bis {}.'],
  ['the certificate is good until {} only', 'Das Zertifikat gilt nur noch bis {}.'],
  ['the certificate is good until {}', 'Das Zertifikat gilt bis {}.'],
  ['the certificate {} can\'t be used with the key {}: {}', 'Das Zertifikat {} lässt sich mit dem Schlüssel {} nicht benutzen: {}'],
  ['tls-cert: {} has no certificate', 'tls-cert: In {} ist kein Zertifikat.'],
  ['{}: {} can\'t be read: {}', '{}: {} lässt sich nicht lesen: {}'],
  ['reading {}: {}', 'Beim Lesen von {}: {}'],
];

const push: Sentences = [
  ['push services may write to {}', 'Push-Dienste dürfen schreiben an {}.'],
  ['push services get {} as a contact, and some refuse such', 'Push-Dienste bekommen {} als Kontakt, und manche lehnen das ab.'],
  [
    'set push-contact to an address where you read mail: mailto:you@example.org',
    'Setze push-contact auf eine Adresse, bei der du Post liest: mailto:du@example.org',
  ],
];

const publicName: Sentences = [
  ['public-url is not set', 'public-url ist nicht gesetzt.'],
  ['set public-url, so that links lead here and this check can go through it', 'Setze public-url, damit Links hierher führen und diese Prüfung darüber gehen kann.'],
  ['whether it leads here can only be seen while the node runs', 'Ob er hierher führt, zeigt sich nur, während der Knoten läuft.'],
  ['start the node and run this again, from another network if you can', 'Starte den Knoten, und wiederhole das, wenn möglich aus einem anderen Netz.'],
  ['add A and AAAA records for it where you manage the domain', 'Trage A- und AAAA-Einträge dafür ein, wo du die Domain verwaltest.'],
  [
    'forward this name\'s port to the node (or to its proxy), and see the proxy\'s log; some home routers do not let you reach your own public address from inside',
    'Leite den Port dieses Namens an den Knoten (oder an seinen Proxy) weiter, und sieh ins Protokoll des Proxys. Manche Router zu Hause lassen einen die eigene öffentliche Adresse nicht von innen erreichen.',
  ],
  [
    'forward this name\'s port to the node (or to its proxy), and see the proxy\'s log',
    'Leite den Port dieses Namens an den Knoten (oder an seinen Proxy) weiter, und sieh ins Protokoll des Proxys.',
  ],
  ['{} can\'t be reached from here: {}', '{} ist von hier nicht erreichbar: {}'],
  ['{} answers ({}), but that is not this node', '{} antwortet ({}), aber das ist nicht dieser Knoten.'],
  ['{} leads to this node', '{} führt zu diesem Knoten.'],
  ['{} has no address: {}', '{} hat keine Adresse: {}'],
  ['{} is {}: not reachable from the internet', '{} ist {}: aus dem Internet nicht erreichbar.'],
  ['{} is {}', '{} ist {}.'],
];

const proxy: Sentences = [
  ['{}/api/info gives {} instead of 200', '{}/api/info gibt {} statt 200.'],
  ['let the proxy pass on all paths as they are', 'Lass den Proxy alle Pfade unverändert weitergeben.'],
  ['requests come directly', 'Anfragen kommen direkt an.'],
  ['trusted-proxies is set, but no proxy said for whom it asks', 'trusted-proxies ist gesetzt, aber kein Proxy hat gesagt, für wen er fragt.'],
  ['let the proxy set X-Forwarded-For, or everybody counts as one address in the limits', 'Lass den Proxy X-Forwarded-For setzen, sonst zählen bei den Grenzen alle als eine Adresse.'],
  ['let the proxy set X-Forwarded-For', 'Lass den Proxy X-Forwarded-For setzen.'],
  ['the proxy is trusted and says for whom it asks', 'Dem Proxy wird vertraut, und er sagt, für wen er fragt.'],
  ['a proxy does not send X-Forwarded-For, so everybody counts as one address in the limits', 'Ein Proxy sendet kein X-Forwarded-For; darum zählen bei den Grenzen alle als eine Adresse.'],
  ['a proxy at {} is not trusted, so everybody counts as one address in the limits', 'Einem Proxy unter {} wird nicht vertraut; darum zählen bei den Grenzen alle als eine Adresse.'],
  ['add --trusted-proxies {} if that is your proxy', 'Füge --trusted-proxies {} hinzu, wenn das dein Proxy ist.'],
];

const database: Sentences = [
  ['there is none yet; the first start makes it', 'Es gibt noch keine; der erste Start legt sie an.'],
  [
    'stop the node, move the database away (keep it), and bring back the last backup with `tidings restore`',
    'Halte den Knoten an, leg die Datenbank beiseite (behalte sie), und hol die letzte Sicherung mit `tidings restore` zurück.',
  ],
  ['every row is as it was written', 'Jede Zeile ist so, wie sie geschrieben wurde.'],
  ['it could not be checked: {}', 'Sie ließ sich nicht prüfen: {}'],
  ['see what the message says', 'Die Meldung sagt, warum.'],
  ['the stored data is damaged: {}', 'Was gespeichert ist, ist beschädigt: {}'],
];

/** What can be wrong with a row. */
const rows: Sentences = [
  ['does not fit its checksum', 'passt nicht zur Prüfsumme'],
  ['counts envelopes that are not there', 'zählt Nachrichten, die nicht da sind'],
  ['counts other than what is there', 'zählt anderes, als da ist'],
  ['counts other references than there are', 'zählt andere Verweise, als da sind'],
  ['counts other members than there are', 'zählt andere Mitglieder, als da sind'],
  ['counts less than is there', 'zählt weniger, als da ist'],
  ['has given higher numbers than it knows', 'hat höhere Nummern vergeben, als es kennt'],
  ['has no inbox', 'hat keinen Eingang'],
  ['is not the inbox of its owner', 'ist nicht der Eingang des eigenen Kontos'],
  ['has the name of one of another stream', 'hat einen Namen aus einem anderen Strom'],
  ['is in no state', 'hat keinen Zustand'],
  ['names no file', 'nennt keine Datei'],
  ['has a wrong hash of its sender', 'hat einen falschen Hash der Herkunft'],
  ['has no stream', 'hat keinen Strom'],
  ['belongs to no group', 'gehört zu keiner Gruppe'],
  ['has lost its key', 'hat den Schlüssel verloren'],
  ['is missing', 'fehlt'],
  ['is neither data nor a file', 'ist weder Inhalt noch Datei'],
  ['holds no key', 'enthält keinen Schlüssel'],
  ['holds no kind of stream', 'enthält keine Art von Strom'],
  ['holds no role', 'enthält keine Rolle'],
  ['has no valid name', 'hat keinen gültigen Namen'],
  ['has two kinds', 'hat zwei Arten'],
];

/** German. */
export const findings: FindingTexts = {
  checks: {
    permissions: { name: 'Zugriffsrechte', says: permissions },
    node: { name: 'Knoten', says: node },
    disk: { name: 'Platte', says: disk },
    clock: { name: 'Uhr', says: clock },
    port: { name: 'Port', says: port },
    peers: { name: 'Andere Server', says: peers },
    channels: { name: 'Kanäle', says: channels },
    TLS: { name: 'TLS', says: tls },
    'push contact': { name: 'Push-Kontakt', says: push },
    'public name': { name: 'Öffentlicher Name', says: publicName },
    proxy: { name: 'Proxy', says: proxy },
    database: { name: 'Datenbank', says: database },
  },
  reasons: [
    ...rows.map(([how, german]) => [`table {}, row {}: ${how}`, `Tabelle {}, Zeile {}: ${german}`] as const),
    ['a row refers to one that is not there', 'eine Zeile verweist auf eine, die nicht da ist'],
    ['{}: the file is cut off after {} bytes', '{}: Die Datei ist nach {} Bytes abgeschnitten'],
    ['{}: the header is not that of an SQLite file', '{}: Der Anfang ist nicht der einer SQLite-Datei'],
    ['{}: the file is no database of Tidings, or its header is damaged', '{}: Die Datei ist keine Datenbank von Tidings, oder ihr Anfang ist beschädigt'],
    ['{}: the file has {} bytes, but its header says {}', '{}: Die Datei hat {} Bytes, aber an ihrem Anfang steht {}'],
    ['the disk is full', 'die Platte ist voll'],
    ['too busy', 'zu viel zu tun'],
    ['the store failed: {}', 'der Speicher meldet: {}'],
    ['the running node broke off: {}', 'der Knoten hat abgebrochen: {}'],
  ],
};
