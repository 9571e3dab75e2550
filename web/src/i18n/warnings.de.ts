/** What the core warns of, in German. `{}` stands for what differs: names, numbers, reasons. */
export const warnings: readonly (readonly [english: string, german: string])[] = [
  [
    'your node shows a list of your devices that contradicts the one known here, and it was refused: look at your devices, and remove what is not yours',
    'Dein Knoten zeigt eine Liste deiner Geräte, die der hier bekannten widerspricht. Sie wurde abgelehnt: Sieh dir deine Geräte an, und entferne, was nicht deines ist.',
  ],
  [
    'there were two lists of your devices that contradict each other, as happens when your node was restored from a backup, and they were joined: look at your devices, and remove what is not yours',
    'Es gab zwei Listen deiner Geräte, die einander widersprachen, wie nach der Wiederherstellung eines Knotens aus einer Sicherung. Sie wurden vereint: Sieh dir deine Geräte an, und entferne, was nicht deines ist.',
  ],
  [
    'there are two lists of your devices that contradict each other, and together they have more devices than an account can have: remove some that you do not use',
    'Es gibt zwei Listen deiner Geräte, die einander widersprechen und zusammen mehr Geräte haben, als ein Konto haben kann: Entferne welche, die du nicht benutzt.',
  ],
  ['your node did not take the list of your devices: add or remove the device again later', 'Dein Knoten hat die Liste deiner Geräte nicht angenommen: Füge das Gerät später noch einmal hinzu, oder entferne es dann.'],
  [
    'your node showed an old list of your devices, as a node does that was restored from a backup; it was given the new one. If nobody restored it, ask who runs it',
    'Dein Knoten hat eine alte Liste deiner Geräte gezeigt, wie nach der Wiederherstellung aus einer Sicherung. Er hat die neue bekommen. Wenn niemand ihn wiederhergestellt hat, frag, wer ihn betreibt.',
  ],
  [
    'this device was removed from your account by another of your devices: what it has can be read on; to use the account here again, link this device anew or restore it from the phrase',
    'Dieses Gerät wurde von einem anderen deiner Geräte aus deinem Konto entfernt. Was hier ist, lässt sich weiter lesen. Um das Konto hier wieder zu benutzen, verbinde das Gerät neu, oder stell es aus den Wörtern wieder her.',
  ],
  [
    'device {} was added to your account by another device: if it is not yours, remove it; who added it has your phrase, or a device of yours',
    'Gerät {} wurde von einem anderen Gerät zu deinem Konto hinzugefügt. Wenn es nicht deines ist, entferne es: Wer es hinzugefügt hat, hat deine Wörter oder eines deiner Geräte.',
  ],
  [
    'device {} was removed from your account by another of your devices: if that was not you, look at your devices; to use it again, link it anew',
    'Gerät {} wurde von einem anderen deiner Geräte aus deinem Konto entfernt. Wenn du das nicht warst, sieh dir deine Geräte an. Um es wieder zu benutzen, verbinde es neu.',
  ],
  [
    '{} told two lists of devices that contradict each other, and the second was refused: ask them which devices are theirs',
    '{} hat zwei Gerätelisten gezeigt, die einander widersprechen. Die zweite wurde abgelehnt: Frag nach, welche Geräte echt sind.',
  ],
  [
    '{} has heard of a newer copy of your profile than your node gives back (number {}, not {}: look whether contacts are missing, and ask who runs the node)',
    '{} hat von einer neueren Fassung deines Profils gehört, als dein Knoten zurückgibt (Nummer {}, nicht {}). Sieh nach, ob Kontakte fehlen, und frag, wer den Knoten betreibt.',
  ],
  [
    'your node showed an old copy of your profile, as a node does that was restored from a backup; what this device knows was kept and written back. If nobody restored it, ask who runs it',
    'Dein Knoten hat eine alte Fassung deines Profils gezeigt, wie nach der Wiederherstellung aus einer Sicherung. Was dieses Gerät weiß, wurde behalten und zurückgeschrieben. Wenn niemand ihn wiederhergestellt hat, frag, wer ihn betreibt.',
  ],
  [
    'the profile at your node can\'t be read, and it was not used: ask who runs the node whether something is broken',
    'Das Profil bei deinem Knoten lässt sich nicht lesen und wurde nicht benutzt: Frag, wer den Knoten betreibt, ob dort etwas kaputt ist.',
  ],
  ['the profile could not be written to your node: {}; what changed stands on this device only', 'Das Profil ließ sich nicht bei deinem Knoten speichern ({}). Was sich geändert hat, steht nur auf diesem Gerät.'],
  ['the profile has become too large to be backed up', 'Das Profil ist zu groß geworden, um gesichert zu werden.'],
  ['the history could not be written to the backup: {}', 'Der Verlauf ließ sich nicht in die Sicherung schreiben: {}'],
  [
    'a part of the history is not at your node any more, and is lost if no other device of yours has it',
    'Ein Teil des Verlaufs ist nicht mehr bei deinem Knoten. Er ist verloren, wenn kein anderes deiner Geräte ihn hat.',
  ],
  ['a part of the history could not be fetched from the backup: {}', 'Ein Teil des Verlaufs ließ sich nicht aus der Sicherung holen: {}'],
  ['a part of the history came damaged from your node: it is fetched again later', 'Ein Teil des Verlaufs kam beschädigt von deinem Knoten. Er wird später noch einmal geholt.'],
  [
    'a part of the history came damaged from your node, four times in a day: it is tried again each week. Ask who runs the node',
    'Ein Teil des Verlaufs kam viermal an einem Tag beschädigt von deinem Knoten. Es wird jede Woche wieder versucht. Frag, wer den Knoten betreibt.',
  ],
  [
    'your node did not take key packages: nobody can add this device to a conversation until it does',
    'Dein Knoten hat keine Schlüsselpakete angenommen: Bis er es tut, kann niemand dieses Gerät in eine Unterhaltung aufnehmen.',
  ],
  [
    'records kept on this device were damaged on its disk and are left out (so many: {}); what your node and others have of them comes back. Once you have put this warning away, they are deleted',
    'Einträge auf dem Speicher dieses Geräts sind beschädigt und werden ausgelassen ({} Stück). Was dein Knoten und andere davon haben, kommt zurück. Wenn du diesen Hinweis wegräumst, werden sie gelöscht.',
  ],
  [
    '{} records on this device were damaged and are left out; what your node and others have of them comes back',
    '{} Einträge auf diesem Gerät waren beschädigt und wurden ausgelassen. Was dein Knoten und andere davon haben, kommt zurück.',
  ],
  [
    'what is kept here of “{}” is damaged: this device comes into it again, and may miss what was said meanwhile',
    'Was hier von „{}“ aufbewahrt wird, ist beschädigt. Dieses Gerät kommt wieder hinein; vielleicht fehlt, was inzwischen gesagt wurde.',
  ],
  [
    'what is kept here of a conversation is damaged, and your profile does not name it: somebody in it must add you again',
    'Was hier von einer Unterhaltung aufbewahrt wird, ist beschädigt, und dein Profil nennt sie nicht: Jemand darin muss dich wieder hinzufügen.',
  ],
  ['something for a contact was too large to be sent', 'Etwas für einen Kontakt war zu groß, um gesendet zu werden.'],
  ['{} could not be met as was suggested: {}', 'Mit {} kam die vorgeschlagene Verbindung nicht zustande: {}'],
  ['a conversation of which {} told was refused: {}', 'Eine Unterhaltung, von der {} berichtet hat, wurde abgelehnt: {}'],
  ['an answer to your invitation was refused: {}', 'Eine Antwort auf deine Einladung wurde abgelehnt: {}'],
  ['{} could not be added: {}', '{} ließ sich nicht hinzufügen: {}'],
  ['a change of the group was not made: {}', 'Eine Änderung der Gruppe kam nicht zustande: {}'],
  ['the node refused the conversation: {}', 'Der Knoten hat die Unterhaltung abgelehnt: {}'],
  [
    'a conversation\'s keys on this device are damaged: it comes in again, and may miss what was said meanwhile',
    'Die Schlüssel einer Unterhaltung auf diesem Gerät sind beschädigt. Es kommt wieder hinein; vielleicht fehlt, was inzwischen gesagt wurde.',
  ],
  ['a device that asked to be linked has not shown that its key is its own: make a new code', 'Ein Gerät, das verbunden werden wollte, hat nicht gezeigt, dass sein Schlüssel ihm gehört: Lass dir einen neuen Code geben.'],
  ['the channel {} can\'t be joined at your node', 'Dem Kanal {} kannst du bei deinem Knoten nicht beitreten.'],
  ['a file that was under way could not be finished: {}', 'Eine Datei, die unterwegs war, kam nicht an: {}'],
];
