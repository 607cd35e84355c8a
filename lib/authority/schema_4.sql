-- When records were made, and the values that lost.

ALTER TABLE tether_records ADD COLUMN created_us BIGINT NOT NULL DEFAULT 0;  -- of its first change; 0: not known

-- What an edit took the place of without its writer having seen it. What was refused stands in tether_mutations.
CREATE TABLE tether_overwritten (
  scope         TEXT NOT NULL,
  mutation_id   TEXT NOT NULL,              -- the edit that won
  client_id     TEXT NOT NULL,              -- and whose it is
  model         TEXT NOT NULL,
  entity_id     TEXT NOT NULL,
  fields        TEXT NOT NULL,              -- the names of those that lost their value: an array, or
                                            -- {"fields": array, "by_program": true} where a program decided
  payload       TEXT NOT NULL,              -- the record as it was
  rev           BIGINT NOT NULL,
  deleted       INTEGER NOT NULL,
  written_by    TEXT NOT NULL,              -- whose values they were
  written_at_ms BIGINT NOT NULL,
  decided_us    BIGINT NOT NULL,
  PRIMARY KEY (scope, mutation_id)
);
CREATE INDEX tether_overwritten_entity ON tether_overwritten(scope, model, entity_id);
-- What was refused or partly lost: few rows of many.
CREATE INDEX tether_mutations_lost ON tether_mutations(scope, decided_us) WHERE payload IS NOT NULL;
