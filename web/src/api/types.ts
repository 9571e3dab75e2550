// Made by scripts/build-web-types of crates/client and crates/web-core: change it there.
// Ids are base64url text, times milliseconds, variants `{ kind: content }` or `'kind'`.

/**
 * What a key belongs to.
 */
export type AccountKind = "tidings" | "piqchat";

/**
 * What is to be done, in this order ([`io::Action`]).
 */
export type Action = { "save": Array<Record> } | { "request": { id: RequestId, node: string, method: string, target: string, headers: Array<[string, string]>, body: Uint8Array | null, } } | { "connect": { node: string, } } | { "say": { node: string, text: string, } } | { "disconnect": { node: string, } } | { "wake_at": number } | { "read_file": { file: FileId, offset: number, length: number, } } | { "write_file": { file: FileId, offset: number, bytes: Uint8Array, } } | { "done": { id: CommandId, outcome: Done, } } | { "show": Event };

/**
 * A file that is to be sent, already prepared: images re-encoded without metadata.
 */
export type Attachment = { 
/**
 * Where its content comes from.
 */
file: FileId, 
/**
 * Bytes.
 */
size: number, 
/**
 * As it is shown to the other side; no path.
 */
name: string, 
/**
 * Media type.
 */
kind: string, 
/**
 * How it may be looked at.
 */
look: Look, 
/**
 * Beside it.
 */
caption: string, 
/**
 * Length in milliseconds, if it is a voice note.
 */
voice?: number | null, 
/**
 * Width and height in pixels, of an image.
 */
pixels?: [number, number] | null, 
/**
 * A small JPEG, at most 16 KiB; ignored unless it may be kept.
 */
thumbnail?: Uint8Array | null, };

/**
 * What a person can ask for.
 */
