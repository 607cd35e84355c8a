serve
tether init --client-id ann --server "$TETHER_SERVER"
tether record create Task --id pump-7 title='Check pump 7'
tether record create Task --id pump-8 title='Check pump 8'
tether record delete Task pump-8
tether backup copy.db
tether backup copy.db
tether --json backup second.db
tether --db copy.db list Task
tether compact
tether sync
tether --json compact --keep 90d
tether compact --keep 0s
tether log
tether list Task --deleted
tether replay --check
tether version
tether --json version
tether completion bash | head -n 5
tether completion zsh | head -n 5
tether completion bash | bash -n
