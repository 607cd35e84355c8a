# The service itself: help, usage, upkeep.
tether-service --help
tether-service serve --help
tether-service migrate --help
tether-service check --help
tether-service compact --help
tether-service
tether-service frobnicate
tether-service serve --frobnicate
tether-service serve --listen nowhere
tether-service serve --listen 0.0.0.0:8787
tether-service serve --store mysql://localhost/tether
tether-service serve --store sqlite:missing/folder.db
tether-service migrate --check
tether-service migrate
tether-service migrate --check
tether-service migrate
tether-service check
tether-service compact --keep 90d
tether-service compact --keep soon
printf 'this is no database, and long enough to be taken for one by nobody at all' >text.db
tether-service check --store sqlite:text.db
tether-service serve --store sqlite:text.db 2>&1 | tail -n 2
sqlite3 notes.db 'CREATE TABLE notes(text)'
tether-service migrate --store sqlite:notes.db