export type Command = { "create_account": { 
/**
 * The node's URL.
 */
node: string, 
/**
 * Lets in, where one is needed.
 */
token?: Secret | null, 
/**
 * The recovery phrase, made by [`crate::phrase`]; not kept.
 */
phrase: Secret, 
/**
 * What others see.
 */
name: string, 
/**
 * What the person calls this device.
 */
device: string, } } | { "restore": { 
/**
 * The home node's URL.
 */
node: string, 
/**
 * The recovery phrase; not kept.
 */
phrase: Secret, 
/**
 * What the person calls this device.
 */
device: string, } } | { "link": { 
/**
 * `NODE/CODE`.
 */
code: Secret, 
/**
 * What the person calls this device.
 */
device: string, } } | "offer_link" | { "answer_link": { 
/**
 * Which.
 */
request: DeviceRequest, 
/**
 * Whether it may.
 */
accept: boolean, } } | { "remove_device": { 
/**
 * Its serial.
 */
serial: number, } } | { "set_profile": { 
/**
 * The name.
 */
name?: string | null, 
/**
 * A small JPEG; empty to have none.
 */
picture?: Uint8Array | null, 
/**
 * A line about oneself.
 */
statement?: string | null, 
/**
 * Whether others are told what was read.
 */
read_receipts?: boolean | null, 
/**
 * What of the history goes into the backup.
 */
history?: KeepHistory | null, } } | { "take_box_key": { 
/**
 * The key.
 */
key: Secret, } } | { "invite": { 
/**
 * Seconds that it is good for.
 */
lasts: number, 
/**
 * For oneself: whom it is for.
 */
note: string, 
/**
 * A token of the node that lets the invited one register there.
 */
token?: Secret | null, 
/**
 * Whether the one invited may make an account at this node: a token is asked of the node for that.
 */
account?: boolean, } } | { "cancel_invitation": { 
/**
 * Its exchange id.
 */
id: Uint8Array, } } | { "accept": { 
/**
 * The link.
 */
link: Secret, 
/**
 * For a room that is locked.
 */
passphrase?: Secret | null, } } | { "set_verified": { 
/**
 * Whose.
 */
contact: Identity, 
/**
 * Whether it fits.
 */
verified: boolean, } } | { "set_blocked": { 
/**
 * Whom.
 */
contact: Identity, 
/**
 * Whether.
 */
blocked: boolean, } } | { "rename_contact": { 
/**
 * Whom.
 */
contact: Identity, 
/**
 * The name.
 */
name: string, } } | { "remove_contact": { 
/**
 * Whom.
 */
contact: Identity, } } | { "introduce": { 
/**
 * One.
 */
first: Identity, 
/**
 * The other.
 */
second: Identity, } } | { "answer_introduction": { 
/**
 * Which.
 */
introduction: Introduction, 
/**
 * Whether.
 */
accept: boolean, } } | { "create_group": { 
/**
 * Its name.
 */
name: string, 
/**
 * Contacts who are in it from the beginning.
 */
members: Array<Identity>, } } | { "create_room": { 
/**
 * Its name.
 */
name: string, 
/**
 * Locks it.
 */
passphrase?: Secret | null, } } | { "room_link": { 
/**
 * Which.
 */
group: GroupId, } } | { "unlock": { 
/**
 * Which.
 */
group: GroupId, 
/**
 * Its passphrase.
 */
passphrase: Secret, } } | { "add_members": { 
/**
 * Where.
 */
group: GroupId, 
/**
 * Whom.
 */
members: Array<Identity>, } } | { "remove_member": { 
/**
 * Where.
 */
group: GroupId, 
/**
 * Whom.
 */
member: Identity, } } | { "set_role": { 
/**
 * Where.
 */
group: GroupId, 
/**
 * Whose.
 */
member: Identity, 
/**
 * To what.
 */
role: number, } } | { "set_group": { 
/**
 * Which.
 */
group: GroupId, 
/**
 * Its name.
 */
name?: string | null, 
/**
 * A small JPEG; empty to have none.
 */
picture?: Uint8Array | null, 
/**
 * Seconds after which messages disappear; zero for never.
 */
expire?: number | null, } } | { "leave": { 
/**
 * Which.
 */
group: GroupId, } } | { "send_text": { 
/**
 * Where.
 */
group: GroupId, 
/**
 * What.
 */
text: string, 
/**
 * To which message it answers.
 */
reply?: MessageId | null, 
/**
 * Seconds after which it disappears, if not as the conversation says.
 */
expire?: number | null, } } | { "send_file": { 
/**
 * Where.
 */
group: GroupId, 
/**
 * What.
 */
attachment: Attachment, 
/**
 * To which message it answers.
 */
reply?: MessageId | null, } } | { "stop_file": { 
/**
 * Which, as [`Attachment::file`] has it.
 */
file: FileId, } } | { "react": { 
/**
 * Where.
 */
group: GroupId, 
/**
 * To what.
 */
message: MessageId, 
/**
 * One emoji.
 */
emoji: string, } } | { "edit": { 
/**
 * Where.
 */
group: GroupId, 
/**
 * Which.
 */
message: MessageId, 
/**
 * The new text.
 */
text: string, } } | { "delete": { 
/**
 * Where.
 */
group: GroupId, 
/**
 * Which.
 */
message: MessageId, } } | { "open": { 
/**
 * Where.
 */
group: GroupId, 
/**
 * Which.
 */
message: MessageId, 
/**
 * Where to write it.
 */
file: FileId, } } | { "mark_read": { 
/**
 * Which conversation.
 */
group: GroupId, 
/**
 * Up to here; `None` for all.
 */
message?: MessageId | null, } } | { "typing": { 
/**
 * Where.
 */
group: GroupId, } } | { "set_conversation": { 
/**
 * Which.
 */
group: GroupId, 
/**
 * Whether it is silent.
 */
muted?: boolean | null, 
/**
 * Whether it is out of sight.
 */
archived?: boolean | null, } } | { "forget": { 
/**
 * Which.
 */
group: GroupId, } } | { "join_channel": { 
/**
 * Its name.
 */
channel: string, } } | { "say_in_channel": { 
/**
 * Which.
 */
channel: string, 
/**
 * What.
 */
text: string, } } | { "leave_channel": { 
/**
 * Its name.
 */
channel: string, } } | { "dismiss_warnings": Array<string> } | "flush" | "back_up" | "delete_account" | { "set_push": PushSubscription | null } | "test_push" | { "ask_home": HomeQuestion };

