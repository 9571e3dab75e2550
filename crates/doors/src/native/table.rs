//! Every request of this door, defined once: what is routed here is what the description says (docs/protocol/node.md).

use super::parameters::{AFTER, IF_MATCH, LIMIT, RANGE, SECRET, UPLOAD_OFFSET};
use super::route::{Body, Key, Operation, Parameter, Route, described};
use tidings_wire::Code::{
    Answered, Counter, Exists, Full, NotAccepted, NotFound, Offset, Precondition, TooLarge, Turn,
};
use tidings_wire::api::{self, ENTRY_BYTES_MAX, EXCHANGE_BYTES_MAX, PACKAGE_BYTES_MAX, PACKAGES_MAX};

/// Most bytes of a blob in one request.
pub(super) const PIECE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Most bytes of most bodies.
const SMALL: usize = 64 * 1024;

/// Most bytes of JSON around so many bytes in base64url.
const fn json_of(bytes: usize) -> usize {
    bytes / 3 * 4 + SMALL
}

/// Most bytes of a whole list of keys.
const KEYS: usize = 1536 * 1024;

const NOTHING: Body = Body::Nothing;

/// A route without parameters beside the path's.
const fn plain(
    operation: Operation,
    (method, pattern): (&'static str, &'static str),
    key: Key,
    takes: Body,
    (status, gives): (u16, Body),
    about: &'static str,
) -> Route {
    Route { operation, method, pattern, key, about, parameters: &[], takes, status, gives, codes: &[] }
}

impl Route {
    const fn with(self, parameters: &'static [Parameter]) -> Self {
        Self { parameters, ..self }
    }

    const fn or(self, codes: &'static [tidings_wire::Code]) -> Self {
        Self { codes, ..self }
    }
}

macro_rules! json {
    ($kind:ident) => {
        Body::Json(described::<api::$kind>, SMALL)
    };
    ($kind:ident, $max:expr) => {
        Body::Json(described::<api::$kind>, $max)
    };
}

