-- Who wrote which value of a record that several people wrote: each is told what of his own was overwritten.

-- The authors of the values that written_by did not write, with the rev that this holds for: a program of an earlier
-- schema changes a record and leaves this as it was. NULL: there are none.
ALTER TABLE tether_records ADD COLUMN authors TEXT;

-- The part in what was overwritten of each author but the record's last writer, whose own stands in tether_overwritten:
-- without any field where that one lost nothing.
CREATE TABLE tether_overwritten_shares (
  scope           TEXT NOT NULL,
  mutation_id     TEXT NOT NULL,            -- of the row in tether_overwritten, as is all that is not said here
  written_by      TEXT NOT NULL,
  fields          TEXT NOT NULL,
  written_at_ms   BIGINT NOT NULL,
  written_version BIGINT NOT NULL,
  order_us        BIGINT NOT NULL,          -- 0: told to nobody
  PRIMARY KEY (scope, mutation_id, written_by)
);
CREATE INDEX tether_overwritten_shares_writer ON tether_overwritten_shares(scope, written_by, order_us);