/**
 * Names a command, chosen by whoever gives it.
 */
export type CommandId = number;

/**
 * A contact.
 */
export type ContactView = { 
/**
 * Who.
 */
identity: Identity, 
/**
 * The name to show.
 */
name: string, 
/**
 * The name that the contact gives itself.
 */
own_name: string, 
/**
 * A small JPEG.
 */
picture: Uint8Array | null, 
/**
 * The home node.
 */
node: string, 
/**
 * The conversation with them.
 */
conversation: GroupId | null, 
/**
 * The safety number was compared.
 */
verified: boolean, 
/**
 * The key is another than the one that was verified.
 */
key_changed: boolean, 
/**
 * What they send is dropped.
 */
blocked: boolean, 
/**
 * Sixty digits.
 */
safety_number: string, 
/**
 * What the QR code of the safety number holds.
 */
safety_code: string, };

/**
 * What kind of conversation it is.
 */
export type ConversationKind = "pair" | "group" | "room";

/**
 * A conversation in a list.
 */
export type ConversationView = { 
/**
 * Which.
 */
id: GroupId, 
/**
 * What kind.
 */
kind: ConversationKind, 
/**
 * The other's name, or the group's.
 */
title: string, 
/**
 * A small JPEG.
 */
picture: Uint8Array | null, 
/**
 * The other, in a pair.
 */
contact: Identity | null, 
/**
 * Who belongs to it.
 */
members: Array<MemberView>, 
/**
 * Messages that were not read.
 */
unread: number, 
/**
 * When the last message came (milliseconds); when it was made if there is none.
 */
last_at: number, 
/**
 * The last message in one line.
 */
preview: string, 
/**
 * Whether one can write.
 */
standing: Standing, 
/**
 * Whether the other (in a pair) was verified.
 */
verified: boolean, 
/**
 * No notifications.
 */
muted: boolean, 
/**
 * Out of sight.
 */
archived: boolean, 
/**
 * Who is writing now.
 */
typing: Array<Identity>, 
/**
 * Seconds after which messages disappear; zero for never.
 */
expire: number, 
/**
 * The hub's URL.
 */
hub: string, };

/**
 * How far a message of one's own has come.
 */
export type Delivery = "waiting" | "accepted" | { "delivered": number } | { "seen": number } | "failed";

/**
 * A device that asks to be linked: its exchange.
 */
export type DeviceRequest = string;

/**
 * A device of one's own.
 */
export type DeviceView = { 
/**
 * Its serial. It may get another one, when two lists of its person's devices are joined.
 */
serial: number, 
/**
 * Its public key, which stays.
 */
key: Uint8Array, 
/**
 * What the person calls it.
 */
name: string, 
/**
 * This one.
 */
this: boolean, 
/**
 * When it was added (milliseconds).
 */
added: number, };

/**
 * How a command ended.
 */
export type Done = "well" | { "link": Secret } | { "code": [Secret, number] } | { "conversation": GroupId } | { "message": MessageId } | { "file": [string, string] } | { "push": [PushOutcome, string] } | { "text": Secret } | { "failed": Fault };

/**
 * Something that a screen may want to show at once.
 */
export type Event = "changed" | { "conversation": GroupId } | { "message": { 
/**
 * Where.
 */
group: GroupId, 
/**
 * Which.
 */
message: MessageId, 
/**
 * Whether a person should hear of it.
 */
new: boolean, } } | { "gone": { 
/**
 * Where.
 */
group: GroupId, 
/**
 * Which.
 */
message: MessageId, } } | { "device_asks": { 
/**
 * Which.
 */
request: DeviceRequest, 
/**
 * What it calls itself.
 */
name: string, 
/**
 * Eight digits that the new device must show as well.
 */
check: string, } } | { "link_check": { 
/**
 * Eight digits.
 */
check: string, } } | { "contact": Identity } | { "said": { 
/**
 * Where.
 */
channel: string, 
/**
 * Who, as the channel's own door names them.
 */
from: string, 
/**
 * What.
 */
text: string, 
/**
 * When (milliseconds).
 */
at: number, } } | { "missed": { 
/**
 * Where.
 */
channel: string, 
/**
 * How many.
 */
count: number, } } | { "connection": { 
/**
 * Which.
 */
node: string, 
/**
 * Whether.
 */
open: boolean, } } | { "progress": { 
/**
 * Where.
 */
group: GroupId, 
/**
 * Which message; `None`: it is sent once the file is there.
 */
message: MessageId | null, 
/**
 * Which file, as it was named to the client.
 */
file: FileId, 
/**
 * Bytes so far; all of them once it has ended, however that was.
 */
done: number, 
/**
 * Bytes in all.
 */
all: number, } } | { "warning": string };

