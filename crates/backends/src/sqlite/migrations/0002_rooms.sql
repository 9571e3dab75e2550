-- Rooms: messages have a sender's time, and are read and swept by it.

-- When it was written by the sender's clock; none where nobody says so.
ALTER TABLE envelopes ADD COLUMN time INTEGER;

-- Senders have no budget in rooms: neither `kin` nor `senders` counts there.
UPDATE senders SET count = senders.count - said.messages, bytes = senders.bytes - said.total
FROM (SELECT sender, count(*) AS messages, sum(bytes) AS total FROM envelopes WHERE kind = 2 GROUP BY sender) AS said
WHERE senders.key = said.sender;
DELETE FROM senders WHERE count = 0;
UPDATE envelopes SET kin = NULL WHERE kind = 2;

-- By the moment from which the age is counted (core::Envelope::born).
DROP INDEX envelopes_age;
CREATE INDEX envelopes_age ON envelopes (kind, min(at, coalesce(time, at)));

-- A room in the order in which its messages were written: by time, then by place.
CREATE INDEX envelopes_room ON envelopes (place >> 32, coalesce(time, at)) WHERE kind = 2;

-- Rooms that hold nothing any more, to be deleted.
CREATE INDEX streams_empty ON streams (kind) WHERE kind = 2 AND count = 0;
