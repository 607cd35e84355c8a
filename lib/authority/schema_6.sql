-- Whoever wrote what was overwritten is told with its next pull.

-- Its place in the order of changes: a client whose cursor is beyond it was told. 0: kept by a program of an earlier
-- schema, and told to nobody.
ALTER TABLE tether_overwritten ADD COLUMN order_us BIGINT NOT NULL DEFAULT 0;
-- The count of written_by for the entity, of the mutation that lost.
ALTER TABLE tether_overwritten ADD COLUMN written_version BIGINT NOT NULL DEFAULT 0;
CREATE INDEX tether_overwritten_writer ON tether_overwritten(scope, written_by, order_us);
