-- The server's truth. Every primary key starts with scope, the unit of isolation, of ordering and of distribution.
-- Written in what both engines understand.

-- The number of every migration that this store has had.
CREATE TABLE tether_schema (
  version INTEGER NOT NULL PRIMARY KEY
);

CREATE TABLE tether_scopes (
  scope        TEXT NOT NULL PRIMARY KEY,
  clock_us     BIGINT NOT NULL,             -- the highest cursor value given out
  before_us    BIGINT NOT NULL DEFAULT 0,   -- the same before the last batch
  horizon_us   BIGINT NOT NULL DEFAULT 0,   -- the highest cursor value of a tombstone that was forgotten
  forgotten_ms BIGINT NOT NULL DEFAULT 0,   -- the highest client timestamp of a mutation whose id was forgotten
  epoch        TEXT NOT NULL                -- changes when the store was restored from a backup
);

CREATE TABLE tether_records (
  scope         TEXT NOT NULL,
  model         TEXT NOT NULL,
  entity_id     TEXT NOT NULL,
  payload       TEXT NOT NULL,              -- the very text, never parsed to be passed on
  rev           BIGINT NOT NULL,
  deleted       INTEGER NOT NULL,
  as_sent       INTEGER NOT NULL,           -- payload is exactly what written_by sent last
  written_at_ms BIGINT NOT NULL,
  written_by    TEXT NOT NULL,
  written_version BIGINT NOT NULL,          -- that writer's own count for the entity
  updated_us    BIGINT NOT NULL,            -- cursor value, from the scope's head row
  rev_before    BIGINT NOT NULL DEFAULT 0,  -- the rev that the last change was decided upon: its guard
  PRIMARY KEY (scope, model, entity_id)
);
CREATE UNIQUE INDEX tether_records_order ON tether_records(scope, updated_us);

-- One row per decided mutation: what makes sending again harmless.
CREATE TABLE tether_mutations (
  scope        TEXT NOT NULL,
  mutation_id  TEXT NOT NULL,
  client_id    TEXT NOT NULL,
  model        TEXT NOT NULL,
  entity_id    TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  outcome      TEXT NOT NULL,               -- applied | merged | conflict | the reason of a rejection
  rev          BIGINT NOT NULL,             -- of the entity after an applied mutation; 0 otherwise
  data         TEXT,                        -- of a conflict or rejection: what was answered
  payload      TEXT,                        -- of a conflict or rejection: what was refused, for whoever looks for it
  timestamp_ms BIGINT NOT NULL,             -- the client's
  decided_us   BIGINT NOT NULL,
  PRIMARY KEY (scope, mutation_id)
);
