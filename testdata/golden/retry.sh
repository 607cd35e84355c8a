# A mutation that the server refuses: ben updates an entity that the server was made to forget.
serve
on ann tether init --client-id ann --server "$TETHER_SERVER"
on ann tether record create Task --id pump-7 title='Check pump 7'
on ann tether sync
sqlite3 tether-server.db "DELETE FROM tether_records WHERE entity_id = 'pump-7'"
on ann tether record update Task pump-7 title='Check pump 7 twice'
on ann tether sync
on ann tether status
on ann tether --json status
on ann tether log --status failed
on ann tether --json log --status failed
on ann tether --json sync
refused=$(on ann tether --json log --status failed | jq -r .mutation_id)
on ann tether retry "$refused"
on ann tether status
on ann tether --json push
on ann tether --json retry --all
on ann tether push
on ann tether retry --all --dismiss
on ann tether status
on ann tether retry --all
on ann tether list Task