/**
 * Why a command was not done. The text says what to do next.
 */
export type Fault = "no_account" | "has_account" | { "phrase": string } | { "link": string } | "expired" | { "unknown": string } | "role" | { "key_changed": string } | { "distrust": string } | "offline" | { "cannot": Reason } | { "refused": string } | { "too_large": string } | { "gone": string } | "file" | "passphrase" | { "newer": string } | { "store": string };

/**
 * Names a file that the surroundings read from or write to, chosen by them.
 */
export type FileId = number;

/**
 * A file or image in a message.
 */
export type FileView = { 
/**
 * Its name.
 */
name: string, 
/**
 * Media type.
 */
kind: string, 
/**
 * Bytes.
 */
size: number, 
/**
 * Beside it.
 */
caption: string, 
/**
 * Length in milliseconds of a voice note.
 */
voice: number | null, 
/**
 * Width and height.
 */
pixels: [number, number] | null, 
/**
 * A small JPEG.
 */
thumbnail: Uint8Array | null, 
/**
 * Whether it can be seen once only, or for how many seconds.
 */
look: Look, 
/**
 * Whether it is gone: seen, deleted or expired. What may be seen once is never shown to its sender, and is gone here once everybody has
 * seen it or its time is over.
 */
gone: boolean, };

/**
 * What was looked at, and what was found.
 */
export type Finding = { 
/**
 * What was looked at.
 */
check: string, 
/**
 * How bad it is.
 */
level: Level, 
/**
 * What was found.
 */
text: string, 
/**
 * What to do about it.
 */
advice: string | null, };

/**
 * `GET /v1/owner/findings`: what `tidings doctor` finds.
 */
export type Findings = { 
/**
 * One for each check.
 */
findings: Array<Finding>, };

/**
 * A conversation.
 */
export type GroupId = string;

/**
 * What can be asked of the home node that nothing here is made of: it is only shown (docs/protocol/node.md).
 */
export type HomeQuestion = "known" | "overview" | "findings" | "invite" | { "withdraw": string };

/**
 * A person: the public identity key.
 */
export type Identity = string;

/**
 * What happened: for `handle` ([`io::Input`]).
 */
export type Input = "started" | "tick" | { "command": { id: CommandId, command: Command, } } | { "answer": { id: RequestId, status: number, headers: Array<[string, string]>, body: Uint8Array, } } | { "no_answer": { id: RequestId, } } | { "connected": { node: string, } } | { "heard": { node: string, text: string, } } | { "disconnected": { node: string, } } | { "file_read": { file: FileId, offset: number, bytes: Uint8Array | null, } } | { "file_written": { file: FileId, worked: boolean, } };

/**
 * A suggestion of a contact: its secret.
 */
export type Introduction = string;

/**
 * A suggestion of a contact that can still be followed.
 */
export type IntroductionView = { 
/**
 * Which.
 */
introduction: Introduction, 
/**
 * Whom it suggests.
 */
identity: Identity, 
/**
 * Their name, as the contact gave it who suggests them.
 */
name: string, 
/**
 * Who suggests them.
 */
by: Identity, 
/**
 * This person has followed it, and the other has not been met yet.
 */
followed: boolean, };

/**
 * An invitation that is open.
 */
export type InvitationView = { 
/**
 * Its exchange id.
 */
id: Uint8Array, 
/**
 * For whom it is.
 */
note: string, 
/**
 * Until when (milliseconds).
 */
expires: number, 
/**
 * The link.
 */
link: Secret, };

/**
 * How much history goes into the backup.
 */
