serve
on ann tether init --client-id ann --server "$TETHER_SERVER"
on ben tether init --client-id ben --server "$TETHER_SERVER"
on ann tether record create Task --id pump-7 title='Check pump 7' done:=false amount:=2.50
on ann tether record create Task --id pump-8 title='Check pump 8'
on ann tether push --dry-run --offline
on ann tether --json push --dry-run --offline
on ann tether push
on ann tether push
on ben tether pull --dry-run
on ben tether pull
on ben tether --json pull
on ben tether list Task
on ben tether record update Task pump-7 done:=true
on ben tether record delete Task pump-8
on ben tether show Task pump-8
on ben tether --json sync
on ann tether sync
on ann tether list Task --deleted
on ann tether show Task pump-7
on ann tether --json show Task pump-7
on ann tether status
on ann tether --json status
on ann tether log
on ann tether sync --page 1 --batch 1
on ben tether --json sync --dry-run

# The server is gone: nothing is lost.
stop_service
on ann tether sync --retry-for 0s
on ann tether status