/// All routes.
pub(super) static ROUTES: &[Route] = &[
    plain(
        Operation::Node,
        ("GET", "/v1/node"),
        Key::Nobody,
        NOTHING,
        (200, json!(Node)),
        "What the node says of itself",
    ),
    plain(
        Operation::Describe,
        ("GET", "/v1/openapi.json"),
        Key::Nobody,
        NOTHING,
        (200, Body::Json(any_object, 0)),
        "This description",
    ),
    plain(
        Operation::CreateAccount,
        ("POST", "/v1/accounts"),
        Key::Identity,
        json!(NewAccount),
        (201, NOTHING),
        "Makes the account of the identity that signs; the same again changes nothing",
    )
    .or(&[NotAccepted, Exists, Full]),
    plain(
        Operation::DeleteAccount,
        ("DELETE", "/v1/account"),
        Key::Identity,
        NOTHING,
        (204, NOTHING),
        "Deletes the account and all that the node keeps for it",
    )
    .or(&[NotAccepted]),
    plain(
        Operation::Account,
        ("GET", "/v1/account"),
        Key::Device,
        NOTHING,
        (200, json!(Account)),
        "The account of the device that signs",
    )
    .or(&[NotAccepted]),
    plain(
        Operation::PutDevices,
        ("PUT", "/v1/devices"),
        Key::Identity,
        json!(Devices),
        (204, NOTHING),
        "Replaces the device list by the next one. A device that is not on it any more is refused from then on",
    )
    .or(&[NotAccepted, Counter, Exists]),
    plain(
        Operation::Devices,
        ("GET", "/v1/devices"),
        Key::DeviceOrIdentity,
        NOTHING,
        (200, json!(Devices)),
        "The account's own device list",
    )
    .or(&[NotAccepted]),
    plain(
        Operation::MakeToken,
        ("POST", "/v1/tokens"),
        Key::Device,
        json!(NewToken),
        (201, json!(TokenMade)),
        "Makes a one-time token with which somebody else can make an account",
    )
    .or(&[NotAccepted, Full]),
    plain(
        Operation::PutPackages,
        ("PUT", "/v1/key-packages"),
        Key::Device,
        json!(NewPackages, json_of((PACKAGES_MAX + 1) * PACKAGE_BYTES_MAX)),
        (200, json!(PackagesWaiting)),
        "Adds key packages of the device that signs. At most 100 wait; what is above is left out",
    )
    .or(&[NotAccepted, TooLarge, Full]),
    plain(
        Operation::Packages,
        ("GET", "/v1/key-packages"),
        Key::Device,
        NOTHING,
        (200, json!(PackagesWaiting)),
        "How many key packages of the device wait",
    )
    .or(&[NotAccepted]),
    plain(
        Operation::TakePackages,
        ("POST", "/v1/inboxes/{identity}/key-packages"),
        Key::Posting,
        NOTHING,
        (200, json!(TakenPackages)),
        "Takes a key package of each device of a person; each is given once",
    )
    .or(&[NotAccepted]),
    plain(
        Operation::InboxDevices,
        ("GET", "/v1/inboxes/{identity}/devices"),
        Key::Posting,
        NOTHING,
        (200, json!(Devices)),
        "The device list of a person",
    )
    .or(&[NotAccepted]),
    plain(
        Operation::PostParcel,
        ("POST", "/v1/inboxes/{identity}/parcels"),
        Key::Posting,
        json!(NewParcel, json_of(api::PARCEL_BYTES_MAX)),
        (201, json!(Placed)),
        "Puts a parcel into a person's inbox. The same id again gets the same answer",
    )
    .or(&[NotAccepted, Exists, TooLarge, Full]),
    plain(
        Operation::Inbox,
        ("GET", "/v1/inbox"),
        Key::Device,
        NOTHING,
        (200, json!(Inbox)),
        "What waits in the account's inbox",
    )
    .with(&[AFTER, LIMIT])
    .or(&[NotAccepted]),
    plain(
        Operation::TakeParcels,
        ("POST", "/v1/inbox/taken"),
        Key::Device,
        json!(TakenParcels),
        (204, NOTHING),
        "Says that this device has everything up to a number. What all devices have is deleted",
    )
    .or(&[NotAccepted]),
    plain(
        Operation::PutContacts,
        ("PUT", "/v1/contacts"),
        Key::Device,
        json!(Contacts, KEYS),
        (204, NOTHING),
        "Replaces the allow-list of posting keys",
    )
    .or(&[NotAccepted, TooLarge]),
    plain(
        Operation::Profile,
        ("GET", "/v1/profile"),
        Key::DeviceOrIdentity,
        NOTHING,
        (200, json!(Profile)),
        "The sealed profile, with its counter as ETag",
    )
    .or(&[NotAccepted, NotFound]),
    plain(
        Operation::PutProfile,
        ("PUT", "/v1/profile"),
        Key::Device,
        json!(NewProfile, json_of(api::PROFILE_BYTES_MAX)),
        (200, json!(Counter)),
        "Replaces the sealed profile",
    )
    .with(&[IF_MATCH])
    .or(&[NotAccepted, Precondition, TooLarge, Full]),
    plain(
        Operation::CreateExchange,
        ("POST", "/v1/exchanges"),
        Key::Device,
        json!(NewExchange, json_of(EXCHANGE_BYTES_MAX)),
        (201, NOTHING),
        "Opens an exchange under an id that a secret gives. The same again changes nothing",
    )
    .or(&[NotAccepted, Exists, TooLarge, Full]),
    plain(
        Operation::Exchanges,
        ("GET", "/v1/exchanges"),
        Key::Device,
        NOTHING,
        (200, json!(Exchanges)),
        "The account's own exchanges, without what was said in them",
    )
    .or(&[NotAccepted]),
    plain(
        Operation::Exchange,
        ("GET", "/v1/exchanges/{exchange}"),
        Key::Nobody,
        NOTHING,
        (200, json!(Exchange)),
        "An exchange, for whoever knows its id",
    )
    .or(&[NotFound]),
    plain(
        Operation::AnswerExchange,
        ("POST", "/v1/exchanges/{exchange}/answer"),
        Key::Nobody,
        json!(NewAnswer, json_of(EXCHANGE_BYTES_MAX)),
        (204, NOTHING),
        "Answers an exchange; the first answer counts, and comes into its maker's inbox",
    )
    .or(&[NotFound, Answered, TooLarge, Full]),
    plain(
        Operation::ReplyExchange,
        ("PUT", "/v1/exchanges/{exchange}/reply"),
        Key::Device,
        json!(NewReply, json_of(EXCHANGE_BYTES_MAX)),
        (204, NOTHING),
        "Replies in an exchange of one's own that was answered",
    )
    .or(&[NotAccepted, NotFound, Precondition, TooLarge]),
    plain(
        Operation::DeleteExchange,
        ("DELETE", "/v1/exchanges/{exchange}"),
        Key::Device,
        NOTHING,
        (204, NOTHING),
        "Deletes an exchange of one's own",
    )
    .or(&[NotAccepted, NotFound]),
    plain(
        Operation::CreateGroup,
        ("POST", "/v1/groups"),
        Key::Device,
        json!(NewGroup, json_of(ENTRY_BYTES_MAX) + KEYS),
        (201, NOTHING),
        "Makes this node the hub of a group. The same again changes nothing",
    )
    .or(&[NotAccepted, Exists, TooLarge, Full]),
    plain(
        Operation::Group,
        ("GET", "/v1/groups/{group}"),
        Key::Access,
        NOTHING,
        (200, json!(Group)),
        "How a group stands",
    )
    .or(&[NotAccepted]),
    plain(
        Operation::Entries,
        ("GET", "/v1/groups/{group}/entries"),
        Key::Access,
        NOTHING,
        (200, json!(Entries)),
        "Entries of a group",
    )
    .with(&[AFTER, LIMIT])
    .or(&[NotAccepted]),
    plain(
        Operation::Append,
        ("POST", "/v1/groups/{group}/entries"),
        Key::Access,
        json!(NewEntry, 2 * json_of(ENTRY_BYTES_MAX) + KEYS),
        (201, json!(Placed)),
        "Appends an entry. The same id again gets the same answer; a commit that is not first gets the winner",
    )
    .or(&[NotAccepted, Exists, Turn, TooLarge, Full]),
    plain(
        Operation::LeaveGroup,
        ("DELETE", "/v1/groups/{group}/members/self"),
        Key::Access,
        NOTHING,
        (204, NOTHING),
        "Takes the key that signs off the group",
    )
    .or(&[NotAccepted]),
    plain(
        Operation::EndGroup,
        ("DELETE", "/v1/groups/{group}"),
        Key::Access,
        NOTHING,
        (204, NOTHING),
        "Deletes a group with all its entries; for owners",
    )
    .or(&[NotAccepted]),
    plain(
        Operation::PutWake,
        ("PUT", "/v1/groups/{group}/wake"),
        Key::Access,
        json!(NewWake),
        (204, NOTHING),
        "Where to post when something came while a device did not follow",
    )
    .or(&[NotAccepted, Full]),
    plain(
        Operation::MakeWake,
        ("POST", "/v1/wakes"),
        Key::Device,
        NOTHING,
        (201, json!(WakeUrl)),
        "Makes an address by which this device can be woken",
    )
    .or(&[NotAccepted, Full]),
    plain(
        Operation::Wake,
        ("POST", "/v1/wakes/{token}"),
        Key::Nobody,
        NOTHING,
        (204, NOTHING),
        "Wakes a device by push, at most once a minute",
    )
    .or(&[NotFound]),
    plain(
        Operation::CreateBlob,
        ("POST", "/v1/blobs"),
        Key::Device,
        json!(NewBlob),
        (201, json!(BlobMade)),
        "Begins a blob; its bytes are written afterwards",
    )
    .or(&[NotAccepted, TooLarge, Full]),
    plain(
        Operation::WriteBlob,
        ("PATCH", "/v1/blobs/{blob}"),
        Key::Device,
        Body::Bytes(PIECE_BYTES_MAX),
        (204, NOTHING),
        "Writes the next bytes of a blob of one's own. It can be read once all are there",
    )
    .with(&[UPLOAD_OFFSET])
    .or(&[NotAccepted, NotFound, Offset, TooLarge, Full]),
    plain(
        Operation::LookAtBlob,
        ("HEAD", "/v1/blobs/{blob}"),
        Key::DeviceIfSigned,
        NOTHING,
        (200, NOTHING),
        "How long a blob is; while bytes are missing, signed by its account: Upload-Offset says how many are there",
    )
    .or(&[NotFound]),
    plain(
        Operation::ReadBlob,
        ("GET", "/v1/blobs/{blob}"),
        Key::Nobody,
        NOTHING,
        (200, Body::Bytes(0)),
        "A blob, for whoever knows its id",
    )
    .with(&[RANGE])
    .or(&[NotFound]),
    plain(
        Operation::DeleteBlob,
        ("DELETE", "/v1/blobs/{blob}"),
        Key::DeviceIfSigned,
        NOTHING,
        (204, NOTHING),
        "Deletes a blob, for its account and for whoever knows its secret",
    )
    .with(&[SECRET])
    .or(&[NotAccepted, NotFound]),
    plain(
        Operation::PutPush,
        ("PUT", "/v1/push"),
        Key::Device,
        json!(NewPush),
        (204, NOTHING),
        "Subscribes the device to pushes, in place of what was",
    )
    .or(&[NotAccepted]),
    plain(
        Operation::DeletePush,
        ("DELETE", "/v1/push"),
        Key::Device,
        NOTHING,
        (204, NOTHING),
        "Ends the pushes of the device",
    )
    .or(&[NotAccepted]),
    plain(
        Operation::TestPush,
        ("POST", "/v1/push/test"),
        Key::Device,
        NOTHING,
        (200, json!(PushTest)),
        "Sends the device a push now, and says how that ended",
    )
    .or(&[NotAccepted]),
    plain(
        Operation::Known,
        ("GET", "/v1/account/known"),
        Key::Device,
        NOTHING,
        (200, json!(Known)),
        "All that the node keeps of the account: kinds, counts, sizes, times, and when each goes",
    )
    .or(&[NotAccepted]),
    plain(
        Operation::Overview,
        ("GET", "/v1/owner"),
        Key::Owner,
        NOTHING,
        (200, json!(Overview)),
        "The node as its owner sees it: people, invitations, storage, settings",
    )
    .or(&[NotAccepted]),
    plain(
        Operation::Findings,
        ("GET", "/v1/owner/findings"),
        Key::Owner,
        NOTHING,
        (200, json!(Findings)),
        "What `tidings doctor` finds. It may take a minute, since all that is stored is checked",
    )
    .or(&[NotAccepted]),
    plain(
        Operation::InviteAsOwner,
        ("POST", "/v1/owner/invitations"),
        Key::Owner,
        NOTHING,
        (201, json!(OwnersInvitation)),
        "Makes an invitation of the node's own",
    )
    .or(&[NotAccepted, Full]),
    plain(
        Operation::WithdrawInvitation,
        ("DELETE", "/v1/owner/invitations/{invitation}"),
        Key::Owner,
        NOTHING,
        (204, NOTHING),
        "Takes back an invitation that nobody has used yet, whoever made it",
    )
    .or(&[NotAccepted, NotFound]),
    plain(
        Operation::Live,
        ("GET", "/v1/live"),
        Key::Nobody,
        NOTHING,
        (101, NOTHING),
        "A WebSocket for what is new (docs/protocol/node.md, Live)",
    ),
];

/// The description describes itself as any object.
fn any_object() -> super::route::Described {
    let object = utoipa::openapi::ObjectBuilder::new().description(Some("An OpenAPI 3.1 document")).build();
    let schema = utoipa::openapi::RefOr::T(utoipa::openapi::Schema::Object(object));
    super::route::Described { name: "Description".to_owned(), schemas: vec![("Description".to_owned(), schema)] }
}
