-- Accounts of Tidings' own clients, with their devices, and the conversations that have their hub here.

-- Posting keys of blocked contacts: what they post is dropped.
ALTER TABLE contacts ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0;

-- The signed device list of an account.
CREATE TABLE device_lists (
  account INTEGER PRIMARY KEY,
  counter INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  list BLOB NOT NULL
) STRICT;

-- `taken`: the device has everything in the inbox up to this number.
CREATE TABLE devices (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account INTEGER NOT NULL,
  key BLOB NOT NULL UNIQUE,
  taken INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  subscription TEXT
) STRICT;
CREATE INDEX devices_account ON devices (account);

-- `state` is 0 while it waits, 1 for a last resort, 2 once it is given; then only its digest is left, so that it does not come back.
CREATE TABLE packages (
  id INTEGER PRIMARY KEY,
  device INTEGER NOT NULL,
  state INTEGER NOT NULL CHECK (state IN (0, 1, 2)),
  digest INTEGER NOT NULL,
  incarnation INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  package BLOB NOT NULL,
  UNIQUE (device, digest)
) STRICT;
CREATE INDEX packages_state ON packages (device, state);
CREATE INDEX packages_incarnation ON packages (incarnation);

CREATE TABLE profiles (
  account INTEGER PRIMARY KEY,
  counter INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  body BLOB NOT NULL
) STRICT;

-- Exchanges of Tidings' own clients. `state` is 0 for open, 1 for answered, 2 for replied.
CREATE TABLE swaps (
  id INTEGER PRIMARY KEY,
  name BLOB NOT NULL UNIQUE,
  account INTEGER NOT NULL,
  state INTEGER NOT NULL CHECK (state IN (0, 1, 2)),
  expires_at INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  offer BLOB,
  answer BLOB,
  reply BLOB
) STRICT;
CREATE INDEX swaps_account ON swaps (account);
CREATE INDEX swaps_expiry ON swaps (expires_at);

-- A group stands beside its stream. `account`: who made it, and whose budget it takes. `turn_at`: when the last commit came.
CREATE TABLE groups (
  stream INTEGER PRIMARY KEY,
  account INTEGER NOT NULL,
  turn INTEGER NOT NULL,
  turn_at INTEGER NOT NULL,
  members INTEGER NOT NULL,
  owners INTEGER NOT NULL,
  sum INTEGER NOT NULL
) STRICT;
CREATE INDEX groups_account ON groups (account);
CREATE INDEX groups_turn ON groups (turn_at);

-- The newest sealed group info.
CREATE TABLE infos (
  stream INTEGER PRIMARY KEY,
  turn INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  info BLOB NOT NULL
) STRICT;

CREATE TABLE members (
  stream INTEGER NOT NULL,
  key BLOB NOT NULL,
  role INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  PRIMARY KEY (stream, key)
) STRICT, WITHOUT ROWID;

-- Where a device of a member of a group wants to be woken.
CREATE TABLE wakes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  stream INTEGER NOT NULL,
  key BLOB NOT NULL,
  device BLOB NOT NULL,
  sum INTEGER NOT NULL,
  url TEXT NOT NULL,
  UNIQUE (stream, key, device)
) STRICT;

-- Tokens (hashed) with which others may wake a device of this node.
CREATE TABLE wake_tokens (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  hash BLOB NOT NULL UNIQUE,
  device INTEGER NOT NULL,
  sum INTEGER NOT NULL
) STRICT;
CREATE INDEX wake_tokens_device ON wake_tokens (device);

-- One row per door to knock at: `kind` 0 for the push of a device, 1 for a wake. `state`: 0 holds the next one back until it is due,
-- 1 is to be knocked, 2 is leased, 3 is leased and there is more to tell.
CREATE TABLE knocks (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind INTEGER NOT NULL CHECK (kind IN (0, 1)),
  target INTEGER NOT NULL,
  state INTEGER NOT NULL CHECK (state IN (0, 1, 2, 3)),
  due INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  UNIQUE (kind, target)
) STRICT;
CREATE INDEX knocks_due ON knocks (kind, due) WHERE state > 0;
CREATE INDEX knocks_held ON knocks (due) WHERE state = 0;

-- Uploaded blobs, each in a file. `gone` is no part of the checksum: its account is deleted, and it is about to be.
CREATE TABLE uploads (
  id INTEGER PRIMARY KEY,
  file TEXT NOT NULL UNIQUE,
  account INTEGER NOT NULL,
  size INTEGER NOT NULL,
  received INTEGER NOT NULL,
  delete_hash BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  gone INTEGER NOT NULL DEFAULT 0,
  sum INTEGER NOT NULL
) STRICT;
CREATE INDEX uploads_account ON uploads (account);
CREATE INDEX uploads_expiry ON uploads (expires_at);
CREATE INDEX uploads_incomplete ON uploads (created_at) WHERE received < size;
CREATE INDEX uploads_gone ON uploads (gone) WHERE gone = 1;

-- What each account takes, recounted. `kind` 1: its groups, their entries and infos; 2: its uploaded blobs, as long as they will be.
CREATE TABLE holdings (
  account INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  count INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (account, kind)
) STRICT, WITHOUT ROWID;
