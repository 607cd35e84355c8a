-- What a token says of its holder beside its rights, for what models force and show.

-- A program of schema 2 does not name the column: what it writes gets none, and it goes on serving beside this one.
ALTER TABLE tether_tokens ADD COLUMN claims TEXT NOT NULL DEFAULT '{}';  -- the text of a JSON object
