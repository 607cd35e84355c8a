tether init --server http://127.0.0.1:1 --client-id ann
tether init
tether init --client-id ben
tether --db other.db --json init
tether --db other.db --json init
tether --db missing/folder.db init
mkdir -p deep/er && cd deep/er
tether config server
tether status
cd ../..
tether --db other.db status
TETHER_DB=other.db tether --json status

# What is no file of ours.
printf 'this is no database, and long enough to be taken for one by nobody at all' >text.db
tether --db text.db status
tether --db text.db init
: >empty.db
tether --db empty.db status
tether --db empty.db init --client-id from-empty
sqlite3 bare.db 'VACUUM'
tether --db bare.db init --adopt --client-id from-bare
sqlite3 notes.db 'CREATE TABLE notes(text); INSERT INTO notes VALUES (1)'
tether --db notes.db status
tether --db notes.db init
tether --db notes.db init --adopt --client-id notes
tether --db notes.db status
sqlite3 notes.db 'SELECT * FROM notes'
cp other.db newer.db && sqlite3 newer.db "UPDATE tether_sync_state SET value = '99' WHERE key = 'schema_version'; PRAGMA user_version = 99"
tether --db newer.db status
head -c 5000 other.db >cut.db
tether --db cut.db status
tether --db . status