export type KeepHistory = "nothing" | { "days": number } | "all";

/**
 * `GET /v1/account/known`: all that the node keeps of the account.
 */
export type Known = { 
/**
 * When the account was made, in milliseconds.
 */
created: number | null, 
/**
 * When one of its devices was last here, in milliseconds.
 */
seen: number | null, 
/**
 * Whether somebody with an account here let it in, and the node notes who.
 */
invited: boolean, 
/**
 * How many accounts it has let in.
 */
invites: number, 
/**
 * Its devices.
 */
devices: Array<KnownDevice>, 
/**
 * Everything else, a kind in each.
 */
rows: Array<KnownRows>, 
/**
 * Whether it is the account of the node's owner, to whom `/v1/owner` answers.
 */
owner: boolean, };

/**
 * A device, as the node knows it.
 */
export type KnownDevice = { 
/**
 * Its key, in base64url.
 */
key: string, 
/**
 * The push service that is told when something came, if one is: its host.
 */
push: string | null, };

/**
 * What rows are about that a node keeps of an account.
 */
export type KnownKind = "account" | "device_list" | "key_packages" | "used_key_packages" | "profile" | "posting_keys" | "parcels" | "exchanges" | "tokens" | "blobs" | "groups" | "wake_addresses" | "pushes";

/**
 * A row that the node keeps.
 */
export type KnownRow = { 
/**
 * Since when it is there, in milliseconds, where the node notes that.
 */
at: number | null, 
/**
 * Its bytes.
 */
bytes: number, 
/**
 * When it goes by itself, in milliseconds, if it does.
 */
expires: number | null, };

/**
 * All rows of one kind.
 */
export type KnownRows = { 
/**
 * What they are about.
 */
kind: KnownKind, 
/**
 * How many there are.
 */
count: number, 
/**
 * Their bytes together.
 */
bytes: number, 
/**
 * At most 100 of them, of kinds whose rows have a time of their own; what goes first stands first.
 */
rows: Array<KnownRow>, };

/**
 * How bad a finding is.
 */
export type Level = "ok" | "warn" | "fail";

/**
 * What a link leads to. Of its secrets it shows the token alone, which `create_account` needs.
 */
export type LinkView = { "contact": { 
/**
 * The node that has the exchange.
 */
node: string, 
/**
 * Lets in at that node, once, if it does.
 */
token: string | null, } } | { "account": { 
/**
 * The node's URL.
 */
node: string, 
/**
 * Lets in, once.
 */
token: string, } } | { "room": { 
/**
 * The hub's URL.
 */
hub: string, 
/**
 * Which.
 */
group: GroupId, } } | { "device": { 
/**
 * The home node's URL.
 */
node: string, } };

/**
 * How a picture or file may be looked at.
 */
export type Look = "keep" | "once" | { "seconds": number };

/**
 * Oneself.
 */
export type MeView = { 
/**
 * The identity.
 */
identity: Identity, 
/**
 * The name.
 */
name: string, 
/**
 * A small JPEG.
 */
picture: Uint8Array | null, 
/**
 * A line about oneself.
 */
statement: string, 
/**
 * The home node's URL.
 */
node: string, 
/**
 * The wallet's address, `0x…`.
 */
wallet: string, 
/**
 * The box key (base64), as piqchat shows it.
 */
box_key: string, 
/**
 * Whether others are told what was read.
 */
read_receipts: boolean, 
/**
 * What of the history goes into the backup.
 */
history: KeepHistory, 
/**
 * The counter of the profile, and when it was last written (milliseconds).
 */
backup: [number, number] | null, 
/**
 * What the person should know: an old profile shown, a device that could not be removed, ….
 */
warnings: Array<string>, 
/**
 * Whether the home node is connected.
 */
connected: boolean, 
/**
 * How far this device belongs to its account.
 */
stage: Stage, };

/**
 * Somebody in a conversation.
 */
export type MemberView = { 
/**
 * Who.
 */
identity: Identity, 
/**
 * The name.
 */
name: string, 
/**
 * 0 owner, 1 moderator, 2 member.
 */
role: number, 
/**
 * Oneself.
 */
me: boolean, 
/**
 * How many devices are in it.
 */
devices: number, };

