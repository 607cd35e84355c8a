-- Where the long payloads are, so that a page can be bounded without reading what it will not send.

-- Few rows of many. The bound is repeated where a page is asked for, to the letter: else the index is not used. Whoever
-- has a large store may make it beforehand, CONCURRENTLY, and no push waits for it.
CREATE INDEX IF NOT EXISTS tether_records_long ON tether_records(scope, updated_us) WHERE length(payload) > 2000;
