tether init --client-id ann
tether doctor
tether --json doctor
serve
tether record create Task --id pump-7 title='Check pump 7'
tether doctor
tether --json doctor
tether sync
tether doctor

# A trigger that somebody dropped is made again.
sqlite3 tether.db 'DROP TRIGGER tether_mutation_logs_immutable'
tether doctor
tether doctor --fix
tether doctor
stop_service
tether doctor --retry-for 0s