/**
 * A message.
 */
export type MessageId = string;

/**
 * A message.
 */
export type MessageView = { 
/**
 * Which.
 */
id: MessageId, 
/**
 * Where it stands: to ask for those before or after it.
 */
order: Uint8Array, 
/**
 * Who wrote it.
 */
sender: Identity, 
/**
 * The sender's name.
 */
name: string, 
/**
 * Whether it is one's own.
 */
mine: boolean, 
/**
 * When it was written (milliseconds).
 */
at: number, 
/**
 * What it shows.
 */
shown: Shown, 
/**
 * To which it answers, with a line of it.
 */
reply: [MessageId, string] | null, 
/**
 * Who wrote what it answers to; `None` if it answers nothing, or something that is not here.
 */
reply_by: Somebody | null, 
/**
 * Reactions: emoji, and who.
 */
reactions: Array<[string, Array<Identity>]>, 
/**
 * Whether it was changed.
 */
edited: boolean, 
/**
 * When it disappears (milliseconds).
 */
expires: number | null, 
/**
 * How far it has come, if it is one's own.
 */
delivery: Delivery | null, 
/**
 * Whether it was read.
 */
read: boolean, };

/**
 * What such a line says: in English by [`Display`](fmt::Display).
 */
export type NoticeView = { "added": { 
/**
 * Who did.
 */
by: Somebody, 
/**
 * Whom.
 */
who: Array<Somebody>, } } | { "removed": { 
/**
 * Who did.
 */
by: Somebody, 
/**
 * Whom.
 */
who: Array<Somebody>, } } | { "left": { 
/**
 * Who.
 */
who: Array<Somebody>, } } | { "role": { 
/**
 * Who gave it.
 */
by: Somebody, 
/**
 * Who has it.
 */
who: Somebody, 
/**
 * 0 owner, 1 moderator, 2 member.
 */
role: number, } } | { "name": { 
/**
 * Who gave it.
 */
by: Somebody, 
/**
 * Which.
 */
name: string, } } | { "picture": { 
/**
 * Who gave it.
 */
by: Somebody, } } | { "expire": { 
/**
 * Who changed it.
 */
by: Somebody, 
/**
 * Seconds; 0: they stay.
 */
seconds: number, } } | { "came": { 
/**
 * Who.
 */
who: Array<Somebody>, } } | { "gone": { 
/**
 * Who.
 */
who: Array<Somebody>, } } | "refused" | { "removed_you": { 
/**
 * Who did.
 */
by: Somebody, } } | "not_let_in" | { "lost_memory": { 
/**
 * Whose.
 */
of: Somebody, } };

/**
 * An invitation that nobody has used yet.
 */
export type OpenInvitation = { 
/**
 * What is kept of its token, in base64url: it can be taken back by this.
 */
id: string, 
/**
 * The number of the account that made it; none for the owner.
 */
maker: number | null, 
/**
 * When it was made, in milliseconds.
 */
created: number, 
/**
 * Until when it is good, in milliseconds.
 */
expires: number, };

/**
 * `GET /v1/owner`: the node as its owner sees it.
 */
export type Overview = { 
/**
 * What it calls itself.
 */
name: string, 
/**
 * The version of its software.
 */
version: string, 
/**
 * When it was started, in milliseconds.
 */
started: number, 
/**
 * Accounts that are not deleted.
 */
accounts: number, 
/**
 * Of these, seen in the last seven days.
 */
seen_last_7_days: number, 
/**
 * Room on its disk.
 */
storage: Storage, 
/**
 * At most 1000 accounts by number, deleted ones too.
 */
tree: Array<TreeAccount>, 
/**
 * Whether there are more accounts.
 */
more: boolean, 
/**
 * At most 100 invitations that nobody has used yet.
 */
invitations: Array<OpenInvitation>, 
/**
 * All settings.
 */
settings: Array<Setting>, };

/**
 * What a phrase leads to.
 */
export type Owner = { identity: Identity, wallet: string, };

/**
 * `POST /v1/owner/invitations`: an invitation of the node's own.
 */
