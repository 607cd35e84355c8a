-- The client's file. tether_mutation_logs and tether_sync_state keep the names and columns of the original client, so that
-- its files can be adopted; our columns stand behind them, our tables beside them.

CREATE TABLE tether_mutation_logs (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,  -- log order
  mutation_id      TEXT NOT NULL,
  entity_id        TEXT NOT NULL,
  model            TEXT NOT NULL,
  operation        TEXT NOT NULL,                      -- create | update | delete
  payload          TEXT NOT NULL,                      -- the full fields after the change, a JSON object; {} for delete;
                                                       -- only those that changed in an adopted file not pulled since
  version          INTEGER NOT NULL,                   -- this replica's count for the entity, from 1
  timestamp        INTEGER NOT NULL,                   -- ms since 1970, this machine's clock
  sync_status      TEXT NOT NULL DEFAULT 'pending',    -- pending | syncing | synced | failed | conflict
  synced_at        TEXT,
  rejection_reason TEXT,
  rejection_data   TEXT,                               -- without a reason: what the mutation lost in a merge
  retry_count      INTEGER NOT NULL DEFAULT 0,
  created_at       TEXT,
  updated_at       TEXT,
  base_rev         INTEGER,                            -- the server rev that had been seen when this was written
  before           TEXT,                               -- for update: the earlier values of the fields that changed
  settled_by       TEXT                                -- of a failed mutation or a conflict that was dealt with: the
                                                       -- mutation id recorded instead or taken later, or 'dismissed'
);
CREATE UNIQUE INDEX tether_mutation_logs_mutation_id ON tether_mutation_logs(mutation_id);
CREATE INDEX tether_mutation_logs_entity ON tether_mutation_logs(entity_id);
-- Everything that is not yet safe on the server, in log order: what push, status and conflicts read.
CREATE INDEX tether_mutation_logs_open ON tether_mutation_logs(sync_status, id) WHERE sync_status <> 'synced';

CREATE TRIGGER tether_mutation_logs_immutable
BEFORE UPDATE OF id, mutation_id, entity_id, model, operation, payload, version, timestamp, created_at, base_rev, before
ON tether_mutation_logs
BEGIN
  SELECT RAISE(ABORT, 'a recorded mutation cannot be changed');
END;

CREATE TABLE tether_sync_state (
  id         INTEGER PRIMARY KEY,
  key        TEXT NOT NULL UNIQUE,
  value      TEXT,
  created_at TEXT,
  updated_at TEXT
);

-- The local state, one row per entity. While no edit is open (open_log_id IS NULL) payload is the server's state; while one
-- is, base holds the server's state (NULL: the server has none) and payload is base with the open edits laid over it.
-- A table with rowids: without, payloads lie in the key's own tree, which at 1,500 bytes doubles the file, and makes inserts
-- in the order in which a pull brings them three times slower.
CREATE TABLE tether_records (
  model        TEXT NOT NULL,
  entity_id    TEXT NOT NULL,
  payload      TEXT NOT NULL,
  deleted      INTEGER NOT NULL DEFAULT 0,
  version      INTEGER NOT NULL DEFAULT 0,   -- highest version in this log
  rev          INTEGER NOT NULL DEFAULT 0,   -- server rev seen; 0: never
  updated_at   INTEGER NOT NULL,             -- ms: the last change of payload, local or pulled
  open_log_id  INTEGER,                      -- newest open mutation in the log
  base         TEXT,
  base_deleted INTEGER NOT NULL DEFAULT 0,
  rebased_log_id INTEGER NOT NULL DEFAULT 0, -- newest mutation that was open when a pull last moved base beneath it
  generation   INTEGER NOT NULL DEFAULT 0,   -- the full pull that last brought this row; see tether_sync_state.generation
  PRIMARY KEY (model, entity_id)
);

-- The losing side of every conflict, until a person or a rule has dealt with it, and afterwards for the record.
CREATE TABLE tether_conflicts (
  mutation_id    TEXT PRIMARY KEY,
  model          TEXT NOT NULL,
  entity_id      TEXT NOT NULL,
  operation      TEXT NOT NULL,              -- of mine
  base           TEXT NOT NULL,              -- what the writer had seen
  mine           TEXT NOT NULL,
  theirs         TEXT NOT NULL,
  theirs_deleted INTEGER NOT NULL,
  theirs_rev     INTEGER NOT NULL,
  detected_at    TEXT NOT NULL,
  resolved_at    TEXT,
  resolution     TEXT                        -- mine | theirs | set | data
) WITHOUT ROWID;
CREATE INDEX tether_conflicts_open ON tether_conflicts(detected_at) WHERE resolved_at IS NULL;
CREATE INDEX tether_conflicts_entity ON tether_conflicts(model, entity_id);

-- What others took the place of after the server had taken it, without having seen it. The log may have forgotten the
-- mutation that it is of. A file of an earlier tether gets the table when it is opened.
CREATE TABLE tether_overwritten (
  model       TEXT NOT NULL,
  entity_id   TEXT NOT NULL,
  version     INTEGER NOT NULL,              -- of the mutation in this log whose values they were
  mutation_id TEXT NOT NULL,                 -- that won
  timestamp   INTEGER NOT NULL,              -- ms, by the server's clock: when the one that lost was written
  report      TEXT NOT NULL,                 -- what the server told of it, with names as they are here
  told_at     TEXT NOT NULL,
  PRIMARY KEY (model, entity_id, version, mutation_id)
) WITHOUT ROWID;
