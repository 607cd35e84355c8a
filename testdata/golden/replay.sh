tether init --client-id ann
tether record create Task --id pump-7 title='Check pump 7' done:=false
tether record update Task pump-7 done:=true
tether record create Task --id pump-8 title='Check pump 8'
tether record delete Task pump-8
tether replay
tether --json replay
tether replay --until 2030-01-01T00:00:03.500Z
second=$(tether --json log | jq -r .mutation_id | sed -n 2p)
tether replay --until "$second"
tether replay --to state.db
tether --json replay --to state.db
sqlite3 state.db 'SELECT * FROM records ORDER BY model, entity_id'
tether replay --check
tether --json replay --check

# A local state that somebody changed behind the log's back is found, and mended.
sqlite3 tether.db "UPDATE tether_records SET payload = '{\"title\":\"Never written\"}' WHERE entity_id = 'pump-7'"
tether replay --check
tether --json replay --check
tether doctor
tether doctor --fix
tether replay --check
