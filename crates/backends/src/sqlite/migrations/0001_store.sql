-- What a node keeps. Times are milliseconds since 1970 in UTC; keys are tagged (core::Key); `sum` is a checksum over the other
-- columns of its row (rows.rs), except where a column says that it is recounted instead.

-- One row per stream. A closed one has no name any more and is deleted once its envelopes are.
CREATE TABLE streams (
  id INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 2147483647),
  kind INTEGER NOT NULL,
  name BLOB UNIQUE,
  owner INTEGER,
  last_seq INTEGER NOT NULL,
  count INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  sum INTEGER NOT NULL
) STRICT;

-- `place` is stream * 2^32 + seq, so that a stream is one stretch of the table and needs no index.
-- `kin` is a hash of stream, sender and label: it finds what one sender has waiting. The body stands last, so that what
-- does not need it never reads its overflow pages.
CREATE TABLE envelopes (
  place INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  kind INTEGER NOT NULL,
  at INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  blob INTEGER,
  kin INTEGER,
  sum INTEGER NOT NULL,
  sender BLOB,
  label TEXT NOT NULL,
  body BLOB
) STRICT;
CREATE INDEX envelopes_kin ON envelopes (kin) WHERE kin IS NOT NULL;
CREATE INDEX envelopes_age ON envelopes (kind, at);

-- `refs` is recounted. Either the data or the name of a file.
CREATE TABLE blobs (
  id INTEGER PRIMARY KEY,
  refs INTEGER NOT NULL CHECK (refs > 0),
  size INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  file TEXT,
  data BLOB,
  CHECK ((file IS NULL) <> (data IS NULL))
) STRICT;
CREATE UNIQUE INDEX blobs_file ON blobs (file) WHERE file IS NOT NULL;

-- Rows are never deleted; a deleted account keeps its number and its creator alone.
CREATE TABLE accounts (
  number INTEGER PRIMARY KEY,
  key BLOB UNIQUE,
  creator INTEGER,
  created_at INTEGER,
  seen_at INTEGER,
  stream INTEGER,
  sum INTEGER NOT NULL,
  client_version TEXT,
  subscription TEXT
) STRICT;
CREATE INDEX accounts_creator ON accounts (creator) WHERE creator IS NOT NULL;
CREATE INDEX accounts_seen ON accounts (coalesce(seen_at, created_at)) WHERE key IS NOT NULL;

CREATE TABLE contacts (
  account INTEGER NOT NULL,
  key BLOB NOT NULL,
  sum INTEGER NOT NULL,
  PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE backups (
  account INTEGER PRIMARY KEY,
  updated_at INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  content TEXT NOT NULL
) STRICT;

-- `state` is 0 for initiated, 1 for accepted. No maker: the node's owner.
CREATE TABLE exchanges (
  id INTEGER PRIMARY KEY,
  token BLOB NOT NULL UNIQUE,
  maker INTEGER,
  state INTEGER NOT NULL CHECK (state IN (0, 1)),
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  text TEXT
) STRICT;
CREATE INDEX exchanges_age ON exchanges (created_at);
CREATE INDEX exchanges_maker ON exchanges (maker, state, expires_at);

-- One row per recipient and sender. `pending`: there is something to tell. Without it the row only holds the next one back
-- until it is due.
CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY,
  account INTEGER NOT NULL,
  sender BLOB NOT NULL,
  label TEXT NOT NULL,
  generation INTEGER NOT NULL,
  pending INTEGER NOT NULL CHECK (pending IN (0, 1)),
  due INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  UNIQUE (account, sender)
) STRICT;
CREATE INDEX deliveries_due ON deliveries (pending, due);

-- What each sender has waiting on this node. Recounted.
CREATE TABLE senders (
  key BLOB PRIMARY KEY,
  count INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Running counts, some of them per UTC day (counted from 1970; 0 for the others).
CREATE TABLE counters (
  name TEXT NOT NULL,
  day INTEGER NOT NULL,
  n INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  PRIMARY KEY (name, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE node_values (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL,
  sum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