export type OwnersInvitation = { 
/**
 * The link for whom it is for. It is kept nowhere.
 */
link: string, 
/**
 * Until when it is good, in milliseconds.
 */
expires: number, };

/**
 * How a push to oneself ended.
 */
export type PushOutcome = "taken" | "gone" | "failed" | "none";

/**
 * A Web Push subscription (RFC 8291), as browsers give it.
 */
export type PushSubscription = { 
/**
 * The push service's URL.
 */
endpoint: string, 
/**
 * base64url.
 */
p256dh: string, 
/**
 * base64url.
 */
auth: Secret, };

/**
 * Why something can't be done. In English by `Display`: what to do next, where that helps.
 */
export type Reason = "no_member" | "left" | "other_left" | "not_to_say" | "groups_only" | "leave_instead" | "leave_first" | "room_open" | "no_link" | "this_device" | "devices_changed" | "waits_for_link" | "exists" | "no_such_account" | "no_new_conversation" | "blocked";

/**
 * One record, or that there is none any more (`value` is `null`).
 */
export type Record = { table: number, owner: Uint8Array, order: Uint8Array, value: Uint8Array | null, };

/**
 * Names a request until its answer is there.
 */
export type RequestId = number;

/**
 * A secret text: a phrase, a passphrase, a link. `Debug` hides it.
 */
export type Secret = string;

/**
 * A setting in force.
 */
export type Setting = { 
/**
 * The heading under which it stands.
 */
section: string, 
/**
 * Its name.
 */
name: string, 
/**
 * Its value, as text; of secrets only that they are set.
 */
value: string, 
/**
 * Where it comes from.
 */
source: string, 
/**
 * Whether it is not the default.
 */
changed: boolean, };

/**
 * What a message shows.
 */
export type Shown = { "text": string } | { "file": FileView } | { "introduction": { 
/**
 * Whom.
 */
name: string, 
/**
 * Which.
 */
introduction: Introduction, 
/**
 * Whether it can still be followed.
 */
open: boolean, } } | { "room_link": { 
/**
 * Its name.
 */
name: string, 
/**
 * The link.
 */
link: Secret, } } | "deleted" | { "gap": number } | { "notice": NoticeView } | "newer";

/**
 * Somebody in such a line.
 */
export type Somebody = { 
/**
 * Who.
 */
identity: Identity, 
/**
 * How they are called, or the beginning of their key.
 */
name: string, 
/**
 * Whether it is this person.
 */
me: boolean, };

/**
 * How far this device belongs to its account.
 */
export type Stage = "registering" | "enrolling" | "ready" | "removed";

/**
 * Whether one can write in a conversation.
 */
export type Standing = "ready" | "joining" | "locked" | { "key_changed": Identity } | "behind" | "out";

/**
 * Room on the node's disk, in bytes.
 */
export type Storage = { 
/**
 * The database.
 */
database: number, 
/**
 * Uploaded pictures and files.
 */
uploads: number, 
/**
 * What is free on the disk.
 */
free: number, 
/**
 * What of that is kept back: nothing is accepted when only this is left.
 */
reserve: number, 
/**
 * What came in a day, on the average of the last seven, and takes room.
 */
daily: number, 
/**
 * In how many days nothing is accepted any more if that goes on and nothing goes; none if that is beyond ten years.
 */
days_left: number | null, };

/**
 * Why the store can't be opened, read or written.
 */
export type StoreFault = "full" | "damaged" | "wrong_key" | "newer" | "closed" | "failed";

/**
 * An account in the tree of invitations.
 */
export type TreeAccount = { 
/**
 * Its number, from 1.
 */
number: number, 
/**
 * Whose invitation made it; none for the node's own.
 */
creator: number | null, 
/**
 * Of which kind it is; none if it was deleted, and only its place is left.
 */
kind: AccountKind | null, 
/**
 * Its key as text, for `tidings accounts`.
 */
key: string | null, 
/**
 * When it was made, in milliseconds.
 */
created: number | null, 
/**
 * When it was last here, in milliseconds.
 */
seen: number | null, 
/**
 * Parcels that wait for it.
 */
waiting: number, 
/**
 * Their bytes.
 */
bytes: number, };
