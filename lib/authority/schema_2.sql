-- Who may sync, and who did.

-- Asked for by id at every request. Small, and the same for all scopes: a distributed store keeps both of these whole
-- on every node.
CREATE TABLE tether_tokens (
  token_id    TEXT NOT NULL PRIMARY KEY,    -- public: it stands in the token, in lists and in logs
  secret_hash TEXT NOT NULL,                -- what the token has to hash to; the token itself is kept nowhere
  scope       TEXT NOT NULL,
  client_id   TEXT,                         -- the only client that may use it; NULL: any
  rights      TEXT NOT NULL,                -- as in push,pull
  created_ms  BIGINT NOT NULL,
  expires_ms  BIGINT,                       -- NULL: never
  revoked_ms  BIGINT                        -- NULL: it holds
);

CREATE TABLE tether_revoked_devices (
  scope      TEXT NOT NULL,
  client_id  TEXT NOT NULL,
  revoked_ms BIGINT NOT NULL,
  PRIMARY KEY (scope, client_id)
);

-- Every client that was seen. Written now and then, many rows at once: what is here is a few seconds old.
CREATE TABLE tether_devices (
  scope         TEXT NOT NULL,
  client_id     TEXT NOT NULL,
  first_seen_ms BIGINT NOT NULL,
  last_push_ms  BIGINT,                     -- NULL: never
  last_pull_ms  BIGINT,
  cursor_us     BIGINT,                     -- that its last pull was given
  PRIMARY KEY (scope, client_id)
);
